// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/swift/middleware/bulk"
	"needletail/proxy/web"
)

const asJSON = "Accept: application/json"

func TestBulkDelete(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"c", "c/o", "c/a%20b", "c/d/", "keep", "keep/o", "empty"} {
		s.must(201, "owner", "PUT /v1/AUTH_test/"+path, "")
	}
	list := "/c\nc/o\n\n  /c/a%20b \nc/missing\nc/d/\nkeep\nmissing\nempty"
	a := s.must(200, "owner", "POST /v1/AUTH_test?bulk-delete", list, asJSON)
	require.Equal(t, `{"Response Status": "400 Bad Request", "Response Body": "", "Number Deleted": 5, `+
		`"Number Not Found": 2, "Errors": [["keep", "409 Conflict"]]}`, a.body)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	require.Equal(t, "keep\n", s.must(200, "owner", "GET /v1/AUTH_test", "").body)

	a = s.must(200, "owner", "DELETE /v1/AUTH_test/keep/o?bulk-delete=x", "keep/o", "Accept: application/xml", "Content-Type: text/plain;charset=utf-8")
	require.Equal(t, "<delete>\n<number_deleted>1</number_deleted>\n<number_not_found>0</number_not_found>\n"+
		"<response_body></response_body>\n<response_status>200 OK</response_status>\n<errors>\n</errors>\n</delete>\n", a.body)

	a = s.must(200, "owner", "POST /v1/AUTH_test?bulk-delete", "keep/o")
	require.Equal(t, "Number Deleted: 0\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n", a.body)
	require.Equal(t, "text/plain", a.header.Get("Content-Type"))
}

func TestBulkDeleteRefusals(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "")
	for _, c := range []struct{ who, body, lines, want string }{
		{"other", "c/o", "", `[["c/o", "403 Forbidden"]]`},
		{"owner", "", "", `"Response Status": "400 Bad Request", "Response Body": "Invalid bulk delete."`},
		{"owner", "\n\n \n", "", "Invalid bulk delete."},
		{"owner", "c/%FF%0A", "", `[["c/%FF%0A", "412 Precondition Failed"]]`},
		{"owner", "c/o", "Content-Type: application/json", `"Response Status": "406 Not Acceptable", "Response Body": ""`},
		{"owner", strings.Repeat("x", 3000), "", `"Response Status": "400 Bad Request", "Response Body": "Invalid File Name"`},
		{"owner", strings.Repeat("c/gone\n", 10001), "", `"Response Status": "413 Request Entity Too Large", "Response Body": "Maximum Bulk Deletes: 10000 per request"`},
		{"owner", strings.Repeat("\n", 10001), "", "Maximum Bulk Deletes"},
		{"other", strings.Repeat("c/x\n", 2000), "", `"Response Body": "Max delete failures exceeded"`},
	} {
		a := s.must(200, c.who, "POST /v1/AUTH_test?bulk-delete", c.body, append(strings.Split(c.lines, "|"), asJSON)...)
		require.Contains(t, a.body, c.want, "%s %.40q", c.who, c.body)
	}
	s.must(401, "none", "POST /v1/AUTH_test?bulk-delete", "c/o", asJSON)
	s.must(200, "owner", "HEAD /v1/AUTH_test/c/o", "")
	a := s.must(200, "other", "POST /v1/AUTH_test?bulk-delete", strings.Repeat("c/x\n", 2000), asJSON)
	require.LessOrEqual(t, strings.Count(a.body, "403 Forbidden"), 1001, "nothing begins after the last failure that is allowed")
	a = s.must(200, "owner", "POST /v1/AUTH_test?bulk-delete", "c/o", "Accept: image/png")
	require.Contains(t, a.body, "Response Status: 406 Not Acceptable")
	require.Contains(t, s.must(200, "owner", "POST /v1/AUTH_test?bulk-delete", "c/o", "Accept: ;;").body, "406")
	require.Contains(t, s.must(200, "owner", "POST /v1?bulk-delete", "c/o").body, "404 Not Found")
	r := &swift.Request{Request: &web.Request{Method: "POST", Path: "/v1/AUTH_test", RawQuery: "bulk-delete", Body: web.NoBody, ContentLength: web.NoLength}}
	r.Header.Add("X-Auth-Token", s.tokens["owner"])
	require.Contains(t, s.send(r).body, "411 Length Required")
}

// entry is a line of a test's archive; a folder or link has a flag.
type entry struct {
	name, body string
	flag       byte
	pax        map[string]string
}

