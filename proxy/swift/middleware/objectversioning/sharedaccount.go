// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/listing"
	"needletail/proxy/web"
)

// sharedAccount answers requests for an account that has the hidden containers
// among its own (swiftLayout). The account's counters include versions already;
// the entries of containers get the bytes of their versions
// (object_versioning.py: AccountContext.list_containers).
func (m *middleware) sharedAccount(r *swift.Request, path swift.Path) (*web.Response, error) {
	format, _, err := listing.Negotiate(r.Request)
	if r.Method != "GET" || err != nil || format == listing.Plain {
		return m.next.Serve(r)
	}
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	bytes, err := m.versionBytes(r, objstore.AccountName(path.Account))
	if err != nil && !missing(err) {
		return nil, err
	}
	list := r.Clone()
	list.AmendContainer = func(e *objstore.ContainerEntry) error {
		e.BytesUsed += bytes[e.Name]
		return nil
	}
	return m.next.Serve(list)
}

// versionBytes lists the hidden containers that belong to the containers of the
// query, and returns the bytes of their versions by the visible container. A
// listing comes before the visible listing and not from within.
func (m *middleware) versionBytes(r *swift.Request, a objstore.AccountName) (map[string]int64, error) {
	o := objstore.ListOptions{Reserved: true}
	var limit, reverse string
	for _, p := range []struct {
		name string
		to   *string
	}{
		{"prefix", &o.Prefix}, {"marker", &o.Marker}, {"end_marker", &o.EndMarker}, {"delimiter", &o.Delimiter},
		{"limit", &limit}, {"reverse", &reverse},
	} {
		value, err := r.QueryText(p.name)
		if err != nil {
			return nil, err
		}
		*p.to = value
	}
	var err error
	if o.Limit, err = listing.Limit(limit, m.Limits.AccountListing); err != nil {
		return nil, err
	}
	o.Reverse = swift.IsTrue(reverse)
	o.Prefix = versionsPrefix + o.Prefix
	for _, bound := range []*string{&o.Marker, &o.EndMarker} {
		if *bound != "" {
			*bound = versionsPrefix + *bound
		}
	}
	bytes := map[string]int64{}
	err = m.Store.ListContainers(r.Context(), a, o, func(e *objstore.ContainerEntry) error {
		if e.Subdir {
			return nil
		}
		name := strings.TrimPrefix(e.Name, versionsPrefix)
		bytes[strings.Clone(name)] = e.BytesUsed
		return r.Hold(listedBytes + int64(len(name)))
	})
	return bytes, err
}
