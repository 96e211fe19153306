// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

// parts answers the parts of bulk requests and notes them as "METHOD PATH".
type parts struct {
	mu     sync.Mutex
	asked  []string
	header map[string]web.Header // of each part
	// status of a part; 0 stands for 201 to PUT, 404 to HEAD and 204 to DELETE.
	status func(part string) int
}

func (p *parts) Serve(r *swift.Request) (*web.Response, error) {
	if r.AuthorizeOnly {
		return web.NewResponse(204), nil
	}
	part := r.Method + " " + r.Path
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, part)
	if p.header == nil {
		p.header = map[string]web.Header{}
	}
	p.header[part] = r.Header.Clone()
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	status := 0
	if p.status != nil {
		status = p.status(part)
	}
	if status == 0 {
		status = map[string]int{"PUT": 201, "HEAD": 404, "DELETE": 204}[r.Method]
	}
	return web.NewResponse(status), nil
}

// run sends a bulk request and returns the report as JSON.
func (p *parts) run(t *testing.T, o Options, method, path, query, body string, lines ...string) string {
	t.Helper()
	m := New(o, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(p)
	r := &swift.Request{Request: &web.Request{
		Method: method, Path: path, RawQuery: query, Body: strings.NewReader(body), ContentLength: int64(len(body)),
	}}
	r.Header.Add("Accept", "application/json")
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	res, err := m.Serve(r)
	require.NoError(t, err)
	report, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.NoError(t, res.Close())
	return string(report)
}

// tarOf packs entries. A name with "/" at its end is a folder. A body that begins
// with "->" makes a link.
func tarOf(t *testing.T, entries ...*tar.Header) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		h.Mode = 0o600
		require.NoError(t, w.WriteHeader(h))
		_, err := w.Write(make([]byte, h.Size))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

func fileEntry(name string) *tar.Header { return &tar.Header{Name: name, Size: 3} }

func TestPartsOfAnArchive(t *testing.T) {
	archive := tarOf(t,
		fileEntry("./c/o"), fileEntry("/c/p"), fileEntry("alone"),
		&tar.Header{Name: "c/folder/", Typeflag: tar.TypeDir},
		&tar.Header{Name: "c/link", Typeflag: tar.TypeSymlink, Linkname: "c/o"},
		&tar.Header{Name: "d/../q", Size: 3, PAXRecords: map[string]string{
			"SCHILY.xattr.user.mime_type": "a/b", "SCHILY.xattr.user.meta.Colour": "red", "SCHILY.xattr.user.other": "no",
		}},
	)
	var p parts
	report := p.run(t, Options{}, "PUT", "/v1/a", "extract-archive=.TAR", archive,
		"X-Object-Meta-All: yes", "X-Delete-After: 60", "X-Container-Read: .r:*", "X-Auth-Token: t", "User-Agent: u")
	require.Contains(t, report, `"Response Status": "201 Created"`)
	require.Contains(t, report, `"Number Files Created": 3`)
	require.Equal(t, []string{
		"HEAD /v1/a/c", "PUT /v1/a/c", "PUT /v1/a/c/o", "PUT /v1/a/c/p", "HEAD /v1/a/d", "PUT /v1/a/d", "PUT /v1/a/d/../q",
	}, p.asked)
	h := p.header["PUT /v1/a/d/../q"]
	for name, want := range map[string]string{
		"X-Object-Meta-All": "yes", "X-Delete-After": "60", "X-Auth-Token": "t", "User-Agent": "u BulkExpand",
		"Content-Type": "a/b", "X-Object-Meta-Colour": "red", "X-Container-Read": "",
	} {
		require.Equal(t, want, h.Get(name), name)
	}
	require.False(t, p.header["PUT /v1/a/c"].Has("X-Object-Meta-All"), "metadata of objects goes to no container")
}

func TestPrefixOfAnArchive(t *testing.T) {
	for path, want := range map[string]string{"/v1/a/c": "PUT /v1/a/c/o", "/v1/a/c/": "PUT /v1/a/c/o", "/v1/a/c/d/e": "PUT /v1/a/c/d/e/o"} {
		t.Run(path, func(t *testing.T) {
			var p parts
			p.run(t, Options{}, "PUT", path, "extract-archive=tar", tarOf(t, fileEntry("o")))
			require.Equal(t, want, p.asked[len(p.asked)-1])
		})
	}
}

// TestContainersOfAnArchiveAreBounded: as many as allowed are made, and the next
// container ends the work.
func TestContainersOfAnArchiveAreBounded(t *testing.T) {
	o := Options{MaxContainersPerExtraction: 3}
	for containers, want := range map[int]string{3: "201 Created", 4: "400 Bad Request"} {
		t.Run(fmt.Sprint(containers), func(t *testing.T) {
			var entries []*tar.Header
			for i := range containers {
				entries = append(entries, fileEntry(fmt.Sprintf("c%d/o", i)))
			}
			report := new(parts).run(t, o, "PUT", "/v1/a", "extract-archive=tar", tarOf(t, entries...))
			require.Contains(t, report, `"Response Status": "`+want)
			require.Contains(t, report, `"Number Files Created": 3`)
			require.Equal(t, containers > 3, strings.Contains(report, "More than 3 containers to create from tar."))
		})
	}
}

func TestRefusedParts(t *testing.T) {
	refuse := func(part string, status int) func(string) int {
		return func(p string) int {
			if p == part {
				return status
			}
			return 0
		}
	}
	for _, c := range []struct {
		name   string
		status func(string) int
		want   string
		errors string
	}{
		{"a container that cannot be made, an object that is let in", refuse("PUT /v1/a/c", 403), "201 Created", `[]`},
		{"a container that cannot be looked at", refuse("HEAD /v1/a/c", 403), "201 Created", `[]`},
		{"an object that is refused", refuse("PUT /v1/a/c/o", 403), "400 Bad Request", `[["c/o", "403 Forbidden"]]`},
		{"both", func(p string) int { return map[string]int{"PUT /v1/a/c": 403, "PUT /v1/a/c/o": 404}[p] }, "400 Bad Request",
			`[["/v1/a/c", "403 Forbidden"], ["c/o", "404 Not Found"]]`},
		{"an object for a stranger", refuse("PUT /v1/a/c/o", 401), "401 Unauthorized", `[["c/o", "401 Unauthorized"]]`},
		{"a container for a stranger", refuse("PUT /v1/a/c", 401), "401 Unauthorized", `[]`},
		{"a fault of the server", refuse("PUT /v1/a/c/o", 503), "502 Bad Gateway", `[["c/o", "503 Service Unavailable"]]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parts{status: c.status}
			report := p.run(t, Options{}, "PUT", "/v1/a", "extract-archive=tar", tarOf(t, fileEntry("c/o")))
			require.Contains(t, report, `"Response Status": "`+c.want)
			require.Contains(t, report, `"Errors": `+c.errors)
		})
	}
}

