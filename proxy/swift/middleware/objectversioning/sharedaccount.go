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
// the entries of containers get the bytes of their versions. A hidden container
// whose visible container is gone is listed under the visible name, so that its
// bytes are found (object_versioning.py: AccountContext.list_containers).
func (m *middleware) sharedAccount(r *swift.Request, path swift.Path) (*web.Response, error) {
	if r.Method != "GET" {
		return m.next.Serve(r)
	}
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	hidden, err := m.hiddenContainers(r, objstore.AccountName(path.Account))
	if err != nil && !missing(err) {
		return nil, err
	}
	list := r.Clone()
	list.JoinContainers = hidden
	return m.next.Serve(list)
}

// hiddenContainers lists the hidden containers that belong to the containers of
// the query, under the names of the visible containers and without objects. A
// listing comes before the visible listing and not from within.
func (m *middleware) hiddenContainers(r *swift.Request, a objstore.AccountName) ([]objstore.ContainerEntry, error) {
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
	var hidden []objstore.ContainerEntry
	err = m.Store.ListContainers(r.Context(), a, o, func(e *objstore.ContainerEntry) error {
		if e.Subdir {
			return nil
		}
		entry := *e
		entry.Name, entry.ObjectCount = strings.Clone(strings.TrimPrefix(e.Name, versionsPrefix)), 0
		hidden = append(hidden, entry)
		return r.Hold(listedBytes + int64(len(entry.Name)))
	})
	return hidden, err
}
