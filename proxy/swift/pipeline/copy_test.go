// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"crypto/md5"
	"encoding/hex"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

func etagOf(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// newCopySite has /AUTH_test/{c,d} and /AUTH_test2/{c,private}, and one object
// with all kinds of headers in AUTH_test/c under a name that needs quoting.
func newCopySite(t *testing.T, change ...func(*controllers.Config)) *site {
	s := newSite(t, change...)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "")
	s.must(201, "owner", "PUT /v1/AUTH_test/d", "")
	s.must(201, "other", "PUT /v1/AUTH_test2/c", "", "X-Container-Read: test:tester", "X-Container-Write: test:tester")
	s.must(201, "other", "PUT /v1/AUTH_test2/private", "")
	s.must(201, "other", "PUT /v1/AUTH_test2/private/o", "secret")
	s.must(201, "owner", "PUT /v1/AUTH_test/c/a%20b%252F/x", "0123456789",
		"Content-Type: text/x-src", "X-Object-Meta-Color: red", "X-Object-Meta-Size: big",
		"Content-Disposition: attachment", "Content-Encoding: gzip", "X-Delete-At: 9999999999")
	return s
}

const copySource = "c/a%20b%252F/x"

func TestCopy(t *testing.T) {
	for name, do := range map[string]func(s *site, status int, lines ...string) reply{
		"PUT": func(s *site, status int, lines ...string) reply {
			return s.must(status, "owner", "PUT /v1/AUTH_test/d/new", "", append(lines, "X-Copy-From: "+copySource)...)
		},
		"PUT with a slash": func(s *site, status int, lines ...string) reply {
			return s.must(status, "owner", "PUT /v1/AUTH_test/d/new", "", append(lines, "X-Copy-From: /"+copySource)...)
		},
		"PUT naming the account": func(s *site, status int, lines ...string) reply {
			return s.must(status, "owner", "PUT /v1/AUTH_test/d/new", "", append(lines, "X-Copy-From: "+copySource, "X-Copy-From-Account: AUTH%5Ftest")...)
		},
		"COPY": func(s *site, status int, lines ...string) reply {
			return s.must(status, "owner", "COPY /v1/AUTH_test/"+copySource, "", append(lines, "Destination: d/new")...)
		},
		"COPY naming the account": func(s *site, status int, lines ...string) reply {
			return s.must(status, "owner", "COPY /v1/AUTH_test/"+copySource, "", append(lines, "Destination: /d%2Fnew", "Destination-Account: AUTH_test")...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newCopySite(t)
			src := s.must(200, "owner", "HEAD /v1/AUTH_test/"+copySource, "")
			a := do(s, 201, "X-Object-Meta-Color: blue", "X-Object-Meta-Extra: more")
			require.Equal(t, etagOf("0123456789"), a.header.Get("Etag"))
			require.Equal(t, "c/a%20b%252F/x", a.header.Get("X-Copied-From"))
			require.Equal(t, "AUTH_test", a.header.Get("X-Copied-From-Account"))
			require.Equal(t, src.header.Get("Last-Modified"), a.header.Get("X-Copied-From-Last-Modified"))
			require.Equal(t, "blue", a.header.Get("X-Object-Meta-Color"))
			require.Equal(t, "big", a.header.Get("X-Object-Meta-Size"))
			got := s.must(200, "owner", "GET /v1/AUTH_test/d/new", "")
			require.Equal(t, "0123456789", got.body)
			for header, want := range map[string]string{
				"Content-Type": "text/x-src", "X-Object-Meta-Color": "blue", "X-Object-Meta-Size": "big",
				"X-Object-Meta-Extra": "more", "Content-Disposition": "attachment", "Content-Encoding": "gzip",
				"X-Delete-At": "9999999999",
			} {
				require.Equal(t, want, got.header.Get(header), header)
			}

			do(s, 201, "X-Fresh-Metadata: true", "X-Object-Meta-Extra: only", "Content-Type: text/new")
			got = s.must(200, "owner", "GET /v1/AUTH_test/d/new", "")
			require.Equal(t, "0123456789", got.body)
			require.Equal(t, "text/new", got.header.Get("Content-Type"))
			require.Equal(t, "only", got.header.Get("X-Object-Meta-Extra"))
			for _, gone := range []string{"X-Object-Meta-Color", "Content-Disposition", "Content-Encoding", "X-Delete-At"} {
				require.False(t, got.header.Has(gone), gone)
			}

			do(s, 201, "Range: bytes=2-5")
			got = s.must(200, "owner", "GET /v1/AUTH_test/d/new", "")
			require.Equal(t, "2345", got.body)
			require.Equal(t, etagOf("2345"), got.header.Get("Etag"))
			require.Equal(t, "red", got.header.Get("X-Object-Meta-Color"))
			require.Contains(t, s.must(200, "owner", "GET /v1/AUTH_test/d?format=json", "").body, `"bytes": 4`)

			do(s, 201, "If-Match: "+etagOf("0123456789"), "If-None-Match: "+etagOf("other"))
			do(s, 412, "If-Match: "+etagOf("other"))
			do(s, 304, "If-None-Match: "+etagOf("0123456789"))
			do(s, 416, "Range: bytes=100-")
		})
	}
}

