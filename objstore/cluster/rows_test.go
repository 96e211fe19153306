// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

func TestObjectRows(t *testing.T) {
	const text = `[{"bytes": 5, "hash": "abc", "name": "a\u00fc\ud83d\udc26", "content_type": "a/b;swift_bytes=9",
		"last_modified": "2026-12-01T03:25:18.123450"},
		{"subdir": "d/"},
		{"bytes": 0, "hash": "e; slo_etag=x; symlink_target=c/o", "name": "l", "content_type": "c/d",
		"last_modified": "1970-01-01T00:00:01.000000"}]`
	var got []objstore.ObjectEntry
	err := eachRow(iotest.OneByteReader(strings.NewReader(text)), func(r *objectRow) error {
		e, err := r.entry("AUTH_a")
		got = append(got, e)
		return err
	})
	require.NoError(t, err)
	at, err := parseISO("2026-12-01T03:25:18.123450")
	require.NoError(t, err)
	require.Equal(t, []objstore.ObjectEntry{
		{Name: "aü\U0001f426", SizeBytes: 9, ETag: "abc", ContentType: "a/b", Modified: at},
		{Name: "d/", Subdir: true},
		{Name: "l", ETag: "e", ContentType: "c/d", Modified: 100000,
			Extra: fields("slo_etag", `"x"`, "symlink_path", "/v1/AUTH_a/c/o")},
	}, got)
	require.Equal(t, "2026-12-01T03:25:18.123450", string(at.AppendISO(nil)))
}

func TestContainerRows(t *testing.T) {
	policies := objstore.Policies{{Index: 3, Name: "Gold", Default: true}}
	row := containerRow{Name: "c", Count: 2, Bytes: 3, LastModified: "1970-01-01T00:00:01.000010", Policy: "gold"}
	e, err := row.entry(policies)
	require.NoError(t, err)
	require.Equal(t, objstore.ContainerEntry{Name: "c", ObjectCount: 2, BytesUsed: 3, Modified: 100001, Policy: 3}, e)
	row.Policy = ""
	e, err = row.entry(policies)
	require.NoError(t, err)
	require.Equal(t, objstore.PolicyUnknown, e.Policy)
	row.Policy = "mud"
	_, err = row.entry(policies)
	require.ErrorContains(t, err, "mud")
}

func TestBrokenRows(t *testing.T) {
	ignore := func(*objectRow) error { return nil }
	for _, text := range []string{"", "{}", "[", `[{"name":`, `[{"name": "a"}`, `[{"bytes": "x"}]`, `[1]`} {
		require.Error(t, eachRow(strings.NewReader(text), ignore), "%q", text)
		require.NotErrorIs(t, eachRow(strings.NewReader(text), ignore), io.EOF, "%q", text)
	}
	cause := errors.New("enough")
	err := eachRow(strings.NewReader(`[{}, {}]`), func(*objectRow) error { return cause })
	var visited *visitError
	require.ErrorAs(t, err, &visited)
	require.ErrorIs(t, err, cause)
}

func TestRowsAreBounded(t *testing.T) {
	row := func(n int) io.Reader {
		const frame = `{"name":""}`
		text := `{"name":"` + strings.Repeat("x", n-len(frame)) + `"}`
		return strings.NewReader("[" + text + "," + text + "]")
	}
	count := 0
	visit := func(*objectRow) error { count++; return nil }
	require.NoError(t, eachRow(row(maxRowBytes-1), visit)) // a comma belongs to the row
	require.Equal(t, 2, count)
	require.ErrorIs(t, eachRow(row(maxRowBytes+1), visit), errRowTooLong)
}

func FuzzObjectRows(f *testing.F) {
	f.Add(`[{"name":"a","hash":"e; slo_etag=x","content_type":"a;swift_bytes=1","last_modified":"2026-12-01T03:25:18.1"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		_ = eachRow(strings.NewReader(text), func(r *objectRow) error {
			_, err := r.entry("a")
			return err
		})
	})
}

func TestListQuery(t *testing.T) {
	path := ""
	require.Equal(t, "format=json&limit=10&prefix=a%20b&marker=%C3%BC%00&path=&reverse=true",
		listQuery(objstore.ListOptions{Prefix: "a b", Marker: "ü\x00", Path: &path, Reverse: true}, 10))
}
