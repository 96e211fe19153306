// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/web"
)

// Stored is the place in which a feature keeps the object of a request's path.
// The controllers read and write the object at this place, and ask for the
// rights over the path: the right to read a name is the right to read the
// object under the name.
type Stored struct {
	Object objstore.ObjectID
	// Timestamp is the time that a PUT stores the object under. Zero: the time
	// of the commit.
	Timestamp objstore.Timestamp
	// AccountRight makes the controllers ask for the account's own rights: the
	// ACLs of the path's container do not count.
	AccountRight bool
	// DeleteAt is set by the controllers: the Unix second in the expiry headers
	// of a PUT or POST, 0 for none. The feature decides whether the name or the
	// version expires. The stored object does not expire.
	DeleteAt int64
}

// CheckAuthorized asks the controllers whether r is allowed. No handler runs,
// and no byte of the body is read. at is r.Stored for the question, or nil. A
// refusal is returned as an error, even if a feature on the way has turned the
// refusal into an answer.
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