func archiveOf(t *testing.T, entries ...entry) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.flag, Mode: 0o644, Size: int64(len(e.body)), PAXRecords: e.pax}
		switch e.flag {
		case 0:
			h.Typeflag = tar.TypeReg
		case tar.TypeLink, tar.TypeSymlink:
			h.Linkname = "/etc/passwd"
		case tar.TypeXGlobalHeader:
			h = &tar.Header{Typeflag: e.flag, PAXRecords: e.pax}
		}
		if e.pax != nil {
			h.Format = tar.FormatPAX
		}
		require.NoError(t, w.WriteHeader(h))
		_, err := w.Write([]byte(e.body))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func gzipped(t *testing.T, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(s))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestBulkExtract(t *testing.T) {
	s := newSite(t)
	tarball := archiveOf(t,
		entry{name: "base file", body: "not stored"},
		entry{name: "./c/o", body: "one"},
		entry{name: "c/../up", body: "two"},
		entry{name: "/d//x", body: "three"},
		entry{name: "d/dir/", flag: tar.TypeDir},
		entry{name: "d/symlink", flag: tar.TypeSymlink},
		entry{name: "d/link", flag: tar.TypeLink},
		entry{name: "d/page", body: "<p>", pax: map[string]string{
			"SCHILY.xattr.user.mime_type": "text/x-page", "LIBARCHIVE.xattr.user.meta.color": "r\u00f6t", "SCHILY.xattr.user.other": "x",
		}},
	)
	for query, body := range map[string]string{"tar": tarball, ".TAR.GZ": gzipped(t, tarball)} {
		a := s.must(200, "owner", "PUT /v1/AUTH_test?extract-archive="+query, body, asJSON, "X-Object-Meta-Run: 7", "X-Delete-At: 9999999999", "X-Object-Manifest: c/x")
		require.Equal(t, `{"Response Status": "201 Created", "Response Body": "", "Number Files Created": 4, "Errors": []}`, a.body)
		require.Equal(t, "c\nd\n", s.must(200, "owner", "GET /v1/AUTH_test", "").body)
		require.Equal(t, "../up\no\n", s.must(200, "owner", "GET /v1/AUTH_test/c", "").body)
		require.Equal(t, "/x\npage\n", s.must(200, "owner", "GET /v1/AUTH_test/d", "").body)
		got := s.must(200, "owner", "GET /v1/AUTH_test/d/page", "")
		require.Equal(t, "<p>", got.body)
		require.Equal(t, "text/x-page", got.header.Get("Content-Type"))
		require.Equal(t, "r\u00f6t", got.header.Get("X-Object-Meta-Color"))
		require.Equal(t, "7", got.header.Get("X-Object-Meta-Run"))
		require.Equal(t, "9999999999", got.header.Get("X-Delete-At"))
		require.False(t, got.header.Has("X-Object-Manifest"))
		require.Equal(t, "three", s.must(200, "owner", "GET /v1/AUTH_test/d//x", "").body)
	}
	// Python's tarfile made this one, of c/o.
	packed, err := base64.StdEncoding.DecodeString("QlpoOTFBWSZTWYm6rIMAAG77gMmAAADAAP0AAAJ4AJ4QCAggAFRCaAAADQSS" +
		"IGnqbUDQH3NCSED3IQh7RkQ9MUCGBi0TFNhG8kBO9XCYEtg9POuGfjeIiAfF3JFOFCQibqsgwA==")
	require.NoError(t, err)
	s.must(200, "owner", "PUT /v1/AUTH_test?extract-archive=tar.bz2", string(packed))
	require.Equal(t, "bz2", s.must(200, "owner", "GET /v1/AUTH_test/c/o", "").body)
	a := s.must(200, "owner", "PUT /v1/AUTH_test/c/pre/?extract-archive=tar", archiveOf(t, entry{name: "f", body: "x"}))
	require.Equal(t, "Number Files Created: 1\nResponse Body: \nResponse Status: 201 Created\nErrors:\n", a.body)
	require.Equal(t, "x", s.must(200, "owner", "GET /v1/AUTH_test/c/pre/f", "").body)
}

func TestBulkExtractGlobalPax(t *testing.T) {
	s := newSite(t)
	s.must(200, "owner", "PUT /v1/AUTH_test/c?extract-archive=tar", archiveOf(t,
		entry{flag: tar.TypeXGlobalHeader, pax: map[string]string{"SCHILY.xattr.user.mime_type": "text/x-all"}},
		entry{name: "o", body: "x"}))
	require.Equal(t, "text/x-all", s.must(200, "owner", "HEAD /v1/AUTH_test/c/o", "").header.Get("Content-Type"))
}

