// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"needletail/proxy/pyjson"
)

// paged are the lists that know limit and marker, as in Keystone 27 and later.
// A client without limit and marker gets the whole list.
var paged = []string{"/v3/users", "/v3/groups", "/v3/projects", "/v3/domains"}

// maxPage is Keystone's [DEFAULT] max_db_limit.
const maxPage = 1000

// page cuts rows to the page after the query's marker, an id, and to the
// query's limit. next is the URL of the next page, or nil on the last page.
func (c *call) page(rows []pyjson.Object) (cut []pyjson.Object, next any, err error) {
	query := c.Query()
	if !slices.Contains(paged, c.route.pattern) || !query.Has("limit") && !query.Has("marker") {
		return rows, nil, nil
	}
	limit := maxPage
	if query.Has("limit") {
		n, err := strconv.Atoi(query.Get("limit"))
		if err != nil || n < 1 {
			return nil, nil, badRequest("Invalid input for field 'limit': " + string(pyjson.Marshal(query.Get("limit"))) + " is not a positive integer")
		}
		limit = min(n, maxPage)
	}
	id := func(row pyjson.Object) string { s, _ := row.Get("id").(string); return s }
	rows = slices.SortedFunc(slices.Values(rows), func(a, b pyjson.Object) int { return strings.Compare(id(a), id(b)) })
	marker := query.Get("marker")
	rows = rows[sortedAfter(rows, marker, id):]
	if len(rows) <= limit {
		return rows, nil, nil
	}
	rows = rows[:limit]
	onward := url.Values{}
	maps.Copy(onward, query)
	onward.Set("limit", strconv.Itoa(limit))
	onward.Set("marker", id(rows[limit-1]))
	return rows, c.base + (&url.URL{Path: strings.TrimRight(c.Path, "/")}).EscapedPath() + "?" + onward.Encode(), nil
}

// sortedAfter returns the index of the first row whose id comes after marker.
func sortedAfter(rows []pyjson.Object, marker string, id func(pyjson.Object) string) int {
	at, found := slices.BinarySearchFunc(rows, marker, func(row pyjson.Object, m string) int { return strings.Compare(id(row), m) })
	if found {
		at++
	}
	return at
}
