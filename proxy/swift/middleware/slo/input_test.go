// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func parse(body []byte, self string) ([]wanted, error) {
	m := &middleware{Options: DefaultOptions()}
	return m.parseInput(&swift.Request{Request: &web.Request{}}, body, self)
}

// Swift 2.30.1 gave these answers, but where it failed with 500.
func TestParseInputFaults(t *testing.T) {
	const none = "Inline data segments require at least one object-backed segment.\n"
	for manifest, want := range map[string]string{
		``:           "Manifest must be valid JSON.\n",
		`{`:          "Manifest must be valid JSON.\n",
		`[]x`:        "Manifest must be valid JSON.\n",
		`[NaN]`:      "Manifest must be valid JSON.\n",
		"[\"\xff\"]": "Manifest must be valid JSON.\n",
		`{}`:         "Manifest must be a list.\n",
		`null`:       "Manifest must be a list.\n",
		`"x"`:        "Manifest must be a list.\n",
		`[1, null, "a"]`: "Index 0: not a JSON object\nIndex 1: not a JSON object\n" +
			"Index 2: not a JSON object\n",
		`[{}]`:                              "Index 0: expected keys to include one of 'data' or 'path'\n",
		`[{"path":"/c/o","x":1,"é\n":2}]`:   "Index 0: extraneous keys \"x\", \"\\u00e9\\n\"\n",
		`[{"data":"YQ==","path":"/c/o"}]`:   "Index 0: extraneous keys \"path\"\n" + none,
		`[{"path":1}]`:                      "Index 0: \"path\" must be a string\n",
		`[{"path":"/c/o","etag":1}]`:        "Index 0: \"etag\" must be a string or null (if provided)\n",
		`[{"path":"/c//"}]`:                 "Index 0: path does not refer to an object. Path must be of the form /container/object.\n",
		`[{"path":"/c/o","size_bytes":[]}]`: "Index 0: invalid size_bytes\n",
		`[{"path":"/c/o","size_bytes":0},{"path":"/c/o","size_bytes":0}]`: "Index 0: too small; each segment must be at least 1 byte.\n",
		`[{"path":"//m/self"}]`:                           "Index 0: manifest must not include itself as a segment\n",
		`[{"path":"/c/o","range":5}]`:                     "Index 0: invalid range\n",
		`[{"path":"/c/o","range":"-"}]`:                   "Index 0: invalid range\n",
		`[{"path":"/c/o","range":"0-1,2-3"}]`:             "Index 0: multiple ranges (only one allowed)\n",
		`[{"path":"/c/o","size_bytes":9,"range":"9-"}]`:   "Index 0: unsatisfiable range\n",
		`[{"path":"/c/o","size_bytes":"9","range":"-0"}]`: "Index 0: unsatisfiable range\n",
		`[{"data":"YQ=="}]`:                               none,
		`[{"data":"YQ"}]`:                                 "Index 0: data must be valid base64\n" + none,
		`[{"data":"Y Q="}]`:                               "Index 0: data must be valid base64\n" + none,
		`[{"data":null}]`:                                 "Index 0: data must be valid base64\n" + none,
		`[{"data":"="}]`:                                  "Index 0: too small; each segment must be at least 1 byte.\n" + none,
	} {
		_, err := parse([]byte(manifest), "m/self")
		require.Error(t, err, manifest)
		var se *web.StatusError
		require.ErrorAs(t, err, &se)
		require.Equal(t, 400, se.Status)
		require.Equal(t, want, se.Body, manifest)
	}
}

func TestParseInput(t *testing.T) {
	list, err := parse([]byte(`[
		{"path": "c/o", "etag": "e", "size_bytes": "12", "range": "-5"},
		{"path": "/c/é/x", "etag": null, "size_bytes": null, "range": null},
		{"path": "/c/o", "size_bytes": 1.9, "range": ""},
		{"data": "YQ==="}, {"path": "/c/o", "size_bytes": 0}]`), "m/self")
	require.NoError(t, err)
	e, twelve, one, zero := "e", int64(12), int64(1), int64(0)
	require.Equal(t, []wanted{
		{path: "c/o", etag: &e, bytes: &twelve, ranges: "bytes=-5"},
		{path: "/c/é/x"}, {path: "/c/o", bytes: &one},
		{inline: true, data: "YQ=="}, {path: "/c/o", bytes: &zero},
	}, list)
	list, err = parse([]byte("[]"), "m/self")
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestInteger(t *testing.T) {
	for v, want := range map[string]int64{"12": 12, "-1": -1, `" 7 "`: 7, "true": 1, "false": 0, "1.9": 1, "-1.9": -1, "1e3": 1000} {
		got, ok := integer([]byte(v))
		require.True(t, ok, v)
		require.Equal(t, want, got, v)
	}
	for _, v := range []string{`"x"`, `""`, "[]", "{}", "1e99", `"1.5"`, "99999999999999999999"} {
		_, ok := integer([]byte(v))
		require.False(t, ok, v)
	}
}

func FuzzParseInput(f *testing.F) {
	for _, s := range []string{
		`[{"path":"/c/o","etag":"e","size_bytes":"12","range":"0-5"},{"data":"YQ=="}]`,
		`[{"path":"c/o","size_bytes":1e400}]`, `[{"path":"\ud800/x"}]`, `[[[[`, `[{"data":"===="}]`, `[{"path":"/c/o","range":"-"}]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := parse(body, "m/self")
		if err != nil {
			if status := web.ErrorResponse(err).Status; status != 400 {
				t.Fatalf("status %d", status)
			}
			return
		}
		for _, w := range list {
			if w.inline && w.data == "" || !w.inline && !strings.Contains(strings.Trim(w.path, "/"), "/") {
				t.Fatalf("%q was taken as %+v", body, w)
			}
		}
	})
}