func TestBulkExtractRefusals(t *testing.T) {
	s := newSite(t, func(c *controllers.Config) { c.Limits.FileBytes = 100 })
	s.must(201, "owner", "PUT /v1/AUTH_test/full", "", "X-Container-Meta-Quota-Count: 0")
	s.must(201, "owner", "PUT /v1/AUTH_test/shared", "", "X-Container-Write: test2:tester2")
	good := archiveOf(t, entry{name: "c/o", body: "x"})
	long := strings.Repeat("x", 300)
	for _, c := range []struct{ who, query, body, want string }{
		{"owner", "tar", "", `"400 Bad Request", "Response Body": "Invalid Tar File: empty file"`},
		{"owner", "tar", archiveOf(t, entry{name: "base", body: "x"}), "No Valid Files"},
		{"owner", "tar", strings.Repeat("junk", 500), `"400 Bad Request", "Response Body": "Invalid Tar File: `},
		{"owner", "tar.gz", good, `"Response Body": "Invalid Tar File: not a gzip file"`},
		{"owner", "tar.bz2", good, `"Response Body": "Invalid Tar File: invalid compressed data"`},
		{"owner", "tar.gz", gzipped(t, good)[:60], `"Response Body": "Invalid Tar File: `},
		{"owner", "tar", archiveOf(t, entry{name: "c/big", body: strings.Repeat("x", 101)}), `[["c/big", "413 Request Entity Too Large"]]`},
		{"owner", "tar", archiveOf(t, entry{name: "c/\xff", body: "x"}), `[["c/%FF", "412 Precondition Failed"]]`},
		{"owner", "tar", archiveOf(t, entry{name: "full/o", body: "x"}), `[["full/o", "413 Request Entity Too Large"]]`},
		{"owner", "tar", archiveOf(t, entry{name: long + "/o", body: "x"}),
			`[["/v1/AUTH_test/` + long + `", "400 Bad Request"], ["` + long + `/o", "404 Not Found"]]`},
		{"other", "tar", good, `[["/v1/AUTH_test/c", "403 Forbidden"], ["c/o", "403 Forbidden"]]`},
		{"other", "tar", archiveOf(t, entry{name: "shared/o", body: "x"}), `"201 Created", "Response Body": "", "Number Files Created": 1`},
		{"owner", "tar", archiveOf(t, entry{name: "c/o", body: "x", pax: map[string]string{"SCHILY.xattr.user.mime_type": "a\nB: c"}}),
			`[["c/o", "400 Bad Request"]]`},
		{"owner", "tar", archiveOf(t, entry{name: "c/o", body: "x", pax: map[string]string{"SCHILY.xattr.user.meta.a b": "c"}}),
			`[["c/o", "400 Bad Request"]]`},
	} {
		a := s.must(200, c.who, "PUT /v1/AUTH_test?extract-archive="+c.query, c.body, asJSON)
		require.Contains(t, a.body, c.want, "%s %s", c.who, c.query)
	}
	// Who may list but not write is refused before the first file, and so is who
	// may not write into the container that the path names.
	s.must(201, "owner", "PUT /v1/AUTH_test/public", "", "X-Container-Read: .r:*,.rlistings")
	for _, path := range []string{"", "/public"} {
		s.must(401, "none", "PUT /v1/AUTH_test"+path+"?extract-archive=tar", good)
	}
	s.must(403, "other", "PUT /v1/AUTH_test/public?extract-archive=tar", good)
	a := s.must(200, "other", "PUT /v1/AUTH_test/shared/below?extract-archive=tar", archiveOf(t, entry{name: "o", body: "x"}), asJSON)
	require.Contains(t, a.body, `"201 Created"`)
	a = s.must(400, "owner", "PUT /v1/AUTH_test?extract-archive=zip", good)
	require.Equal(t, "Unsupported archive format", a.body)
	// A file that is cut short is not stored, and ends the work.
	cut := archiveOf(t, entry{name: "c/cut", body: strings.Repeat("y", 90)}, entry{name: "c/never", body: "z"})[:512+40]
	a = s.must(200, "owner", "PUT /v1/AUTH_test?extract-archive=tar", cut, asJSON)
	require.Contains(t, a.body, `"400 Bad Request", "Response Body": "Invalid Tar File: unexpected end of data", "Number Files Created": 0`)
	s.must(404, "owner", "HEAD /v1/AUTH_test/c/cut", "")
}

func TestBulkExtractLimits(t *testing.T) {
	s := newSite(t)
	var many, lost []entry
	for i := range 10 {
		many = append(many, entry{name: fmt.Sprintf("c%d/o", i), body: "x"})
		lost = append(lost, entry{name: fmt.Sprintf("c0/\xff%d", i), body: "x"})
	}
	inner := s.serve
	m := bulk.New(bulk.Options{MaxContainersPerExtraction: 4, MaxFailedExtractions: 3}, swift.DefaultLimits(), nil)
	s.serve = swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		res, err := m(inner).Serve(r)
		if err == nil && !res.Header.Has("X-Trans-Id") {
			id := web.NewTransID(time.Now(), "")
			res.Header = append(res.Header, web.HeaderField{Name: "X-Trans-Id", Value: id}, web.HeaderField{Name: "X-Openstack-Request-Id", Value: id})
		}
		return res, err
	})
	a := s.must(200, "owner", "PUT /v1/AUTH_test?extract-archive=tar", archiveOf(t, many...), asJSON)
	require.Contains(t, a.body, `"400 Bad Request", "Response Body": "More than 4 containers to create from tar.", "Number Files Created": 4`)
	a = s.must(200, "owner", "PUT /v1/AUTH_test?extract-archive=tar", archiveOf(t, lost...), asJSON)
	require.Equal(t, 3, strings.Count(a.body, "412 Precondition Failed"))
}