func TestCopyErrors(t *testing.T) {
	s := newCopySite(t)
	form := func(header string) string {
		return header + " header must be of the form <container name>/<object name>"
	}
	const noBody = "Copy requests require a zero byte body"
	for _, c := range []struct {
		request, lines, body string
		status               int
		text                 string
	}{
		{"COPY /v1/AUTH_test/c/o", "", "", 412, "Destination header required"},
		{"COPY /v1/AUTH_test/c/o", "Destination:", "", 412, "Destination header required"},
		{"COPY /v1/AUTH_test/c/o", "Destination: o", "", 412, form("Destination")},
		{"COPY /v1/AUTH_test/c/o", "Destination: //o", "", 412, form("Destination")},
		{"COPY /v1/AUTH_test/c/o", "Destination: d/", "", 412, form("Destination")},
		{"COPY /v1/AUTH_test/c/o", "Destination: d/o|Destination-Account: a%2Fb", "", 412, "Account name cannot contain slashes"},
		{"COPY /v1/AUTH_test/c/o", "Destination: d/o|Destination-Account:", "", 412, "Account name cannot be empty"},
		{"PUT /v1/AUTH_test/d/o", "X-Copy-From: c", "", 412, form("X-Copy-From")},
		{"PUT /v1/AUTH_test/d/o", "X-Copy-From: /", "", 412, form("X-Copy-From")},
		{"PUT /v1/AUTH_test/d/o", "X-Copy-From: //o", "", 412, form("X-Copy-From")},
		{"PUT /v1/AUTH_test/d/o", "X-Copy-From: c/o|X-Copy-From-Account: a/b", "", 412, "Account name cannot contain slashes"},
		{"PUT /v1/AUTH_test/d/o", "X-Copy-From: c/o", "x", 400, noBody},
	} {
		a := s.must(c.status, "owner", c.request, c.body, strings.Split(c.lines, "|")...)
		require.Equal(t, c.text, a.body, "%+v", c)
	}
	// An empty X-Copy-From is none; COPY is for objects alone.
	s.must(201, "owner", "PUT /v1/AUTH_test/d/o", "x", "X-Copy-From:")
	s.must(405, "owner", "COPY /v1/AUTH_test/d", "", "Destination: d/o")
	// COPY does not look at its body.
	s.must(201, "owner", "COPY /v1/AUTH_test/d/o", "body", "Destination: d/p")
	require.Equal(t, "x", s.must(200, "owner", "GET /v1/AUTH_test/d/p", "").body)
	a := s.must(200, "owner", "OPTIONS /v1/AUTH_test/d/o", "")
	require.True(t, strings.HasSuffix(a.header.Get("Allow"), ", COPY"), a.header.Get("Allow"))
	require.NotContains(t, s.must(200, "owner", "OPTIONS /v1/AUTH_test/d", "").header.Get("Allow"), "COPY")
}