// TestFailuresEndTheWork: after the last failure that is allowed nothing begins.
func TestFailuresEndTheWork(t *testing.T) {
	p := parts{status: func(part string) int {
		if strings.HasSuffix(part, "bad") {
			return 403
		}
		return 0
	}}
	report := p.run(t, Options{MaxFailedExtractions: 2}, "PUT", "/v1/a/c", "extract-archive=tar",
		tarOf(t, fileEntry("1bad"), fileEntry("2"), fileEntry("3bad"), fileEntry("4")))
	require.Contains(t, report, `"Number Files Created": 1`)
	require.NotContains(t, p.asked, "PUT /v1/a/c/4")

	p.asked = nil
	report = p.run(t, Options{MaxFailedDeletes: 2, DeleteConcurrency: 1}, "POST", "/v1/a", "bulk-delete", "c/1bad\nc/2\nc/3bad\nc/4\n")
	require.Contains(t, report, `"Response Body": "Max delete failures exceeded"`)
	require.Equal(t, []string{"DELETE /v1/a/c/1bad", "DELETE /v1/a/c/2", "DELETE /v1/a/c/3bad"}, p.asked)
}

// TestObjectsGoBeforeContainers, in the order of the list.
func TestObjectsGoBeforeContainers(t *testing.T) {
	p := parts{status: func(part string) int {
		if part == "DELETE /v1/a/c/gone" {
			return 404
		}
		return 0
	}}
	report := p.run(t, Options{DeleteConcurrency: 1}, "DELETE", "/v1/a/x", "bulk-delete", "c\n/c/gone\n\n c/a%20b \nd/\n")
	require.Contains(t, report, `"Number Deleted": 3, "Number Not Found": 1, "Errors": []`)
	require.Equal(t, []string{"DELETE /v1/a/c/gone", "DELETE /v1/a/c/a b", "DELETE /v1/a/c", "DELETE /v1/a/d/"}, p.asked)
}

