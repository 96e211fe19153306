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

// newWebSite has a container that everyone may read and list, and one that only
// its owner may.
func newWebSite(t *testing.T, lines ...string) *site {
	s := newSite(t)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "", append([]string{"X-Container-Read: .r:*,.rlistings"}, lines...)...)
	s.must(201, "owner", "PUT /v1/AUTH_test/private", "", "X-Container-Meta-Web-Listings: true", "X-Container-Meta-Web-Error: error.html")
	for name, body := range map[string]string{
		"index.html": "root index", "404error.html": "sorry", "401error.html": "go away",
		"dir/index.html": "dir index", "plain/a%20%22b%22": "12", "plain/sub/o": "x", "plain/.hidden": "", "plain//x": "",
	} {
		s.must(201, "owner", "PUT /v1/AUTH_test/c/"+name, body, "Content-Type: text/plain")
	}
	s.must(201, "owner", "PUT /v1/AUTH_test/c/marker", "", "Content-Type: application/directory")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/marker/o", "")
	return s
}

func TestStaticWebIndex(t *testing.T) {
	s := newWebSite(t, "X-Container-Meta-Web-Index: index.html")
	for _, who := range []string{"none", "owner"} {
		mode := "X-Web-Mode: true"
		require.Equal(t, "root index", s.must(200, who, "GET /v1/AUTH_test/c/", "", mode).body)
		require.Equal(t, "dir index", s.must(200, who, "GET /v1/AUTH_test/c/dir/", "", mode).body)
		for _, path := range []string{"/v1/AUTH_test/c", "/v1/AUTH_test/c/dir", "/v1/AUTH_test/c/plain", "/v1/AUTH_test/c/marker"} {
			require.Equal(t, "http://h"+path+"/", s.must(301, who, "GET "+path, "", mode).header.Get("Location"))
		}
		require.Contains(t, s.must(404, who, "GET /v1/AUTH_test/c/plain/", "", mode).body, "Index File Not Found")
		s.must(404, who, "GET /v1/AUTH_test/c/nothing", "", mode)
		s.must(404, who, "GET /v1/AUTH_test/c/nothing/", "", mode)
	}
	require.Equal(t, "root", s.must(206, "none", "GET /v1/AUTH_test/c/", "", "Range: bytes=0-3").body)
	s.must(304, "none", "GET /v1/AUTH_test/c/", "", "If-None-Match: *")
	require.Equal(t, "10", fmt.Sprint(len(s.must(200, "none", "GET /v1/AUTH_test/c/", "").body)))
	require.Contains(t, s.must(200, "owner", "GET /v1/AUTH_test/c", "").body, "index.html\n", "an owner sees the container")
	require.Empty(t, s.must(200, "owner", "GET /v1/AUTH_test/c/marker", "").body)
}

func TestStaticWebErrorPages(t *testing.T) {
	s := newWebSite(t, "X-Container-Meta-Web-Index: index.html", "X-Container-Meta-Web-Error: error.html")
	require.Equal(t, "sorry", s.must(404, "none", "GET /v1/AUTH_test/c/nothing", "").body)
	require.Equal(t, "sorry", s.must(404, "none", "GET /v1/AUTH_test/c/plain/", "").body)
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Read: .r:*")
	a := s.must(401, "none", "GET /v1/AUTH_test/c/", "")
	require.Equal(t, "go away", a.body)
	require.Equal(t, `Swift realm="AUTH_test"`, a.header.Get("Www-Authenticate"))
	require.Equal(t, "text/plain", a.header.Get("Content-Type"))
	require.Equal(t, "dir index", s.must(200, "none", "GET /v1/AUTH_test/c/dir/", "").body, "objects need no right to list")
	s.must(204, "owner", "DELETE /v1/AUTH_test/c/404error.html", "")
	require.Contains(t, s.must(404, "none", "GET /v1/AUTH_test/c/nothing", "").body, "Not Found")
}

// Who may not read a container cannot tell whether it is a site, or is there.
func TestStaticWebTellsNothingOfClosedContainers(t *testing.T) {
	s := newWebSite(t)
	for _, path := range []string{"", "/", "/o", "/o/"} {
		closed := s.must(401, "none", "GET /v1/AUTH_test/private"+path, "")
		missing := s.must(401, "none", "GET /v1/AUTH_test/missing"+path, "")
		require.Equal(t, missing.body, closed.body)
		s.must(403, "other", "GET /v1/AUTH_test/private"+path, "", "X-Web-Mode: true")
		s.must(403, "other", "GET /v1/AUTH_test/missing"+path, "", "X-Web-Mode: true")
	}
	s.must(404, "owner", "GET /v1/AUTH_test/missing/", "", "X-Web-Mode: true")
	s.must(404, "owner", "GET /v1/AUTH_test/c/", "", "X-Web-Mode: true")
	require.Contains(t, s.must(200, "none", "GET /v1/AUTH_test/c/", "").body, "index.html\n", "no site: the plain listing")
	s.must(404, "none", "GET /v1/AUTH_test/c/plain", "")
}

