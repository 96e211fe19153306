package glance

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"needletail/proxy/web"
)

const (
	defaultLimit  = 25   // limit_param_default
	maxLimit      = 1000 // api_limit_max
	maxQueryPairs = 256
)

// pair is one key=value of a query, in its place.
type pair struct{ key, value string }

// listQuery is the query of GET /v2/images, checked.
type listQuery struct {
	pairs        []pair // all but the marker, for the links
	limit        int
	marker       string
	keys         []sortKey
	visibility   string // "" if not asked for
	memberStatus string
	hidden       bool
	filters      []filter
}

// parsePairs splits a query as Python's parse_qsl does.
func parsePairs(raw string) ([]pair, error) {
	var pairs []pair
	for item := range strings.SplitSeq(raw, "&") {
		if item == "" {
			continue
		}
		if len(pairs) == maxQueryPairs {
			return nil, failf(400, "The query has more than %d parameters.", maxQueryPairs)
		}
		key, value, _ := strings.Cut(strings.ReplaceAll(item, "+", " "), "=")
		pairs = append(pairs, pair{web.Unquote(key), web.Unquote(value)})
	}
	return pairs, nil
}

// parseListQuery reads the query of a listing (glance/api/v2/images.py
// RequestDeserializer.index).
func parseListQuery(raw string) (*listQuery, error) {
	pairs, err := parsePairs(raw)
	if err != nil {
		return nil, err
	}
	q := &listQuery{limit: defaultLimit, memberStatus: memberAccepted}
	var order sortOrder
	for _, p := range pairs {
		if p.key != "marker" {
			q.pairs = append(q.pairs, p)
		}
		switch p.key {
		case "marker":
			q.marker = p.value
		case "limit":
			q.limit, err = parseLimit(p.value)
		case "sort":
			order.combined = append(order.combined, p.value)
		case "sort_key":
			order.keys = append(order.keys, strings.TrimSpace(p.value))
		case "sort_dir":
			order.dirs = append(order.dirs, strings.TrimSpace(p.value))
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

func parseLimit(value string) (int, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0, failf(400, "limit param must be an integer")
	}
	if n < 0 {
		return 0, failf(400, "limit param must be positive")
	}
	return int(min(n, maxLimit)), nil
}

// addFilter takes a parameter that chooses images.
func (q *listQuery) addFilter(p pair) (err error) {
	switch p.key {
	case "visibility":
		if p.value != "all" && !slices.Contains(visibilities, p.value) {
			return failf(400, "Invalid visibility value: %s", p.value)
		}
		q.visibility = p.value
	case "member_status":
		if !slices.Contains([]string{memberPending, memberAccepted, memberRejected, "all"}, p.value) {
			return failf(400, "Invalid status: %s", p.value)
		}
		q.memberStatus = p.value
	case "os_hidden":
		q.hidden, err = parseBool(p)
	case "changes-since":
		return failf(400, "The \"changes-since\" filter is no longer available on v2.")
	default:
		var f filter
		if f, err = newFilter(p); err == nil {
			q.filters = append(q.filters, f)
		}
	}
	return err
}

// parseBool reads "true" or "false"; the SDK sends Python's "True".
func parseBool(p pair) (bool, error) {
	switch strings.ToLower(p.value) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, failf(400, "%s must be either \"true\" or \"false\"", p.key)
}

// link is the path of a page of this listing, from the marker on.
func (q *listQuery) link(marker string) string { return linkTo("/v2/images", q.pairs, marker) }

// linkTo is the path of a page of a listing.
func linkTo(path string, pairs []pair, marker string) string {
	if marker != "" {
		pairs = append(slices.Clip(pairs), pair{"marker", marker})
	}
	var b strings.Builder
	b.WriteString(path)
	sep := byte('?')
	for _, p := range pairs {
		b.WriteByte(sep)
		b.WriteString(url.QueryEscape(p.key) + "=" + url.QueryEscape(p.value))
		sep = '&'
	}
	return b.String()
}