func TestListsAreBounded(t *testing.T) {
	o := Options{MaxDeletesPerRequest: 2}
	for body, want := range map[string]string{
		"c/1\nc/2":     "200 OK",
		"c/1\nc/2\n":   "200 OK",
		"c/1\nc/2\nc3": "413 Request Entity Too Large",
		"c/1\n\nc/3":   "413 Request Entity Too Large",
		"\n\n\n":       "413 Request Entity Too Large",
	} {
		t.Run(fmt.Sprintf("%q", body), func(t *testing.T) {
			var p parts
			require.Contains(t, p.run(t, o, "POST", "/v1/a", "bulk-delete", body), `"Response Status": "`+want)
			require.Equal(t, want != "200 OK", p.asked == nil, "a list that is too long deletes nothing")
		})
	}
}

func TestOutcomes(t *testing.T) {
	failed := []swift.FailedName{{Name: "c/o", Status: "403 Forbidden"}}
	for _, c := range []struct {
		name       string
		outcome    outcome
		root, want string
	}{
		{"nothing to delete", outcome{}, "delete", "400 Bad Request Invalid bulk delete."},
		{"nothing to extract", outcome{}, "extract", "400 Bad Request Invalid Tar File: No Valid Files"},
		{"deleted", outcome{done: 1}, "delete", "200 OK "},
		{"missing", outcome{notFound: 1}, "delete", "200 OK "},
		{"created", outcome{done: 1}, "extract", "201 Created "},
		{"some failed", outcome{done: 1, failed: failed}, "extract", "400 Bad Request "},
		{"the server failed", outcome{done: 1, failed: failed, faulty: true}, "extract", "502 Bad Gateway "},
		{"ended before its time", outcome{done: 1, failed: failed, status: 413, text: "why"}, "delete", "413 Request Entity Too Large why"},
	} {
		t.Run(c.name, func(t *testing.T) {
			values := c.outcome.values(c.root)
			require.Equal(t, c.want, fmt.Sprintf("%v %v", values[0].Value, values[1].Value))
		})
	}
}

func TestPaxRecords(t *testing.T) {
	for record, want := range map[string]string{
		"SCHILY.xattr.user.mime_type=a/b":     "Content-Type: a/b",
		"LIBARCHIVE.xattr.user.mime_type=a/b": "Content-Type: a/b",
		"LIBARCHIVE.xattr.user.meta.a=1":      "X-Object-Meta-A: 1",
		"SCHILY.xattr.user.meta.=1":           "",
		"SCHILY.xattr.user.a=1":               "",
		"OTHER.xattr.user.meta.a=1":           "",
		"SCHILY.xattr.user.meta.a b=1":        "refused",
		"SCHILY.xattr.user.meta.a:=1":         "refused",
		"SCHILY.xattr.user.meta.a=1\n":        "refused",
		"SCHILY.xattr.user.meta.a=1\t2":       "X-Object-Meta-A: 1\t2",
		"SCHILY.xattr.user.meta.ä=1":          "X-Object-Meta-ä: 1",
	} {
		t.Run(record, func(t *testing.T) {
			key, value, _ := strings.Cut(record, "=")
			var h web.Header
			n, ok := addPax(&h, map[string]string{key: value})
			switch want {
			case "refused":
				require.False(t, ok)
			case "":
				require.True(t, ok)
				require.Zero(t, n)
				require.Empty(t, h)
			default:
				require.True(t, ok)
				require.Equal(t, want, h[0].Name+": "+h[0].Value)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	require.Equal(t, DefaultOptions(), Options{}.withDefaults(), "0 stands for the default")
	require.NoError(t, Options{MaxFailedDeletes: -1}.Validate())
	for given, want := range map[int]int{999: 999, 1000: 1000, 1001: 1000} {
		require.Equal(t, want, Options{DeleteConcurrency: given}.withDefaults().DeleteConcurrency)
	}
	sections := Options{MaxDeletesPerRequest: 7}.Info(feature.Site{})
	require.Equal(t, []swift.InfoSection{
		{Name: "bulk_upload", Value: pyjson.Object{{Key: "max_containers_per_extraction", Value: 10000}, {Key: "max_failed_extractions", Value: 1000}}},
		{Name: "bulk_delete", Value: pyjson.Object{{Key: "max_deletes_per_request", Value: 7}, {Key: "max_failed_deletes", Value: 1000}}},
	}, sections)
}

func TestOtherRequestsPass(t *testing.T) {
	for _, c := range [][3]string{{"GET", "/v1/a", "bulk-delete"}, {"PUT", "/v1/a", ""}, {"POST", "/v1/a", "extract-archive=tar"}} {
		var p parts
		m, err := Options{}.Middleware(feature.Site{Log: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		_, err = m(&p).Serve(&swift.Request{Request: &web.Request{Method: c[0], Path: c[1], RawQuery: c[2], Body: web.NoBody}})
		require.NoError(t, err)
		require.Equal(t, []string{c[0] + " " + c[1]}, p.asked)
	}
}
