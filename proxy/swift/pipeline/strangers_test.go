// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"io"
	"strings"
	"testing"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// endless is a body without an end, of which n bytes have been read.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.n += int64(len(p))
	if e.n > 64<<20 {
		return 0, io.ErrUnexpectedEOF // what reads on is wrong already
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// readOfForms is how much of a form is read before it is refused: its signature
// is a field of the body. See package formpost for what is kept of it.
const readOfForms = 64 << 10

// Whoever has no right is refused before a byte of the body is read, whatever
// the method, the path and the feature that is asked for.
func TestStrangersBodyIsNotRead(t *testing.T) {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "body")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/slo?multipart-manifest=put", `[{"path":"/c/o"}]`)
	queries := []string{
		"", "extract-archive=tar", "extract-archive=tar.gz", "extract-archive=tar.bz2", "bulk-delete", "multipart-manifest=put",
		"multipart-manifest=put&heartbeat=on", "multipart-manifest=get", "multipart-manifest=delete", "multipart-manifest=delete&async=yes",
		"versions", "version-id=null", "version-id=1.0", "symlink=get", "format=json", "temp_url_sig=0&temp_url_expires=4102444800",
	}
	lines := []string{
		"", "X-Copy-From: c/o", "Destination: c/p", "X-Object-Manifest: c/s", "X-Symlink-Target: c/o", "X-Versions-Enabled: true",
		"Content-Type: multipart/form-data; boundary=b", "Content-Type: text/plain", "X-Container-Sync-Key: k", "X-Detect-Content-Type: true",
	}
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "COPY", "PATCH"} {
		for _, path := range []string{"/info", "/v1/AUTH_test", "/v1/AUTH_none", "/v1/AUTH_test/c", "/v1/AUTH_test/none", "/v1/AUTH_test/c/o", "/v1/AUTH_test/c/slo"} {
			for _, query := range queries {
				for _, line := range lines {
					for _, who := range []string{"none", "other"} {
						body := new(endless)
						r := &swift.Request{Request: &web.Request{
							Method: method, RawPath: path, Path: path, RawQuery: query, Scheme: "http", Host: "h",
							Body: body, ContentLength: -1,
						}}
						if name, value, ok := strings.Cut(line, ": "); ok {
							r.Header.Add(name, value)
						}
						if who == "other" && (strings.HasPrefix(query, "bulk") || strings.HasPrefix(query, "extract")) {
							continue // a user whose rights the names in the body decide on
						}
						if who != "none" {
							r.Header.Add("X-Auth-Token", s.tokens[who])
						}
						s.send(r)
						bound := int64(0)
						if method == "POST" && strings.Contains(line, "form-data") {
							bound = readOfForms
						}
						if body.n > bound {
							t.Errorf("%s %s?%s with %q as %s: %d bytes of the body were read", method, path, query, line, who, body.n)
						}
					}
				}
			}
		}
	}
}
