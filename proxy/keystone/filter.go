// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"net/url"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// comparators are the inexact filters, name__contains and similar
// (keystone/common/driver_hints.py).
var comparators = map[string]func(value, want string) bool{
	"contains":    strings.Contains,
	"startswith":  strings.HasPrefix,
	"endswith":    strings.HasSuffix,
	"icontains":   folded(strings.Contains),
	"istartswith": folded(strings.HasPrefix),
	"iendswith":   folded(strings.HasSuffix),
}

// folded makes a comparator ignore case.
func folded(f func(string, string) bool) func(string, string) bool {
	return func(a, b string) bool { return f(strings.ToLower(a), strings.ToLower(b)) }
}

const (
	// rowBytes is the approximate memory of a row before the row is written.
	rowBytes = 1 << 10
	// listHeldFactor is the number of copies of a list in memory while the list
	// grows.
	listHeldFactor = 2
)

// collection answers with a list: the rows that pass the query's filters on
// keys, cut to a page or to Config.ListLimit. The request holds the memory of
// the rows and of the answer.
func (c *call) collection(name string, rows []pyjson.Object, keys ...string) (*web.Response, error) {
	if err := c.Hold(rowBytes * int64(len(rows))); err != nil {
		return nil, err
	}
	kept := make([]pyjson.Object, 0, len(rows))
	for _, row := range rows {
		if passes(row, c.Query(), keys) {
			kept = append(kept, row)
		}
	}
	kept, next, err := c.page(kept)
	if err != nil {
		return nil, err
	}
	rest := pyjson.Object{{Key: "links", Value: pyjson.Object{
		{Key: "next", Value: next}, {Key: "self", Value: c.self()}, {Key: "previous", Value: nil},
	}}}
	if c.listLimit > 0 && len(kept) > c.listLimit {
		kept = kept[:c.listLimit]
		rest = append(rest, pyjson.Member{Key: "truncated", Value: true})
	}
	body := append(pyjson.AppendString([]byte{'{'}, name), ": ["...)
	for i, row := range kept {
		before := len(body)
		if i > 0 {
			body = append(body, ", "...)
		}
		body = pyjson.Append(body, row)
		if err := c.Hold(listHeldFactor * int64(len(body)-before)); err != nil {
			return nil, err
		}
	}
	body = append(append(body, "], "...), pyjson.Marshal(rest)[1:]...)
	return web.NewBytes(200, jsonType, append(body, '\n')), nil
}

// passes says whether a row passes the query's filters on keys.
func passes(row pyjson.Object, query url.Values, keys []string) bool {
	for _, key := range keys {
		value := row.Get(key)
		if want, ok := query[key]; ok && !equals(value, want[0]) {
			return false
		}
		text, _ := value.(string)
		for op, compare := range comparators {
			if want, ok := query[key+"__"+op]; ok && !compare(text, want[0]) {
				return false
			}
		}
	}
	return true
}

// equals compares a value of a row with the text of a filter.
func equals(value any, want string) bool {
	switch v := value.(type) {
	case string:
		return v == want
	case bool:
		return v == asBool(want)
	case nil:
		return want == ""
	}
	return false
}

// asBool is Keystone's attr_as_boolean for queries: every text is true except
// "0", "false", "no", "off", "f" and "n".
func asBool(s string) bool {
	switch strings.ToLower(s) {
	case "0", "false", "no", "off", "f", "n":
		return false
	}
	return true
}

// links returns the link of a member to itself.
func (c *call) links(collection, id string) pyjson.Member {
	return pyjson.Member{Key: "links", Value: pyjson.Object{
		{Key: "self", Value: c.base + "/v3/" + collection + "/" + (&url.URL{Path: id}).EscapedPath()},
	}}
}

// one answers with a single row.
func one(status int, name string, row pyjson.Object) *web.Response {
	return answer(status, pyjson.Object{{Key: name, Value: row}})
}

// render shows every row.
func render[T any](rows []*T, show func(*T) pyjson.Object) []pyjson.Object {
	out := make([]pyjson.Object, len(rows))
	for i, r := range rows {
		out[i] = show(r)
	}
	return out
}

// dropped answers a change without a body, such as a deletion.
func dropped(err error) (*web.Response, error) {
	if err != nil {
		return nil, err
	}
	return noContent(), nil
}
