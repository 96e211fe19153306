// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
	"strings"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
)

// listQuery is the query of GET /v2/images, checked.
type listQuery struct {
	pairs        []paging.Pair // all parameters but the marker, for the links
	limit        int
	marker       string // the last image of the page before; "" for the first page
	keys         []sortKey
	visibility   string // "" if the query has no visibility
	memberStatus string
	hidden       bool // list hidden images, and only hidden images
	filters      []filter
}

// parseListQuery reads the query of a listing (glance/api/v2/images.py
// RequestDeserializer.index).
func parseListQuery(raw string) (*listQuery, error) {
	pairs, err := paging.ParsePairs(raw)
	if err != nil {
		return nil, err
	}
	q := &listQuery{limit: paging.DefaultLimit, memberStatus: memberAccepted}
	var order sortOrder
	for _, p := range pairs {
		if p.Key != "marker" {
			q.pairs = append(q.pairs, p)
		}
		switch p.Key {
		case "marker":
			q.marker = p.Value
		case "limit":
			q.limit, err = paging.ParseLimit(p.Value)
		case "sort":
			order.combined = append(order.combined, p.Value)
		case "sort_key":
			order.keys = append(order.keys, strings.TrimSpace(p.Value))
		case "sort_dir":
			order.dirs = append(order.dirs, strings.TrimSpace(p.Value))
		default:
			err = q.addFilter(p)
		}
		if err != nil {
			return nil, err
		}
	}
	q.keys, err = order.parse()
	return q, err
}

// addFilter adds a parameter that chooses images.
func (q *listQuery) addFilter(p paging.Pair) (err error) {
	switch p.Key {
	case "visibility":
		if p.Value != "all" && !slices.Contains(visibilities, p.Value) {
			return wire.Errorf(400, "Invalid visibility value: %s", p.Value)
		}
		q.visibility = p.Value
	case "member_status":
		if !slices.Contains([]string{memberPending, memberAccepted, memberRejected, "all"}, p.Value) {
			return wire.Errorf(400, "Invalid status: %s", p.Value)
		}
		q.memberStatus = p.Value
	case "os_hidden":
		q.hidden, err = parseBool(p)
	case "changes-since":
		return wire.Errorf(400, "The \"changes-since\" filter is no longer available on v2.")
	default:
		var f filter
		if f, err = newFilter(p); err == nil {
			q.filters = append(q.filters, f)
		}
	}
	return err
}

// parseBool reads "true" or "false" in any case: the OpenStack SDK sends Python's
// "True".
func parseBool(p paging.Pair) (bool, error) {
	switch strings.ToLower(p.Value) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, wire.Errorf(400, "%s must be either \"true\" or \"false\"", p.Key)
}

// link returns the path of a page of the listing, from the marker on.
func (q *listQuery) link(marker string) string { return paging.Link("/v2/images", q.pairs, marker) }
