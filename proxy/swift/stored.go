package swift

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/web"
)

// Stored is where a feature keeps the object that a request's path names. The
// controllers go there, and ask for the rights over the path: whoever may read
// the name may read what is kept under it.
type Stored struct {
	Object objstore.ObjectID
	// Timestamp is what a PUT stores the object under; zero: the commit's time.
	Timestamp objstore.Timestamp
	// AccountRight asks for the account's own rights: the ACLs of the path's
	// container do not count.
	AccountRight bool
	// DeleteAt is set by the controllers: the Unix second that the expiry
	// headers of a PUT or POST name, 0 for none. The feature decides what
	// expires; the stored object does not.
	DeleteAt int64
}

// CheckAuthorized asks the controllers whether r is allowed, and for nothing
// else: no handler runs and no byte of the body is read. at is r.Stored for the
// question, or nil. A refusal is an error, whether it came as one or as an answer.
func (r *Request) CheckAuthorized(h Handler, at *Stored) error {
	probe := r.Clone()
	probe.AuthorizeOnly, probe.Stored, probe.Header = true, at, r.Header.Clone()
	res, err := h.Serve(probe)
	if err != nil {
		return err
	}
	if err := res.Close(); err != nil {
		return err
	}
	if res.Status/100 != 2 {
		// A feature on the way has made an answer of the refusal.
		refusal := &web.StatusError{Status: res.Status}
		for _, f := range res.Header {
			if !strings.HasPrefix(f.Name, "Content-") {
				refusal.Header = append(refusal.Header, f)
			}
		}
		return refusal
	}
	r.Grant = probe.Grant
	return nil
}
