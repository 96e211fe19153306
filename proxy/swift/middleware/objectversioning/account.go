package objectversioning

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"needletail/proxy/swift/listing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// account adds the bytes of versions to what an account says of itself and of
// its containers. An account without versions pays one look-up.
func (m *middleware) account(r *swift.Request, path swift.Path) (*web.Response, error) {
	hidden := hiddenAccount(objstore.AccountName(path.Account))
	switch r.Method {
	case "GET", "HEAD":
	case "DELETE":
		res, err := m.next.Serve(r)
		if err != nil || res.Status/100 != 2 {
			return res, err
		}
		if err := m.Store.DeleteAccount(r.Context(), hidden); err != nil && !missing(err) {
			return nil, errors.Join(err, res.Close())
		}
		return res, nil
	default:
		return m.next.Serve(r)
	}
	info, err := r.AccountUsage(m.Store, hidden)
	if missing(err) {
		return m.next.Serve(r)
	}
	if err != nil {
		return nil, err
	}
	res, err := m.listAccount(r, path)
	if err != nil || res.Status/100 != 2 {
		return res, err
	}
	if err := addTo(res.Header, "X-Account-Bytes-Used", info.BytesUsed); err != nil {
		return nil, errors.Join(err, res.Close())
	}
	for _, u := range info.Policies {
		policy, _ := m.Policies.ByIndex(u.Policy)
		name := web.TitleName("X-Account-Storage-Policy-" + policy.Name + "-Bytes-Used")
		if err := addTo(res.Header, name, u.BytesUsed); err != nil {
			return nil, errors.Join(err, res.Close())
		}
	}
	return res, nil
}

// listAccount is GET and HEAD of the account, with the bytes of versions in the
// formats that show bytes.
func (m *middleware) listAccount(r *swift.Request, path swift.Path) (*web.Response, error) {
	format, vary, err := listing.Negotiate(r.Request)
	if r.Method == "HEAD" || err != nil || format == listing.Plain {
		return m.next.Serve(r)
	}
	list := r.Clone()
	query := url.Values{}
	for k, v := range r.Query() {
		query[k] = slices.Clone(v)
	}
	query.Set("format", "json")
	list.SetRawQuery(query.Encode())
	res, err := m.next.Serve(list)
	if err != nil || res.Status != 200 {
		return res, err
	}
	body, err := m.relist(r, path, res, format)
	if err != nil {
		return nil, errors.Join(err, res.Close())
	}
	if err := res.Close(); err != nil {
		return nil, err
	}
	out := web.NewBytes(200, format.ContentType(), body)
	res.Header.Set("Content-Type", format.ContentType())
	if vary {
		res.Header.Set("Vary", "Accept")
	}
	out.Header = res.Header
	return out, nil
}

// accountEntry is one entry of an account's listing.
type accountEntry struct {
	Name         string `json:"name"`
	Subdir       string `json:"subdir"`
	Count        int64  `json:"count"`
	Bytes        int64  `json:"bytes"`
	LastModified string `json:"last_modified"`
	Policy       string `json:"storage_policy"`
}

// maxAccountEntryBytes bounds an entry in JSON: each byte of the name takes
// six at most.
const maxAccountEntryBytes = 8 << 10

// relist writes a JSON listing anew, in the format that was asked for.
func (m *middleware) relist(r *swift.Request, path swift.Path, res *web.Response, format listing.Format) ([]byte, error) {
	page := io.LimitReader(res.Body, int64(m.Limits.AccountListing+1)*maxAccountEntryBytes)
	listing := listing.NewAccount(format, path.Account)
	_, err := swift.EachInList(page, func(e *accountEntry) error {
		if err := r.Hold(listedBytes + listedFactor*int64(len(e.Name)+len(e.Subdir))); err != nil {
			return err
		}
		if e.Subdir != "" {
			listing.Container(&objstore.ContainerEntry{Name: e.Subdir, Subdir: true}, "")
			return nil
		}
		path.Container = e.Name
		hidden, err := m.Store.HeadContainer(r.Context(), hiddenContainer(path.ContainerID()))
		if err != nil && !missing(err) {
			return err
		}
		modified, err := time.Parse("2006-01-02T15:04:05.999999", e.LastModified)
		if err != nil {
			return err
		}
		listing.Container(&objstore.ContainerEntry{
			Name: e.Name, ObjectCount: e.Count, BytesUsed: e.Bytes + hidden.BytesUsed, Modified: objstore.TimestampOf(modified),
		}, e.Policy)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing of %s: %w", r.Path, err)
	}
	return listing.Bytes(), nil
}
