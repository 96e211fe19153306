// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/listing"
	"needletail/proxy/web"
)

// listOptions reads the parameters that accounts and containers share. HEAD
// lists nothing and accepts any limit.
func listOptions(r *swift.Request, maxEntries int) (objstore.ListOptions, error) {
	o := objstore.ListOptions{Limit: maxEntries}
	var limit, reverse string
	for _, p := range []struct {
		name string
		to   *string
	}{
		{"marker", &o.Marker}, {"end_marker", &o.EndMarker}, {"prefix", &o.Prefix},
		{"delimiter", &o.Delimiter}, {"reverse", &reverse}, {"limit", &limit},
	} {
		value, err := r.QueryText(p.name)
		if err != nil {
			return o, err
		}
		*p.to = value
	}
	o.Reverse, o.Newest = swift.IsTrue(reverse), newest(r)
	if r.Method == "HEAD" {
		return o, nil
	}
	n, err := listing.Limit(limit, maxEntries)
	o.Limit = n
	return o, err
}

// newest reports whether the sender wants the newest state of all replicas
// (swift/proxy/controllers/base.py: GetOrHeadHandler).
func newest(r *swift.Request) bool { return swift.IsTrue(r.Header.Get(swift.NewestHeader)) }

// listed returns the answer to GET, with the entries that list adds to l
// (listing.Response), or the answer to HEAD without them: 204.
func listed(r *swift.Request, l *listing.Page, format listing.Format, vary bool, list func() error) (*web.Response, error) {
	res := web.NewBytes(204, format.ContentType(), nil)
	if r.Method == "GET" {
		var err error
		if res, err = listing.Response(r.Request, l, list); err != nil {
			return nil, err
		}
	}
	res.Header.Add("Accept-Ranges", "bytes")
	if vary {
		res.Header.Add("Vary", "Accept")
	}
	return res, nil
}

// after counts the entry of the given name. When the current piece is full, the
// next begins behind the entry, and after returns listing.ErrPieceFull.
func after(o *objstore.ListOptions, l *listing.Page, name string) error {
	o.Limit--
	if !l.Full() {
		return nil
	}
	o.Marker = strings.Clone(name)
	return listing.ErrPieceFull
}
