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

// restoreSteps ask for versions by the ids that the servers gave them.
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

const formBoundary = "the-form-boundary"

// form is a multipart body: pairs of name and value, then files.
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

// tarball holds files under their names; its time is fixed.
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

// staticLinkSteps are links that name their target's ETag.
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
