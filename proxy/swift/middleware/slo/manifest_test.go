// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func readList(res *web.Response) ([]segment, error) {
	m, err := readManifest(&swift.Request{Request: &web.Request{}}, res, nil)
	if err != nil {
		return nil, err
	}
	return m.list, nil
}

func read(s string) ([]segment, error) {
	return readList(&web.Response{Body: io.NopCloser(strings.NewReader(s))})
}

// The stored form is Swift's, byte for byte.
func TestManifestForms(t *testing.T) {
	const stored = `[{"name": "/c/\u00e9", "bytes": 10, "hash": "h", "content_type": "a/b", ` +
		`"last_modified": "2026-01-02T03:04:05.000000", "range": "2-4"}, {"data": "aGVsbG8="}, ` +
		`{"name": "/c/s", "bytes": 7, "hash": "s", "content_type": "x/y", ` +
		`"last_modified": "2026-01-02T03:04:05.000000", "sub_slo": true}]`
	list, err := read(stored)
	require.NoError(t, err)
	require.Equal(t, stored, string(encode(list)))
	size, ok := contentBytes(list)
	require.True(t, ok)
	require.EqualValues(t, 3+5+7, size)
	require.Equal(t, md5Hex([]byte("h:2-4;"+md5Hex([]byte("hello"))+"s")), etagOf(list))
	require.Equal(t, `[{"etag": "h", "path": "/c/\u00e9", "range": "2-4", "size_bytes": 10}, `+
		`{"data": "aGVsbG8="}, {"etag": "s", "path": "/c/s", "size_bytes": 7}]`, string(encodeRaw(list)))
	again, err := parse(encodeRaw(list), "m/self")
	require.NoError(t, err)
	require.Equal(t, "bytes=2-4", again[0].ranges)
}

func TestDamagedManifests(t *testing.T) {
	for _, s := range []string{
		``, `{}`, `[1]`, `[{"name": "/c/o", "bytes": -1}]`, `[{"name": "/c/o", "bytes": 4, "range": "2-4"}]`,
		`[{"name": "/c/o", "bytes": 4, "range": "3-2"}]`, `[{"name": "/c/o", "bytes": 4, "range": "x"}]`,
		`[{"bytes": 9223372036854775807}, {"bytes": 1}]`,
	} {
		_, err := read(s)
		require.ErrorIs(t, err, errManifest, s)
	}
	_, err := readList(&web.Response{})
	require.ErrorIs(t, err, errManifest)
	_, ok := contentBytes([]segment{{part: web.ByteRange{End: math.MaxInt64}}, {part: web.ByteRange{End: 1}}})
	require.False(t, ok)
}

func FuzzReadManifest(f *testing.F) {
	for _, s := range []string{`[{"name": "/c/o", "bytes": 4, "range": "0-3"}, {"data": "YQ=="}]`, `[{"data": "===="}]`, `[]`, `null`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := read(s)
		if err != nil {
			return
		}
		size, ok := contentBytes(list)
		if !ok || size < 0 {
			t.Fatalf("%q has %d bytes, %v", s, size, ok)
		}
		_ = etagOf(list)
		if _, err := read(string(encode(list))); err != nil {
			t.Fatalf("%q came back as %s: %v", s, encode(list), err)
		}
	})
}
