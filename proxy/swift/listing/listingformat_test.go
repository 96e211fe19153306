// SPDX-License-Identifier: Apache-2.0

package listing

import (
	"fmt"
	"testing"

	"needletail/objstore"
	"needletail/proxy/swift"
)

const odd = "a\"<&>\n\t\r'é\u20ac\U0001F600"

func listAll(f Format) (account, container string) {
	a := NewAccount(f, odd)
	a.Container(&objstore.ContainerEntry{Name: odd, ObjectCount: 1, BytesUsed: 2, Modified: 123456789012345}, "gold")
	a.Container(&objstore.ContainerEntry{Name: "p-", Subdir: true}, "")
	a.Container(&objstore.ContainerEntry{Name: "x", Modified: 100000}, "")
	c := NewContainer(f, odd)
	c.Object(&objstore.ObjectEntry{Name: odd, SizeBytes: 7, ETag: "e1", ContentType: "t/p; c=\"ü\"", Modified: 123456789012345,
		Extra: objstore.Metadata{{Name: "slo_etag", Value: "\"s\""}, {Name: "symlink_bytes", Value: "12"}}})
	c.Object(&objstore.ObjectEntry{Name: "p<", Subdir: true})
	c.Object(&objstore.ObjectEntry{Name: "x", ETag: "e2", ContentType: "a/b", Modified: 100000})
	return string(a.Bytes()), string(c.Bytes())
}

// The expected bytes are those of Python's json.dumps and ElementTree.
func TestListingBytes(t *testing.T) {
	const (
		jsonName = `"a\"<&>\n\t\r'\u00e9\u20ac\ud83d\ude00"`
		attrName = `a&quot;&lt;&amp;&gt;&#10;&#09;&#13;'é€😀`
		textName = "a\"&lt;&amp;&gt;\n\t\r'é€😀"
		head     = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	)
	for _, tc := range []struct {
		format             Format
		account, container string
	}{
		{Plain, odd + "\np-\nx\n", odd + "\np<\nx\n"},
		{JSON,
			`[{"name": ` + jsonName + `, "count": 1, "bytes": 2, "last_modified": "2009-02-13T23:31:30.123450", "storage_policy": "gold"}, ` +
				`{"subdir": "p-"}, {"name": "x", "count": 0, "bytes": 0, "last_modified": "1970-01-01T00:00:01.000000"}]`,
			`[{"bytes": 7, "hash": "e1", "name": ` + jsonName + `, "content_type": "t/p;c=\"\u00fc\"", "last_modified": "2009-02-13T23:31:30.123450", "symlink_bytes": 12, "slo_etag": "\"s\""}, ` +
				`{"subdir": "p<"}, {"bytes": 0, "hash": "e2", "name": "x", "content_type": "a/b", "last_modified": "1970-01-01T00:00:01.000000"}]`},
		{XML,
			head + `<account name="` + attrName + "\">\n" +
				"<container><name>" + textName + "</name><count>1</count><bytes>2</bytes><last_modified>2009-02-13T23:31:30.123450</last_modified><storage_policy>gold</storage_policy></container>\n" +
				"<subdir name=\"p-\" />\n" +
				"<container><name>x</name><count>0</count><bytes>0</bytes><last_modified>1970-01-01T00:00:01.000000</last_modified></container>\n</account>",
			head + `<container name="` + attrName + `">` +
				"<object><name>" + textName + `</name><hash>e1</hash><bytes>7</bytes><content_type>t/p;c="ü"</content_type><last_modified>2009-02-13T23:31:30.123450</last_modified></object>` +
				`<subdir name="p&lt;"><name>p&lt;</name></subdir>` +
				"<object><name>x</name><hash>e2</hash><bytes>0</bytes><content_type>a/b</content_type><last_modified>1970-01-01T00:00:01.000000</last_modified></object></container>"},
	} {
		account, container := listAll(tc.format)
		if account != tc.account {
			t.Errorf("account, format %d:\n got %q\nwant %q", tc.format, account, tc.account)
		}
		if container != tc.container {
			t.Errorf("container, format %d:\n got %q\nwant %q", tc.format, container, tc.container)
		}
	}
}

// A page is encoded in memory of a few times its size, in a few pieces.
func BenchmarkListingPage(b *testing.B) {
	const page = 10_000
	e := &objstore.ObjectEntry{ETag: swift.EmptyETag, ContentType: "application/octet-stream", Modified: 123456789012345}
	names := make([]string, page)
	for i := range names {
		names[i] = fmt.Sprintf("folder/%09d", i)
	}
	for f, name := range map[Format]string{Plain: "plain", JSON: "json", XML: "xml"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				l := NewContainer(f, "c")
				for _, e.Name = range names {
					l.Object(e)
				}
				size = len(l.Bytes())
			}
			b.ReportMetric(float64(size), "page-bytes")
		})
	}
}

// Memory for a page of 10,000 grows by doubling.
func TestListingGrowsByDoubling(t *testing.T) {
	e := &objstore.ObjectEntry{Name: "n", ETag: swift.EmptyETag, ContentType: "a/b"}
	allocs := testing.AllocsPerRun(5, func() {
		l := NewContainer(JSON, "c")
		for range 10_000 {
			l.Object(e)
		}
		l.Bytes()
	})
	t.Logf("%.0f allocations", allocs)
	if allocs > 30 { // by append alone: 36
		t.Errorf("%.0f allocations", allocs)
	}
}
