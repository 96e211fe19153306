// SPDX-License-Identifier: Apache-2.0

package paging

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

const (
	// DefaultLimit is how many rows a page has if the query states no limit
	// (Glance's limit_param_default).
	DefaultLimit = 25
	// MaxLimit bounds the rows of a page (Glance's api_limit_max).
	MaxLimit = 1000
	// MaxPairs bounds the parameters of a query.
	MaxPairs = 256
)

// Pair is a parameter of a query.
type Pair struct{ Key, Value string }

// ParsePairs splits a query as Python's parse_qsl does, and keeps the order of
// the parameters.
func ParsePairs(raw string) ([]Pair, error) {
	var pairs []Pair
	for item := range strings.SplitSeq(raw, "&") {
		if item == "" {
			continue
		}
		if len(pairs) == MaxPairs {
			return nil, wire.Errorf(400, "The query has more than %d parameters.", MaxPairs)
		}
		key, value, _ := strings.Cut(strings.ReplaceAll(item, "+", " "), "=")
		pairs = append(pairs, Pair{web.Unquote(key), web.Unquote(value)})
	}
	return pairs, nil
}

// ParseLimit reads the parameter "limit". A larger limit than MaxLimit is
// MaxLimit.
func ParseLimit(value string) (int, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, wire.Errorf(400, "limit param must be an integer")
	}
	if n < 0 {
		return 0, wire.Errorf(400, "limit param must be positive")
	}
	return int(min(n, MaxLimit)), nil
}

// Query is the part of a query that listings of tasks and of namespaces have in
// common, checked. Images have an order of their own, with several keys.
type Query struct {
	Pairs     []Pair // all parameters but the marker, for the links
	Limit     int
	Marker    string // the last row of the page before; "" for the first page
	Key       string // the field to sort by
	Ascending bool
}

// Parse reads a query. isKey tells fields that a listing sorts by. Every
// parameter that Parse does not know goes to each, and the marker too, because
// only the caller knows the form of a marker.
func Parse(raw string, isKey func(string) bool, each func(Pair) error) (Query, error) {
	q := Query{Limit: DefaultLimit, Key: "created_at"}
	pairs, err := ParsePairs(raw)
	if err != nil {
		return q, err
	}
	for _, p := range pairs {
		if p.Key != "marker" {
			q.Pairs = append(q.Pairs, p)
		}
		switch p.Key {
		case "limit":
			q.Limit, err = ParseLimit(p.Value)
		case "sort_key":
			if q.Key = p.Value; !isKey(p.Value) {
				err = wire.Errorf(400, "Invalid sort key: %s", wire.Cut(p.Value))
			}
		case "sort_dir":
			if q.Ascending = p.Value == "asc"; !q.Ascending && p.Value != "desc" {
				err = wire.Errorf(400, "Invalid sort direction: %s", wire.Cut(p.Value))
			}
		case "marker":
			q.Marker = p.Value
			err = each(p)
		default:
			err = each(p)
		}
		if err != nil {
			return q, err
		}
	}
	return q, nil
}

// Link returns the path of a page: the listing at path, with the parameters of
// the first page and the marker. A marker "" names the first page.
func Link(path string, pairs []Pair, marker string) string {
	if marker != "" {
		pairs = append(slices.Clip(pairs), Pair{"marker", marker})
	}
	var b strings.Builder
	b.WriteString(path)
	sep := byte('?')
	for _, p := range pairs {
		b.WriteByte(sep)
		b.WriteString(url.QueryEscape(p.Key) + "=" + url.QueryEscape(p.Value))
		sep = '&'
	}
	return b.String()
}

// More says whether a page of n rows names a next page. limit is the limit of the
// query, and rows the number of rows for the page. As in Glance, a page at the
// limit names a next page, and the next page may be empty.
func More(n, limit, rows int) bool { return n > 0 && (n == limit || n < rows) }
