// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// restoreSteps asks for versions by the IDs that the servers have given.
func restoreSteps(g *group) {
	g.do("PUT", "/res", "X-Versions-Enabled: true")
	g.do("PUT", "/other")
	g.put("/res/o", "first", "X-Object-Meta-A: 1", "Content-Type: text/x")
	g.do("GET", "/res/o?version-id={version}")
	g.do("HEAD", "/res/o?version-id={version}")
	g.do("GET", "/res/o?version-id={version}", "Range: bytes=1-2")
	g.do("COPY", "/res/o?version-id={version}", "Destination: other/o")
	g.do("GET", "/other/o")
	g.do("PUT", "/other/p", "X-Copy-From: res/o?version-id={version}")
	g.do("COPY", "/res/o", "Destination: res/copy")
	g.do("GET", "/res/copy")
	g.put("/res/o", "second")
	g.do("POST", "/res/o", "X-Object-Meta-B: 2")
	g.do("GET", "/res/o")
	g.do("POST", "/res/o?version-id={version}", "X-Object-Meta-B: 2")
	g.put("/res/o?version-id={version}", "not empty")
	g.do("PUT", "/res/o?version-id={version}")
	g.do("GET", "/res/o")
	g.do("DELETE", "/res/o")
	g.do("GET", "/res/o?version-id={version}")
	g.do("GET", "/res/o")
	g.do("DELETE", "/res/o?version-id={version}")
	g.do("DELETE", "/res/o?version-id={version}")
	g.do("GET", "/res/o?version-id=1234567890.12345")
	g.do("PUT", "/res/o?version-id=1234567890.12345")
	g.do("GET", "/other/o?version-id=1234567890.12345")
	g.do("GET", "/res?versions&format=json&limit=1")
	g.do("GET", "/res?versions&format=json&prefix=copy")
	g.do("PUT", "/res", "X-Versions-Location: other")
	g.do("PUT", "/res/link", "X-Symlink-Target: other/o")
	g.do("GET", "/res/link")
}

// versionIDSteps asks for objects in a container with versions, and gets answers of all
// kinds: each names a version.
func versionIDSteps(g *group) {
	const etag = "841a2d689ad86bd1611447453c22c6fc" // of "body"
	read := func(path string, header ...string) {
		g.do("GET", path, header...)
		g.do("HEAD", path, header...)
	}
	g.do("PUT", "/vid")
	g.do("PUT", "/unvid")
	g.put("/unvid/o", "body")
	g.put("/vid/null", "body")
	g.do("POST", "/vid", "X-Versions-Enabled: true")
	g.put("/vid/marked", "gone")
	g.do("DELETE", "/vid/marked")
	g.do("PUT", "/vid/link", "X-Symlink-Target: unvid/o")
	g.do("PUT", "/vid/static", "X-Symlink-Target: unvid/o", "X-Symlink-Target-Etag: "+etag)
	g.do("PUT", "/vid/dangles", "X-Symlink-Target: unvid/gone")
	g.put("/vid/o", "body", "X-Object-Meta-B: 2", "Content-Disposition: inline", "X-Delete-At: 4102444800")
	for _, query := range []string{"", "?symlink=get", "?version-id={version}"} {
		read("/vid/o" + query)
	}
	for _, enabled := range []string{"true", "false"} {
		g.do("POST", "/vid", "X-Versions-Enabled: "+enabled)
		for _, name := range []string{"null", "o"} {
			read("/vid/" + name)
			read("/vid/"+name, "If-None-Match: "+etag)
			read("/vid/"+name, "If-Match: x")
			read("/vid/"+name, "Range: bytes=4-")
			read("/vid/"+name, "Range: bytes=1-2")
			g.do("POST", "/vid/"+name, "X-Object-Meta-A: 1")
		}
		read("/vid/o?version-id={version}", "If-None-Match: "+etag)
		read("/vid/o?version-id={version}", "If-Match: x")
		read("/vid/o?version-id={version}", "Range: bytes=4-")
		read("/vid/o?symlink=get")
		for _, name := range []string{"marked", "never"} {
			read("/vid/" + name)
			read("/vid/"+name, "If-Match: *")
			read("/vid/" + name + "?version-id=null")
			read("/vid/" + name + "?symlink=get")
			g.do("POST", "/vid/"+name, "X-Object-Meta-A: 1")
			g.do("COPY", "/vid/"+name, "Destination: unvid/copy")
		}
		for _, name := range []string{"link", "static", "dangles"} {
			read("/vid/" + name)
		}
		for _, user := range []string{anonymous, "tester3", "tester2"} {
			for _, name := range []string{"o", "null", "never"} {
				for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "DELETE"} {
					g.as(user, method, "/v1/AUTH_test/vid/"+name)
				}
			}
		}
		g.do("OPTIONS", "/vid/o")
		g.do("OPTIONS", "/vid/never")
	}
	g.do("GET", "/vid?format=json")
	g.do("GET", "/vid?versions&format=json")
}

const formBoundary = "the-form-boundary"

