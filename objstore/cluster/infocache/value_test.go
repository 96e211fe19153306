// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each wanted text was printed by Python's json.dumps, of the bytes decoded
// with surrogateescape.
func TestStrings(t *testing.T) {
	for s, want := range map[string]string{
		"":                               `""`,
		"é\U0001F600\x00\x1f\x7f\"\\\n/": `"\u00e9\ud83d\ude00\u0000\u001f` + "\x7f" + `\"\\\n/"`,
		"a\xffb\r\t\b\f":                 `"a\udcffb\r\t\b\f"`,
		"\xed\xa0\x80":                   `"\udced\udca0\udc80"`, // a surrogate in UTF-8 is no UTF-8
		"\uffff":                         `"\uffff"`,
		"\ufffd":                         `"\ufffd"`,
	} {
		got := appendString(nil, s)
		require.Equal(t, want, string(got))
		back, err := unquote(got)
		require.NoError(t, err)
		require.Equal(t, s, back)
	}
	for literal, want := range map[string]string{
		`"\/\u0041"`:             "/A",
		`"\ud800"`:               "\uFFFD", // no byte was escaped
		`"\ud83dx"`:              "\uFFFDx",
		`"\ude00\ud83d"`:         "\uFFFD\uFFFD",
		`"\udcc3\udca9"`:         "é", // two escaped bytes
		`"\ud83d\udc80"`:         "\U0001F480",
		`"\udc7f"`:               "\uFFFD", // ASCII is never escaped so
		`"raw é"`:                "raw é",
		`"\ud83d\u0041\u00e9\""`: "\uFFFDAé\"",
	} {
		got, err := unquote([]byte(literal))
		require.NoError(t, err)
		require.Equal(t, want, got, literal)
	}
	for _, bad := range []string{"1", "", "[", `"`} {
		_, err := unquote([]byte(bad))
		require.ErrorIs(t, err, errNotText, bad)
	}
}

func TestTexts(t *testing.T) {
	var m texts
	require.NoError(t, json.Unmarshal([]byte(` { "\udcff" : "a" , "b":null,"c" : "\ud83d\ude00" } `), &m))
	require.Equal(t, texts{"\xff": "a", "b": "", "c": "\U0001F600"}, m)
	require.NoError(t, json.Unmarshal([]byte(`null`), &m))
	require.Nil(t, m)
	for _, bad := range []string{`[]`, `"x"`, `{"a": 1}`, `{"a": {}}`, `1`} {
		require.Error(t, json.Unmarshal([]byte(bad), &m), bad)
	}
}

// FuzzValues decodes any bytes as each kind of value. A value that is read must
// be the same after it is written and read again.
func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"status": 204, "container_count": "5", "storage_policies": {"0": {"bytes": 1}}, "meta": {"\udcff": "\ud800"}}`))
	f.Add([]byte(`{"status": 204, "read_acl": ".r:*", "cors": {"allow_origin": "*"}, "storage_policy": "1", "bytes": 5}`))
	f.Add([]byte(`[["", "a/c"], ["m", "a/d"]]`))
	f.Add([]byte(`[{"name": "a/c", "lower": "", "upper": "", "timestamp": "1"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if a, err := decodeAccount(raw); err == nil {
			again, err := decodeAccount(a.appendJSON(nil))
			require.NoError(t, err)
			require.Equal(t, a.appendJSON(nil), again.appendJSON(nil))
			a.Contract()
		}
		if c, err := decodeContainer(raw); err == nil {
			again, err := decodeContainer(c.appendJSON(nil))
			require.NoError(t, err)
			require.Equal(t, c.appendJSON(nil), again.appendJSON(nil))
			c.Contract()
		}
		if all, err := decodeBounds(raw); err == nil {
			again, err := decodeBounds(appendBounds(nil, all))
			require.NoError(t, err)
			require.Equal(t, all, again)
			for _, n := range all {
				_, ok := n.Container()
				require.True(t, ok)
			}
		}
		if all, err := decodeRanges(raw); err == nil {
			_, err := decodeRanges(appendRanges(nil, all))
			require.NoError(t, err)
		}
	})
}

// TestMemo: a value is decoded once, and again when its bytes change.
func TestMemo(t *testing.T) {
	decoded := 0
	m := newMemo(func(raw []byte) (string, error) {
		decoded++
		if len(raw) == 0 {
			return "", errNotText
		}
		return string(raw[:1]), nil
	})
	of := func(name, raw, want string, times int) {
		t.Helper()
		got, err := m.of(name, []byte(raw))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, times, decoded)
	}
	of("n", "ab", "a", 1)
	of("n", "ab", "a", 1)
	of("other", "ab", "a", 2)
	of("n", "bb", "b", 3)
	of("n", "ab", "a", 4)
	require.Equal(t, len("nab")+len("otherab"), m.bytes, "a replaced value counts once")
	_, err := m.of("n", nil)
	require.ErrorIs(t, err, errNotText)
	of("n", "ab", "a", 5)

	long := strings.Repeat("x", memoValueMax)
	of("long", long, "x", 6)
	of("long", long, "x", 6)
	of("longer", long+"x", "x", 7)
	of("longer", long+"x", "x", 8)
	for i := range 3 * memoBytesMax / memoValueMax {
		of(strings.Repeat("n", i+1), long, "x", 9+i)
		require.LessOrEqual(t, m.bytes, memoBytesMax)
	}
	m = newMemo(m.decode)
	for i := range memoKeys + 1 {
		_, err := m.of(strconv.Itoa(i), []byte("1"))
		require.NoError(t, err)
	}
	require.Equal(t, memoKeys, m.lru.Len())
}
