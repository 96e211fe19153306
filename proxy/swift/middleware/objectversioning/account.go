// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"errors"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/listing"
	"needletail/proxy/web"
)

// account adds the bytes of versions to the answer about an account and to the
// entries of its containers. An account without versions costs a single extra
// look-up.
func (m *middleware) account(r *swift.Request, path swift.Path) (*web.Response, error) {
	if m.layout.shared() {
		return m.sharedAccount(r, path)
	}
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

// listAccount answers GET and HEAD of the account. Where the format shows bytes,
// the bytes of each container count its versions.
func (m *middleware) listAccount(r *swift.Request, path swift.Path) (*web.Response, error) {
	format, _, err := listing.Negotiate(r.Request)
	if r.Method == "HEAD" || err != nil || format == listing.Plain {
		return m.next.Serve(r)
	}
	list := r.Clone()
	list.AmendContainer = func(e *objstore.ContainerEntry) error {
		path.Container = e.Name
		// The look-up goes straight to the Store: a request remembers only a
		// few containers.
		hidden, err := m.Store.HeadContainer(r.Context(), m.layout.hidden(path.ContainerID()), objstore.InfoOptions{})
		if err != nil && !missing(err) {
			return err
		}
		e.BytesUsed += hidden.BytesUsed
		return nil
	}
	return m.next.Serve(list)
}
