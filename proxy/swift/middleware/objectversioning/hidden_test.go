// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"needletail/objstore"
)

// nameParts are what makes an order or an escape go wrong.
var nameParts = []string{"\x01", "\x01\x01", "\x02", "\x01\x02", "a", "-", "/", "0", ":", "é", "\U0010FFFF", "\x7f"}

func randomName(r *rand.Rand) string {
	var b strings.Builder
	for range 1 + r.IntN(4) {
		b.WriteString(nameParts[r.IntN(len(nameParts))])
	}
	return b.String()
}

func TestVersionNamesKeepTheOrder(t *testing.T) {
	for name, l := range map[string]layout{"own": ownLayout{}, "Swift's": swiftLayout{}} {
		t.Run(name, func(t *testing.T) { testVersionNames(t, l) })
	}
}

func testVersionNames(t *testing.T, l layout) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	type version struct {
		name string
		id   objstore.Timestamp
	}
	var all []version
	for range 2000 {
		all = append(all, version{randomName(r), min(l.idMax(), objstore.Timestamp(1+r.Int64N(1<<uint(1+r.IntN(60)))))})
	}
	slices.SortFunc(all, func(a, b version) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return int(min(1, max(-1, b.id-a.id))) // the newest first
	})
	last, b := "", l.bounds()
	for i, v := range all {
		hidden := string(l.versionName(v.name, v.id))
		if name, id, ok := l.parseVersionName(hidden); !ok || name != v.name || id != v.id {
			t.Fatalf("%q %d came back as %q %d %t", v.name, v.id, name, id, ok)
		}
		if hidden < last {
			t.Fatalf("%q %d sorts before %q %d", v.name, v.id, all[i-1].name, all[i-1].id)
		}
		last = hidden
		other, part := all[r.IntN(len(all))].name, nameParts[r.IntN(len(nameParts))]
		if strings.HasPrefix(hidden, b.encode(other)) != strings.HasPrefix(v.name, other) {
			t.Fatalf("%q as prefix of %q", other, v.name)
		}
		at := strings.Index(v.name, part)
		digits := l.shared() && strings.Contains("0123456789.", part) // the delimiters that are refused
		if got := strings.Index(hidden, b.part(part)); !digits && ((got >= 0) != (at >= 0) || at >= 0 && got != len(b.encode(v.name[:at]))) {
			t.Fatalf("%q is in %q at %d, encoded at %d", part, v.name, at, got)
		}
		if low, high := b.encode(v.name)+b.end, b.encode(v.name)+b.past; low >= hidden || hidden >= high || b.encode(v.name+"\x01") <= high {
			t.Fatalf("the bounds of %q", v.name)
		}
	}
}

func FuzzParseVersionName(f *testing.F) {
	f.Add(string(ownLayout{}.versionName("a\x01b", 12345)), int64(1))
	f.Add(string(swiftLayout{}.versionName("a\x01b", 12345)), int64(1))
	f.Add("\x00a\x00"+strings.Repeat("9", 10)+".99999", int64(0))
	f.Add(endOfName, int64(-1))
	f.Add("a"+endOfName+strings.Repeat("\xf0", timeNibbles), int64(0))
	f.Fuzz(func(t *testing.T, s string, id int64) {
		for _, l := range []layout{ownLayout{}, swiftLayout{}} {
			if name, _, ok := l.parseVersionName(s); ok && len(name) > len(s) {
				t.Errorf("%q has the name %q", s, name)
			}
			if !utf8.ValidString(s) || l.shared() && (id < 0 || id > int64(l.idMax())) {
				continue
			}
			if name, got, ok := l.parseVersionName(string(l.versionName(s, objstore.Timestamp(id)))); !ok || name != s || int64(got) != id {
				t.Errorf("%q %d came back as %q, %d, %t", s, id, name, got, ok)
			}
		}
	})
}

func TestVersionsAreHidden(t *testing.T) {
	if a := hiddenAccount("AUTH_a"); !a.Hidden() {
		t.Errorf("a client can name %q", a)
	}
}
