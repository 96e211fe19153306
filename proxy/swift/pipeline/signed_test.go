// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func macOf(key, format string, args ...any) string {
	h := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(h, format, args...)
	return hex.EncodeToString(h.Sum(nil))
}

// signedURL is a temporary URL of an object, good until the year 2100.
func signedURL(method, path, key string) string {
	return fmt.Sprintf("%s %s?temp_url_sig=%s&temp_url_expires=4102444800", method, path, macOf(key, "%s\n4102444800\n%s", method, path))
}

// newSignedSite has keys on the account and on the container c, and an object
// in c and in d.
func newSignedSite(t *testing.T) *site {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", "X-Container-Meta-Temp-URL-Key: ckey")
	s.must(201, "owner", "PUT /v1/AUTH_test/d", "")
	s.must(204, "owner", "POST /v1/AUTH_test", "", "X-Account-Meta-Temp-URL-Key-2: akey")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/o", "inside")
	s.must(201, "owner", "PUT /v1/AUTH_test/d/o", "outside")
	return s
}

func TestTempURL(t *testing.T) {
	s := newSignedSite(t)
	for _, who := range []string{"none", "bad", "garbage", "other"} { // a token changes nothing
		for _, key := range []string{"akey", "ckey"} {
			require.Equal(t, "inside", s.must(200, who, signedURL("GET", "/v1/AUTH_test/c/o", key), "").body)
			s.must(201, who, signedURL("PUT", "/v1/AUTH_test/c/new", key), "new")
			s.must(202, who, signedURL("POST", "/v1/AUTH_test/c/new", key), "", "X-Object-Meta-A: 1")
			require.Empty(t, s.must(200, who, signedURL("HEAD", "/v1/AUTH_test/c/new", key), "").header.Get("X-Object-Meta-A"))
			s.must(204, who, signedURL("DELETE", "/v1/AUTH_test/c/new", key), "")
			s.must(404, who, signedURL("GET", "/v1/AUTH_test/c/new", key), "")
		}
		s.must(200, who, signedURL("GET", "/v1/AUTH_test/d/o", "akey"), "")
		s.must(401, who, signedURL("GET", "/v1/AUTH_test/d/o", "ckey"), "")
		s.must(401, who, signedURL("GET", "/v1/AUTH_test2/c/o", "akey"), "")
		s.must(401, who, signedURL("GET", "/v1/AUTH_test/missing/o", "ckey"), "")
		s.must(401, who, signedURL("COPY", "/v1/AUTH_test/c/o", "akey"), "", "Destination: c/p")
	}
	s.must(204, "owner", "POST /v1/AUTH_test", "", "X-Remove-Account-Meta-Temp-URL-Key-2: x")
	s.must(401, "none", signedURL("GET", "/v1/AUTH_test/c/o", "akey"), "")
}

// Reads on behalf of a URL stay in the scope of its key, and an upload points
// nowhere.
func TestTempURLReachesNoFurther(t *testing.T) {
	s := newSignedSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c/manifest", "", "X-Object-Manifest: d/o")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/link", "", "X-Symlink-Target: d/o")
	for _, name := range []string{"manifest", "link"} {
		require.Equal(t, "outside", s.must(200, "none", signedURL("GET", "/v1/AUTH_test/c/"+name, "akey"), "").body)
		s.must(401, "none", signedURL("GET", "/v1/AUTH_test/c/"+name, "ckey"), "")
	}
	for _, line := range []string{"X-Object-Manifest: d/o", "X-Symlink-Target: d/o", "X-Copy-From: d/o"} {
		a := s.must(400, "none", signedURL("PUT", "/v1/AUTH_test/c/n", "akey"), "", line)
		name, _, _ := strings.Cut(line, ":")
		require.Equal(t, "The header '"+name+"' is not allowed in this tempurl", a.body)
	}
	// What else a query can ask for is not signed, and so not heard.
	manifest := `[{"path":"d/o"}]`
	s.must(201, "none", signedURL("PUT", "/v1/AUTH_test/c/slo", "akey")+"&multipart-manifest=put", manifest)
	require.Equal(t, manifest, s.must(200, "none", signedURL("GET", "/v1/AUTH_test/c/slo", "akey"), "").body)
	s.must(201, "none", signedURL("PUT", "/v1/AUTH_test/c/tar", "akey")+"&extract-archive=tar", "no archive")
	require.Equal(t, "no archive", s.must(200, "owner", "GET /v1/AUTH_test/c/tar", "").body)
	s.must(204, "none", signedURL("DELETE", "/v1/AUTH_test/c/tar", "akey")+"&bulk-delete", "d/o")
	s.must(200, "owner", "GET /v1/AUTH_test/d/o", "")
	require.Equal(t, "outside", s.must(200, "none", signedURL("GET", "/v1/AUTH_test/c/manifest", "akey")+"&multipart-manifest=get", "").body)
}

// The keys are the owner's to see (and no page of errors has them).
func TestTempURLKeysStayHidden(t *testing.T) {
	s := newSignedSite(t)
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Read: .r:*,.rlistings,test2:*")
	for who, shown := range map[string]string{"owner": "ckey", "none": "", "other": "", "reader": ""} {
		a := s.must(204, who, "HEAD /v1/AUTH_test/c", "")
		require.Equal(t, shown, a.header.Get("X-Container-Meta-Temp-Url-Key"), who)
	}
}

func signedForm(path, key, filename, content string) (body string, line string) {
	fields := map[string]string{
		"max_file_size": "100", "max_file_count": "1", "expires": "4102444800",
		"signature": macOf(key, "%s\n\n100\n1\n4102444800", path),
	}
	for name, value := range fields {
		body += "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	return body + "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" + filename + "\"\r\nContent-Type: x/y\r\n\r\n" + content + "\r\n--b--\r\n",
		"Content-Type: multipart/form-data; boundary=b"
}

func TestFormPost(t *testing.T) {
	s := newSignedSite(t)
	for i, who := range []string{"none", "bad", "other"} {
		for _, key := range []string{"akey", "ckey"} {
			name := fmt.Sprint(i, key)
			body, line := signedForm("/v1/AUTH_test/c/up/", key, name, "content")
			require.Equal(t, "201 Created", s.must(201, who, "POST /v1/AUTH_test/c/up/", body, line).body)
			a := s.must(200, "owner", "GET /v1/AUTH_test/c/up/"+name, "")
			require.Equal(t, "content", a.body)
			require.Equal(t, "x/y", a.header.Get("Content-Type"))
			s.must(401, who, "POST /v1/AUTH_test/c/other/", body, line)
		}
	}
	body, line := signedForm("/v1/AUTH_test/d", "ckey", "f", "x")
	require.Contains(t, s.must(401, "none", "POST /v1/AUTH_test/d", body, line).body, "FormPost: Invalid Signature")
	body, line = signedForm("/v1/AUTH_test/missing", "akey", "f", "x")
	s.must(404, "none", "POST /v1/AUTH_test/missing", body, line)
	body, line = signedForm("/v1/AUTH_test/c", "akey", "f\x00", "x")
	s.must(412, "none", "POST /v1/AUTH_test/c", body, line)
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Meta-Quota-Count: 1")
	body, line = signedForm("/v1/AUTH_test/c", "akey", "f", "x")
	require.Contains(t, s.must(413, "none", "POST /v1/AUTH_test/c", body, line).body, "quota")
}
