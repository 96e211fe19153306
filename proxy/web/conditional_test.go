// SPDX-License-Identifier: Apache-2.0

package web

import (
	"testing"
	"time"

	"needletail/objstore"
)

func TestParseHTTPDate(t *testing.T) {
	const want = 784111777 // RFC 9110's example
	for _, s := range []string{
		"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		"Sun, 6 Nov 1994 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 EST", // read as if it were GMT
	} {
		if got, ok := ParseHTTPDate(s); !ok || got != want {
			t.Errorf("%q: %d, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "yesterday", "784111777", "Sun, 46 Nov 1994 08:49:37 GMT"} {
		if got, ok := ParseHTTPDate(s); ok {
			t.Errorf("%q: %d", s, got)
		}
	}
}

func FuzzParseHTTPDate(f *testing.F) {
	f.Add("Sun, 06 Nov 1994 08:49:37 GMT")
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT")
	f.Add("Sun Nov  6 08:49:37 1994")
	f.Fuzz(func(t *testing.T, s string) {
		seconds, ok := ParseHTTPDate(s)
		if !ok {
			return
		}
		again, ok := ParseHTTPDate(time.Unix(seconds, 0).UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT")
		if !ok || again != seconds {
			t.Fatalf("%q is %d, then %d", s, seconds, again)
		}
	})
}

func TestMatchesETag(t *testing.T) {
	for _, tc := range []struct {
		list string
		want bool
	}{
		{"abc", true}, {`"abc"`, true}, {` x , "abc"`, true}, {"*", true}, {`"*"`, true},
		{"", false}, {",", false}, {"ABC", false}, {`W/"abc"`, false}, {`"abc`, false}, {`"`, false},
	} {
		if MatchesETag(tc.list, "abc") != tc.want || MatchesETag(tc.list, `"abc"`) != tc.want {
			t.Errorf("%q: not %v", tc.list, tc.want)
		}
	}
}

// Last-Modified is rounded up, so it compares as the client sees it.
func TestPreconditionRoundsUp(t *testing.T) {
	at := objstore.TimestampOf(time.Unix(1000, 50000000))
	shown := at.LastModified()
	if got := Precondition(Header{{"If-Modified-Since", shown}}, "e", at); got != 304 {
		t.Errorf("If-Modified-Since its own time: %d", got)
	}
	if got := Precondition(Header{{"If-Unmodified-Since", shown}}, "e", at); got != 0 {
		t.Errorf("If-Unmodified-Since its own time: %d", got)
	}
}