// form returns a multipart body: pairs of name and value, then files.
func form(fields []string, files ...string) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", formBoundary, fields[i], fields[i+1])
	}
	for i, content := range files {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=\"file%d\"; filename=\"f%d.txt\"\r\nContent-Type: text/plain\r\n\r\n%s\r\n",
			formBoundary, i, i, content)
	}
	return b.String() + "--" + formBoundary + "--\r\n"
}

func formpostSteps(g *group) {
	const key, path = "form-key", "/v1/AUTH_test/form/"
	g.do("POST", "", "X-Account-Meta-Temp-URL-Key: "+key)
	g.do("PUT", "/form")
	signed := func(redirect, size, count, expires string) []string {
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n%s", path, redirect, size, count, expires)
		return []string{
			"redirect", redirect, "max_file_size", size, "max_file_count", count, "expires", expires,
			"signature", hex.EncodeToString(mac.Sum(nil)),
		}
	}
	post := func(body string) {
		g.as(anonymous, "POST", path, "Content-Type: multipart/form-data; boundary="+formBoundary).body = body
	}
	const future = "4102444800"
	post(form(signed("", "100", "2", future), "file body"))
	g.do("GET", "/form/f0.txt")
	post(form(signed("", "100", "2", future), "file 0", "file 1"))
	post(form(signed("", "100", "2", future), "file 0", "file 1", "file 2"))
	post(form(signed("http://r.example/", "100", "2", future), "file body"))
	post(form(signed("http://r.example/?a=b", "3", "2", future), "file body"))
	post(form(signed("", "3", "2", future), "file body"))
	post(form(signed("", "100", "2", "1"), "file body"))
	post(form(signed("", "100", "2", "x"), "file body"))
	post(form(signed("", "x", "2", future), "file body"))
	post(form(signed("", "100", "x", future), "file body"))
	post(form(signed("", "100", "2", future)))
	post(form([]string{"expires", future}, "file body"))
	post(form(append(signed("", "100", "2", future)[:8], "signature", "wrong"), "file body"))
	post(form(append(signed("", "100", "2", future), "x_delete_at", "x"), "file body"))
	post("no form at all")
	g.as(anonymous, "POST", path, "Content-Type: multipart/form-data").body = "x"
	g.do("GET", "/form?format=json")
}

// tarball returns an archive of files with fixed times.
func tarball(files ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range files {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(name)), ModTime: time.Unix(1, 0), Typeflag: tar.TypeReg})
		_, _ = w.Write([]byte(name))
	}
	_ = w.Close()
	return b.String()
}

func archiveSteps(g *group) {
	extract := func(path, body, accept string) {
		g.do("PUT", path+"?extract-archive=tar", "Accept: "+accept).body = body
	}
	for _, accept := range []string{"text/plain", "application/json", "application/xml"} {
		extract("", tarball("ar1/a", "ar1/b/c", "ar2/d"), accept)
		extract("/ar3", tarball("x", "y/z"), accept)
		extract("/ar3/below", tarball("x"), accept)
		extract("", tarball("no-container"), accept)
		extract("/ar3", tarball(), accept)
	}
	for _, path := range []string{"/ar1", "/ar2", "/ar3"} {
		g.do("GET", path)
	}
	g.do("GET", "/ar3/below/x")
}

func quoterSteps(g *group) {
	g.do("PUT", "/quoted", "X-Container-Rfc-Compliant-Etags: true")
	g.do("HEAD", "/quoted")
	g.put("/quoted/o", "body")
	g.do("GET", "/quoted/o")
	g.do("HEAD", "/quoted/o")
	g.do("GET", "/quoted/o", "If-None-Match: \"841a2d689ad86bd1611447453c22c6fc\"")
	g.do("GET", "/quoted?format=json")
	g.do("POST", "/quoted", "X-Container-Rfc-Compliant-Etags: false")
	g.do("GET", "/quoted/o")
	g.do("POST", "/quoted", "X-Container-Rfc-Compliant-Etags: nonsense")
	g.do("HEAD", "/quoted")
}

// staticLinkSteps makes links that name the ETag of the target.
func staticLinkSteps(g *group) {
	const etag = "841a2d689ad86bd1611447453c22c6fc"
	g.do("PUT", "/sl")
	g.put("/sl/o", "body", "Content-Type: text/x")
	g.do("PUT", "/sl/link", "X-Symlink-Target: sl/o", "X-Symlink-Target-Etag: "+etag)
	g.do("GET", "/sl/link")
	g.do("HEAD", "/sl/link")
	g.do("GET", "/sl/link?symlink=get")
	g.do("PUT", "/sl/second", "X-Symlink-Target: sl/link", "X-Symlink-Target-Etag: "+etag)
	g.do("GET", "/sl/second")
	g.do("GET", "/sl?format=json")
	g.put("/sl/o", "changed")
	g.do("GET", "/sl/link")
	g.do("HEAD", "/sl/second")
	g.do("COPY", "/sl/link", "Destination: sl/copied")
	g.put("/sl/m?multipart-manifest=put", `[{"path": "/sl/o"}]`)
	g.do("HEAD", "/sl/m?multipart-manifest=get")
	g.do("PUT", "/sl/tom", "X-Symlink-Target: sl/m")
	g.do("PUT", "/sl/fixed", "X-Symlink-Target: sl/m", "X-Symlink-Target-Etag: 73d8cd13a54af8cb50fac3c1b0d2b3b9")
	g.do("GET", "/sl/tom")
	g.do("GET", "/sl?format=json")
	g.do("DELETE", "/sl/o")
	g.do("GET", "/sl/link")
	g.do("PUT", "/sl/slo?multipart-manifest=put").body = `[{"path": "/sl/second"}]`
}

