// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"slices"
	"sort"
	"strings"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
)

// namespace is a range of object names, with the container that has them. The
// lower bound is exclusive, the upper bound inclusive; "" is no bound. Names
// sort by their bytes (swift/common/utils: Namespace).
type namespace = infocache.Namespace

// holds says whether a name lies inside of a namespace.
func holds(n namespace, name string) bool {
	return name != "" && n.Lower < name && (n.Upper == "" || name <= n.Upper)
}

// pastUpper is the end marker that still lists the upper bound itself.
func pastUpper(n namespace) string {
	if n.Upper == "" {
		return ""
	}
	return n.Upper + "\x00"
}

// namespaceOf returns the namespace of a name in a list that is sorted by upper
// bounds. A name in a gap has none.
func namespaceOf(name string, all []namespace) (namespace, bool) {
	i := sort.Search(len(all), func(i int) bool { return all[i].Upper == "" || all[i].Upper >= name })
	if i == len(all) || !holds(all[i], name) {
		return namespace{}, false
	}
	return all[i], true
}

// namespacesOf returns the namespaces for a page, out of a complete list in
// ascending order, in the order of the page
// (swift/proxy/controllers/container.py: _filter_complete_listing).
func namespacesOf(o *objstore.ListOptions, all []namespace) []namespace {
	from, to := o.Marker, o.EndMarker
	if o.Reverse {
		from, to = to, from
	}
	var out []namespace
	for _, n := range all {
		if (to == "" || to > n.Lower) && (from == "" || n.Upper == "" || from < n.Upper) {
			out = append(out, n)
		}
	}
	if o.Reverse {
		slices.Reverse(out)
	}
	return out
}

// mayHold says whether a namespace can have a name with a prefix.
func mayHold(n namespace, prefix string) bool {
	if n.Upper != "" && n.Upper < prefix {
		return false
	}
	return n.Lower <= prefix || strings.HasPrefix(n.Lower, prefix)
}

// rolledUp says whether a page has shown the whole namespace as a part of the
// subdir that came last.
func rolledUp(n namespace, o *objstore.ListOptions, p *page) bool {
	far := n.Upper
	if o.Reverse {
		far = n.Lower
	}
	return p.subdir && far != "" && strings.HasPrefix(far, p.last)
}

// mergeShards makes a page out of the pages of shards, which lie in the order of
// the page (swift/proxy/controllers/container.py: _get_from_shards). fetch asks
// for a part, and adds to the part what came. The bounds of a part are those of
// the namespace, so that a row in a wrong shard hides no row of a later shard;
// a row below its namespace is shown.
func mergeShards(o objstore.ListOptions, p *page, all []namespace, fetch func(n namespace, o objstore.ListOptions, part *page) error) error {
	for _, n := range all {
		if o.Prefix != "" && !mayHold(n, o.Prefix) || p.count > 0 && rolledUp(n, &o, p) {
			continue
		}
		part, asked := page{limit: p.limit - p.count}, o
		asked.Limit = part.limit
		if p.count > 0 {
			asked.Marker = p.last
		}
		switch {
		case o.EndMarker != "" && holds(n, o.EndMarker):
		case o.Reverse:
			asked.EndMarker = n.Lower
		default:
			asked.EndMarker = pastUpper(n)
		}
		if err := fetch(n, asked, &part); err != nil {
			return err
		}
		if part.count == 0 {
			continue // an empty shard
		}
		p.count, p.last, p.subdir = p.count+part.count, part.last, part.subdir
		if p.count >= p.limit || reached(&o, p.last) {
			return nil
		}
	}
	return nil
}

// reached says whether the last name is at the end of the page.
func reached(o *objstore.ListOptions, last string) bool {
	switch {
	case o.EndMarker == "":
		return false
	case o.Reverse:
		return o.EndMarker >= last
	}
	return o.EndMarker <= last
}
