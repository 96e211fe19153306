// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func TestReprShowsValuesAsPython(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		want  string
	}{
		"null":   {nil, "None"},
		"true":   {true, "True"},
		"false":  {false, "False"},
		"text":   {"a", "'a'"},
		"number": {int64(5), "5"},
		"array":  {pyjson.Array{int64(1), "x"}, `[1, "x"]`},
		"long":   {strings.Repeat("x", maxReprBytes+1), "'" + strings.Repeat("x", maxReprBytes) + "...'"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Repr(c.value); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	if got := ReprList([]string{"a", "b"}, false); got != "['a', 'b']" {
		t.Error(got)
	}
	if got := ReprList([]string{"a"}, true); got != "[None, 'a']" {
		t.Error(got)
	}
}

// Cut never ends within a character.
func TestCutKeepsCharactersWhole(t *testing.T) {
	whole := strings.Repeat("x", maxReprBytes)
	if got := Cut(whole); got != whole {
		t.Errorf("%d bytes became %d", len(whole), len(got))
	}
	if got := Cut(whole[1:] + "ä"); got != whole[1:]+"..." {
		t.Errorf("got %q", got)
	}
}

func TestErrorSaysItsCause(t *testing.T) {
	cause := errors.New("the cause")
	err := error(&Error{Status: 503, Message: "away", Err: cause})
	if !errors.Is(err, cause) || err.Error() != "503 away: the cause" {
		t.Errorf("%v", err)
	}
	if got := Errorf(404, "no %s", "image").Error(); got != "404 no image" {
		t.Error(got)
	}
}

// A page without a message has WebOb's explanation of the status.
func TestErrorPageExplainsTheStatus(t *testing.T) {
	r := &web.Request{Header: web.Header{{Name: "Accept", Value: "application/json"}}}
	res := ErrorPage(r, &Error{Status: 405, Header: web.Header{{Name: "Allow", Value: "GET"}}})
	if res.Status != 405 || res.Reason != "Method Not Allowed" || res.Header.Get("Allow") != "GET" {
		t.Errorf("%d %s %v", res.Status, res.Reason, res.Header)
	}
}

func TestOfferChoosesTheMediaType(t *testing.T) {
	for accept, want := range map[string]string{
		"":                                "",
		"text/plain":                      "",
		"*/*":                             "text/html",
		"TEXT/HTML;q=0.1":                 "text/html",
		"image/png, application/json;q=1": "application/json",
		"application/*":                   "application/json",
	} {
		t.Run(accept, func(t *testing.T) {
			if got := offer(accept); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestTimeIsWholeSecondsOfUTC(t *testing.T) {
	if got := Time(1_672_360_541_999_999); got != "2022-12-30T00:35:41Z" {
		t.Error(got)
	}
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"a": [1, 2.5, null, true, "x"], "a": {}}`))
	f.Add([]byte(`[[[[[[[[[[[[[[[[[[[[`))
	f.Add([]byte(`{"a": 1e999}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := DecodeJSON(body)
		if err != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("%q is no JSON", body)
		}
		again, err := DecodeJSON(pyjson.Marshal(v))
		if err != nil || string(pyjson.Marshal(again)) != string(pyjson.Marshal(v)) {
			t.Fatalf("%q became %s", body, pyjson.Marshal(v))
		}
		_ = Repr(v)
	})
}
