// SPDX-License-Identifier: Apache-2.0

package paging

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func parse(raw string) (Query, []Pair, error) {
	var rest []Pair
	q, err := Parse(raw, func(key string) bool { return key == "name" }, func(p Pair) error {
		rest = append(rest, p)
		return nil
	})
	return q, rest, err
}

func TestParseReadsAQuery(t *testing.T) {
	q, rest, err := parse("limit=2&marker=m+1&sort_key=name&sort_dir=asc&x=%41&&y")
	if err != nil {
		t.Fatal(err)
	}
	if q.Limit != 2 || q.Marker != "m 1" || q.Key != "name" || !q.Ascending {
		t.Errorf("%+v", q)
	}
	if want := []Pair{{"marker", "m 1"}, {"x", "A"}, {"y", ""}}; !slices.Equal(rest, want) {
		t.Errorf("the listing learns of %v, want %v", rest, want)
	}
	if got := Link("/v2/rows", q.Pairs, "m 2"); got != "/v2/rows?limit=2&sort_key=name&sort_dir=asc&x=A&y=&marker=m+2" {
		t.Error(got)
	}
}

func TestParseHasDefaults(t *testing.T) {
	q, _, err := parse("")
	if err != nil || q.Limit != DefaultLimit || q.Key != "created_at" || q.Ascending || q.Marker != "" {
		t.Errorf("%+v, %v", q, err)
	}
	if got := Link("/v2/rows", q.Pairs, ""); got != "/v2/rows" {
		t.Error(got)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"a limit that is no number":   "limit=x",
		"a negative limit":            "limit=-1",
		"an unknown sort key":         "sort_key=magic",
		"an unknown sort direction":   "sort_dir=up",
		"more parameters than it may": strings.Repeat("a=b&", MaxPairs+1),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := parse(raw)
			var e *wire.Error
			if !errors.As(err, &e) || e.Status != 400 {
				t.Errorf("%v", err)
			}
		})
	}
	if n, err := ParseLimit("5000"); err != nil || n != MaxLimit {
		t.Errorf("a limit of %d, %v", n, err)
	}
}

func textRows(n int, text string) []string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = text
	}
	return rows
}

func textView(text string) pyjson.Object { return pyjson.Object{{Key: "t", Value: text}} }

func TestRespondSendsAShortPageWhole(t *testing.T) {
	res, err := Respond(&web.Request{}, "rows", []string{"a", "b"}, textView, func(n int) pyjson.Object {
		return pyjson.Object{{Key: "n", Value: int64(n)}}
	})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || string(body) != `{"rows": [{"t": "a"}, {"t": "b"}], "n": 2}` || res.ContentLength != int64(len(body)) {
		t.Errorf("%s, %d, %v", body, res.ContentLength, err)
	}
	res, err = Respond(&web.Request{}, "rows", nil, textView, func(int) pyjson.Object { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != `{"rows": []}` {
		t.Errorf("%s, %v", body, err)
	}
}

// A long page ends by its bytes, and tells rest how many rows it has.
func TestRespondEndsALongPage(t *testing.T) {
	const rowBytes = 100_000
	rows, taken := textRows(2*MaxPageBytes/rowBytes, strings.Repeat("v", rowBytes)), 0
	res, err := Respond(&web.Request{}, "rows", rows, textView, func(n int) pyjson.Object {
		taken = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil || res.ContentLength != -1 {
		t.Fatalf("length %d, %v", res.ContentLength, err)
	}
	if taken >= len(rows) || len(body) < MaxPageBytes || len(body) > MaxPageBytes+2*rowBytes {
		t.Errorf("%d of %d rows in %d bytes", taken, len(rows), len(body))
	}
	if strings.Count(string(body), `"t": "`) != taken {
		t.Errorf("the body has other rows than the %d told", taken)
	}
}

func TestMoreNamesANextPage(t *testing.T) {
	for name, c := range map[string]struct {
		n, limit, rows int
		want           bool
	}{
		"no rows":                       {0, 25, 0, false},
		"the last page":                 {3, 25, 3, false},
		"a page at its limit":           {25, 25, 25, true},
		"a page that ends by its bytes": {3, 25, 25, true},
		"a limit of 0":                  {0, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := More(c.n, c.limit, c.rows); got != c.want {
				t.Error(got)
			}
		})
	}
}