// accountListingSteps lists the containers of an account without objects: no counter
// of Swift's is late.
func accountListingSteps(g *group) {
	do := func(method, path string, header ...string) { g.as("tester2", method, "/v1/AUTH_test2"+path, header...) }
	for _, name := range []string{"a", "a-1", "a-2", "b.c", "b.d", "z%C3%BC", "%20lead", "UPPER"} {
		do("PUT", "/"+name)
	}
	for _, query := range []string{
		"", "format=json", "format=xml", "prefix=a", "prefix=a-&format=json", "delimiter=-", "delimiter=-&format=json", "delimiter=-&format=xml",
		"delimiter=.&prefix=b.", "marker=a-1", "end_marker=b.c", "marker=a&end_marker=b&format=json", "limit=2", "limit=2&marker=a-1&format=json",
		"reverse=true", "reverse=true&marker=b&limit=2", "reverse=1&end_marker=a-1", "prefix=none", "prefix=none&format=json", "delimiter=%FF",
	} {
		do("GET", "?"+query)
	}
	do("DELETE", "/a-1")
	do("GET", "?prefix=a")
	do("GET", "", "Accept: application/json;q=0.5, text/xml")
	do("GET", "", "Accept: text/plain;q=0.1, application/json;q=0.9")
	do("GET", "", "Accept: text/html")
}

// oddSteps sends requests with odd names, queries and headers.
func oddSteps(g *group) {
	g.do("PUT", "/odd")
	for _, name := range []string{
		"a//b", "/", "//", "a/", ".", "..", "./a", "a?b=c", "a%3Fb", "a%23b", "a+b", "a%2Bb", "%E2%98%83", "%22%27%3C%3E", "a%0Ab", "a%09b", "a;b", "a&b", "a=b", "%25", "%",
		"%zz", "~", "a:b", "@", "%C3", "%00", "a%7Cb", "a\\b",
	} {
		g.put("/odd/"+name, "x")
		g.do("GET", "/odd/"+name)
	}
	for _, query := range []string{"", "?format=json", "?format=xml", "?delimiter=/", "?delimiter=/&prefix=a/", "?prefix=%25", "?prefix=%", "?marker=a%3Fb", "?delimiter=%2F&format=xml"} {
		g.do("GET", "/odd"+query)
	}
	for _, name := range []string{".", "..", "%20", "a%20b", "%E2%98%83", "%FF", "a%00", strings.Repeat("c", 256), strings.Repeat("%C3%BC", 128)} {
		g.do("PUT", "/"+name)
		g.do("HEAD", "/"+name)
		g.do("DELETE", "/"+name)
	}
	g.do("PUT", "/")
	g.do("PUT", "/%2F")
	g.do("PUT", "/"+strings.Repeat("%C3%BC", 129))
	g.put("/odd/"+strings.Repeat("n", 1024), "x")
	g.do("DELETE", "/odd/"+strings.Repeat("n", 1024))
	g.put("/odd/"+strings.Repeat("%C3%BC", 513), "x")
	for _, h := range []string{
		"X-Delete-At: 9999999999", "X-Delete-At: 99999999999", "X-Delete-After: 9999999999", "X-Object-Manifest: x", "X-Object-Manifest: c/", "Content-Encoding: ",
		"Content-Disposition: ", "X-Object-Meta-Empty: ", "Content-Type: text/plain;charset=UTF-8 ; x=y", "Content-Type: a b", "Content-Type: \xff", "X-Detect-Content-Type: true",
	} {
		g.put("/odd/h.txt", "x", h)
		g.do("HEAD", "/odd/h.txt")
	}
	g.do("POST", "/odd/h.txt", "Content-Type: a/b;swift_x=1")
	g.do("POST", "/odd/h.txt", "X-Delete-At: x")
	g.do("POST", "/odd/h.txt", "X-Delete-After: 100", "X-Remove-Delete-At: x")
	g.do("POST", "/odd/h.txt").body = "an ignored body"
	g.do("DELETE", "/odd/h.txt").body = "an ignored body"
	g.do("DELETE", "/odd/h.txt?multipart-manifest=delete")
	g.do("PUT", "/odd/link", "X-Symlink-Target: odd/link2", "X-Symlink-Target-Account: AUTH_test2")
	g.do("GET", "/odd/link")
	g.do("PUT", "/odd", "X-Container-Sync-Key: k", "X-Container-Meta-Access-Control-Max-Age: x")
	g.do("HEAD", "/odd")
	g.do("DELETE", "/odd", "X-Container-Meta-A: b")
}