func TestStaticWebListing(t *testing.T) {
	s := newWebSite(t, "X-Container-Meta-Web-Listings: true")
	a := s.must(200, "none", "GET /v1/AUTH_test/c/plain/", "")
	require.Equal(t, "text/html; charset=UTF-8", a.header.Get("Content-Type"))
	require.Empty(t, a.header.Get("X-Backend-Content-Generator"))
	for _, want := range []string{
		"<title>Listing of /v1/AUTH_test/c/plain/</title>",
		`<h1 id="title">Listing of /v1/AUTH_test/c/plain/</h1>`,
		`<a href="../">../</a>`,
		`<a href="sub/">sub/</a>`,
		`<a href=".//">/</a>`,
		`<a href="./%2Ehidden">.hidden</a>`,
		`<tr class="item type-text type-plain">`,
		`<a href="a%20%22b%22">a &quot;b&quot;</a></td>` + "\n    <td class=\"colsize\">2</td>",
	} {
		require.Contains(t, a.body, want)
	}
	require.NotContains(t, a.body, "index.html")
	require.NotContains(t, s.must(200, "none", "GET /v1/AUTH_test/c/", "").body, "../")
	s.must(404, "none", "GET /v1/AUTH_test/c/nothing/", "")
	require.Contains(t, s.must(200, "none", "GET /v1/AUTH_test/c/marker/", "").body, `<a href="o">o</a>`)
	s.must(301, "none", "HEAD /v1/AUTH_test/c/plain", "")

	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Meta-Web-Listings-Css: s/l.css", "X-Container-Meta-Web-Listings-Label: my <label>")
	a = s.must(200, "none", "GET /v1/AUTH_test/c/plain/sub/", "")
	require.Contains(t, a.body, `<link rel="stylesheet" type="text/css" href="../../s/l.css" />`)
	require.Contains(t, a.body, "<title>Listing of my &lt;label&gt;/plain/sub/</title>")
	// The right to read objects is not the right to list.
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Read: .r:*")
	s.must(401, "none", "GET /v1/AUTH_test/c/plain/", "")
	s.must(404, "none", "GET /v1/AUTH_test/c/plain", "")
}

func tempURL(method, path, prefix string) string {
	const expires = 4102444800
	h := hmac.New(sha256.New, []byte("key"))
	fmt.Fprintf(h, "%s\n%d\nprefix:%s%s", method, expires, path, prefix)
	return fmt.Sprintf("temp_url_sig=%s&temp_url_expires=%d&temp_url_prefix=%s", hex.EncodeToString(h.Sum(nil)), expires, prefix)
}

// A temporary URL with a prefix walks the folders below it, link by link.
func TestStaticWebByTempURL(t *testing.T) {
	s := newWebSite(t, "X-Container-Meta-Web-Listings: true", "X-Container-Meta-Temp-Url-Key: key")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Remove-Container-Read: x")
	all, below := tempURL("GET", "/v1/AUTH_test/c/", ""), tempURL("GET", "/v1/AUTH_test/c/", "plain/")
	s.must(401, "none", "GET /v1/AUTH_test/c/", "")
	s.must(301, "none", "GET /v1/AUTH_test/c?"+all, "")
	a := s.must(200, "none", "GET /v1/AUTH_test/c/plain/?"+all+"&inline", "")
	parts := strings.Split(all, "&")
	query := "?" + parts[2] + "&amp;" + parts[1] + "&amp;" + parts[0] + "&amp;inline"
	require.Contains(t, a.body, `<a href="../`+query+`">`)
	require.Contains(t, a.body, `<a href="./sub/`+query+`">sub/</a>`)
	require.Equal(t, "inline", a.header.Get("Content-Disposition"))
	a = s.must(200, "none", "GET /v1/AUTH_test/c/plain/?"+below, "")
	require.NotContains(t, a.body, "../")
	require.Contains(t, s.must(200, "none", "GET /v1/AUTH_test/c/plain/sub/?"+below, "").body, "../")
	s.must(401, "none", "GET /v1/AUTH_test/c/?"+below, "")
	s.must(401, "none", "GET /v1/AUTH_test/c/marker/?"+below, "")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Meta-Web-Listings:")
	s.must(401, "none", "GET /v1/AUTH_test/c/?"+all, "")
	s.must(401, "none", "GET /v1/AUTH_test/c?"+all, "")
	s.must(404, "none", "GET /v1/AUTH_test/c/plain/?"+all, "")
	s.must(200, "none", "GET /v1/AUTH_test/c/plain/sub/o?"+all, "")
	s.must(204, "owner", "POST /v1/AUTH_test/c", "", "X-Container-Meta-Temp-Url-Key:")
	s.must(401, "none", "GET /v1/AUTH_test/c/plain/sub/o?"+all, "")
}