func TestCopyBodyOfUnknownLength(t *testing.T) {
	s := newCopySite(t)
	send := func(body io.Reader) (*web.Response, error) {
		r := &swift.Request{Request: &web.Request{Method: "PUT", RawPath: "/v1/AUTH_test/d/n", Path: "/v1/AUTH_test/d/n", Body: body, ContentLength: -1}}
		r.Header = web.Header{{Name: "X-Auth-Token", Value: s.tokens["owner"]}, {Name: "X-Copy-From", Value: copySource}}
		return s.serve.Serve(r)
	}
	res, err := send(strings.NewReader("x"))
	require.NoError(t, err)
	require.Equal(t, 400, res.Status)
	res, err = send(failing{web.Status(499)})
	require.NoError(t, err)
	require.Equal(t, 499, res.Status, "nothing is copied before the body was seen to be empty")
	s.must(404, "owner", "HEAD /v1/AUTH_test/d/n", "")
	res, err = send(strings.NewReader(""))
	require.NoError(t, err)
	require.Equal(t, 201, res.Status)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestCopyAuthorizesBothSides: source and target each by their own ACLs.
func TestCopyAuthorizesBothSides(t *testing.T) {
	s := newCopySite(t)
	s.must(201, "other", "PUT /v1/AUTH_test2/c/o", "shared")
	for _, c := range []struct {
		who, from, to string
		status        int
	}{
		{"owner", "AUTH_test/" + copySource, "AUTH_test/d/n", 201},
		{"owner", "AUTH_test/" + copySource, "AUTH_test/" + copySource, 201},
		{"owner", "AUTH_test/c/gone", "AUTH_test/d/n", 404},
		{"owner", "AUTH_test/gone/x", "AUTH_test/d/n", 404},
		{"owner", "AUTH_test/" + copySource, "AUTH_test/gone/n", 404},
		{"owner", "AUTH_test2/c/o", "AUTH_test/d/n", 201},
		{"owner", "AUTH_test2/c/gone", "AUTH_test/d/n", 404},
		{"owner", "AUTH_test2/private/o", "AUTH_test/d/n", 403},
		{"owner", "AUTH_test2/private/gone", "AUTH_test/d/n", 403},
		{"owner", "AUTH_test2/gone/x", "AUTH_test/d/n", 403},
		{"owner", "AUTH_test/" + copySource, "AUTH_test2/c/n", 201},
		{"owner", "AUTH_test/" + copySource, "AUTH_test2/private/n", 403},
		{"owner", "AUTH_test/" + copySource, "AUTH_test2/gone/n", 403},
		{"other", "AUTH_test/" + copySource, "AUTH_test2/c/n", 403},
		{"reader", "AUTH_test/" + copySource, "AUTH_test/d/n", 403},
		{"member", "AUTH_test/" + copySource, "AUTH_test/d/n", 403},
		{"reseller", "AUTH_test/" + copySource, "AUTH_test2/private/n", 201},
		{"none", "AUTH_test/" + copySource, "AUTH_test/d/n", 401},
		{"bad", "AUTH_test/" + copySource, "AUTH_test/d/n", 401},
	} {
		fromAccount, from, _ := strings.Cut(c.from, "/")
		toAccount, to, _ := strings.Cut(c.to, "/")
		s.must(c.status, c.who, "PUT /v1/"+c.to, "", "X-Copy-From: "+from, "X-Copy-From-Account: "+fromAccount)
		s.must(c.status, c.who, "COPY /v1/"+c.from, "", "Destination: "+to, "Destination-Account: "+toAccount)
	}
	got := s.must(200, "other", "GET /v1/AUTH_test2/c/n", "")
	require.Equal(t, "0123456789", got.body)
	// What a listing's referrer may not see, a copy may not read.
	s.must(204, "other", "POST /v1/AUTH_test2/private", "", "X-Container-Read: .r:.good")
	s.must(403, "owner", "PUT /v1/AUTH_test/d/n", "", "X-Copy-From: private/o", "X-Copy-From-Account: AUTH_test2")
	s.must(201, "owner", "PUT /v1/AUTH_test/d/n", "", "X-Copy-From: private/o", "X-Copy-From-Account: AUTH_test2", "Referer: http://x.good/")
}

func TestCopyOfTooMuch(t *testing.T) {
	s := newCopySite(t, func(c *controllers.Config) { c.Limits.FileBytes = 10 })
	s.must(201, "owner", "PUT /v1/AUTH_test/d/n", "", "X-Copy-From: "+copySource)
	var err error
	s.serve, err = New(Config{
		Site: feature.Site{Limits: swift.Limits{FileBytes: 9}, Store: s.store},
		Controllers: swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			require.Equal(t, "GET", r.Method, "nothing may be written")
			return web.NewBytes(200, "text/plain", []byte("0123456789")), nil
		}),
	})
	require.NoError(t, err)
	s.must(413, "none", "PUT /v1/AUTH_test/d/n", "", "X-Copy-From: "+copySource)
}

// TestCopyTakesMetadataAway: an empty header takes the source's value away.
func TestCopyTakesMetadataAway(t *testing.T) {
	s := newCopySite(t)
	s.must(201, "owner", "COPY /v1/AUTH_test/"+copySource, "", "Destination: d/n", "X-Object-Meta-Color:")
	got := s.must(200, "owner", "HEAD /v1/AUTH_test/d/n", "")
	require.Empty(t, got.header.Get("X-Object-Meta-Color"))
	require.Equal(t, "big", got.header.Get("X-Object-Meta-Size"))
}
