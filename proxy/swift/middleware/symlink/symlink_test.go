// SPDX-License-Identifier: Apache-2.0

package symlink

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// object is one of the fake store; a link if link is set.
type object struct {
	link   *swift.Symlink
	body   string
	etag   string
	status int
	err    error
	header web.Header
}

// site answers GET, HEAD and POST from objects and keeps what it was asked.
type site struct {
	objects map[string]object
	asked   []*swift.Request
}

type client struct{}

func (client) Authorize(*auth.Identity, auth.Access) auth.Grant { return auth.Grant{Owner: true} }

func (s *site) Serve(r *swift.Request) (*web.Response, error) {
	s.asked = append(s.asked, r)
	if r.Method == "PUT" {
		return web.StatusPage(201), nil
	}
	o, ok := s.objects[r.Path]
	switch {
	case o.err != nil:
		return nil, o.err
	case !ok:
		return nil, web.Status(404)
	}
	res := web.NewBytes(200, "text/x-target", []byte(o.body))
	if o.status != 0 {
		res.Status = o.status
	}
	res.Header = append(res.Header, o.header...)
	if o.etag == "" {
		o.etag = swift.EmptyETag
	}
	res.Header.Set("Etag", o.etag)
	if o.link != nil {
		swift.SetSymlink(&res.Header, *o.link)
	}
	return res, nil
}

func (s *site) do(request string, lines ...string) (*web.Response, error) {
	method, target, _ := strings.Cut(request, " ")
	path, query, _ := strings.Cut(target, "?")
	r := &swift.Request{Request: &web.Request{Method: method, Path: path, RawQuery: query, Body: web.NoBody, TransID: "tx"}, Authorizer: client{}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	s.asked = nil
	return New(Options{})(s).Serve(r)
}

func to(object string) *swift.Symlink { return &swift.Symlink{Container: "c", Object: object} }

func static(object, etag string) *swift.Symlink {
	return &swift.Symlink{Container: "c", Object: object, ETag: etag, SizeBytes: 4}
}

func statusOf(t *testing.T, err error, status int) *web.StatusError {
	t.Helper()
	var e *web.StatusError
	require.ErrorAs(t, err, &e)
	require.Equal(t, status, e.Status, e.Body)
	return e
}

func TestFollow(t *testing.T) {
	s := &site{objects: map[string]object{
		"/v1/a/c/o":       {body: "data", etag: "e"},
		"/v1/a/c/one":     {link: to("o")},
		"/v1/a/c/two":     {link: to("one")},
		"/v1/a/c/three":   {link: to("two")},
		"/v1/a/c/static":  {link: static("o", "e")},
		"/v1/a/c/stale":   {link: static("o", "old")},
		"/v1/a/c/onstale": {link: static("static", "old")},
		"/v1/a/c/ontwo":   {link: static("one", swift.EmptyETag)},
		"/v1/a/c/dangles": {link: to("gone")},
		"/v1/a/c/broken":  {link: to("breaks")},
		"/v1/a/c/breaks":  {err: errors.New("disk")},
		"/v1/a/c/unmet":   {link: to("o"), status: 412},
		"/v1/b/ü x/o%2F":  {body: "other", etag: "f"},
		"/v1/a/c/away":    {link: &swift.Symlink{Account: "b", Container: "ü x", Object: "o%2F"}},
	}}
	for path, want := range map[string]struct{ body, location string }{
		"o": {"data", ""}, "one": {"data", "/v1/a/c/o"}, "two": {"data", "/v1/a/c/o"}, "static": {"data", "/v1/a/c/o"},
		"unmet": {"data", "/v1/a/c/o"}, "away": {"other", "/v1/b/%C3%BC%20x/o%252F"}, "ontwo": {"data", "/v1/a/c/o"},
	} {
		res, err := s.do("GET /v1/a/c/"+path+"?x=y", "Range: bytes=0-")
		require.NoError(t, err, path)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, want.body, string(body), path)
		require.Equal(t, want.location, res.Header.Get("Content-Location"), path)
		last := s.asked[len(s.asked)-1]
		require.Equal(t, "bytes=0-", last.Header.Get("Range"))
		if len(s.asked) > 1 {
			require.Equal(t, source, last.Source)
			require.Empty(t, last.RawQuery)
			require.Equal(t, client{}, last.Authorizer)
		}
	}
	for path, text := range map[string]string{
		"three":   "Too many levels of symbolic links, maximum allowed is 2",
		"stale":   "Object Etag 'e' does not match X-Symlink-Target-Etag header 'old'",
		"onstale": "X-Symlink-Target-Etag headers do not match",
	} {
		_, err := s.do("HEAD /v1/a/c/" + path)
		e := statusOf(t, err, 409)
		require.Equal(t, text, e.Body)
		require.Equal(t, "text/plain", e.ContentType)
		require.Equal(t, path != "three", e.Header.Get("Content-Location") != "")
	}
	res, err := s.do("GET /v1/a/c/dangles")
	require.NoError(t, err)
	require.Equal(t, 404, res.Status)
	require.Equal(t, "/v1/a/c/gone", res.Header.Get("Content-Location"))
	_, err = s.do("GET /v1/a/c/broken")
	require.ErrorContains(t, err, "disk")
	_, err = s.do("GET /v1/a/c/none")
	statusOf(t, err, 404)
}

// The version id of an answer is about the container that the client named.
func TestVersionID(t *testing.T) {
	id := func(v string) web.Header { return web.Header{{Name: versionIDHeader, Value: v}} }
	s := &site{objects: map[string]object{
		"/v1/a/c/o":       {body: "data"},
		"/v1/a/v/o":       {body: "data", header: id("2")},
		"/v1/a/v/away":    {link: to("o"), header: id("1")},
		"/v1/a/v/chain":   {link: to("plain"), header: id("1")},
		"/v1/a/v/dangles": {link: to("gone"), header: id("1")},
		"/v1/a/v/here":    {link: &swift.Symlink{Container: "v", Object: "o"}, header: id("1")},
		"/v1/a/c/plain":   {link: to("o")},
		"/v1/a/c/dangles": {link: to("gone")},
	}}
	for path, want := range map[string]string{
		"c/o": "", "c/plain": "", "c/dangles": "", "v/o": "2", "v/away": "null", "v/chain": "null", "v/dangles": "null", "v/here": "2",
	} {
		res, err := s.do("GET /v1/a/" + path)
		require.NoError(t, err)
		require.Equal(t, want, res.Header.Get(versionIDHeader), path)
	}
}

func TestGetLinkAndPost(t *testing.T) {
	s := &site{objects: map[string]object{
		"/v1/a/c/l": {link: static("o ü", "e")}, "/v1/a/c/o": {body: "x"},
		"/v1/a/c/bad": {link: static("o", "e"), status: 400},
	}}
	res, err := s.do("HEAD /v1/a/c/l?symlink=get")
	require.NoError(t, err)
	require.Len(t, s.asked, 1)
	for name, want := range map[string]string{
		targetHeader: "c/o%20%C3%BC", accountHeader: "", etagHeader: "e", targetHeader + "-Bytes": "4", "Content-Location": "",
	} {
		require.Equal(t, want, res.Header.Get(name), name)
	}
	res, err = s.do("POST /v1/a/c/l")
	require.NoError(t, err)
	require.Equal(t, 307, res.Status)
	require.Equal(t, "/v1/a/c/o%20%C3%BC", res.Header.Get("Location"))
	require.Equal(t, "e", res.Header.Get(etagHeader))
	require.True(t, res.Header.Has("X-Object-Sysmeta-Symlink-Target"))
	for path, status := range map[string]int{"o": 200, "bad": 400} {
		res, err = s.do("POST /v1/a/c/" + path)
		require.NoError(t, err)
		require.Equal(t, status, res.Status)
	}
	_, err = s.do("POST /v1/a/c/l", targetHeader+": c/o")
	require.Equal(t, "A PUT request is required to set a symlink target", statusOf(t, err, 400).Body)
	_, err = s.do("HEAD /v1/a/c/l?symlink=get", targetHeader+": c/o")
	require.NoError(t, err)
	_, err = s.do("POST /v1/a/c/none")
	statusOf(t, err, 404)
}

func TestPut(t *testing.T) {
	s := &site{objects: map[string]object{
		"/v1/a/c/o":      {body: "data", etag: "e"},
		"/v1/b/c/o":      {body: "other", etag: "f"},
		"/v1/a/c/slo":    {body: "[{}]", etag: "m", header: web.Header{{Name: "X-Object-Sysmeta-Slo-Size", Value: "99"}, {Name: "X-Object-Sysmeta-Slo-Etag", Value: "s"}}},
		"/v1/a/c/listed": {etag: "m", header: web.Header{{Name: swift.OverrideETag, Value: "m; slo_etag=s"}}},
		"/v1/a/c/link":   {link: to("o")},
	}}
	for _, c := range []struct {
		lines       []string
		want        swift.Symlink
		contentType string
		override    string
	}{
		{[]string{targetHeader + ": c/o"}, *to("o"), dynamicType, "; symlink_target=c/o"},
		{[]string{targetHeader + ": c%2Fo%252F x", "Content-Type: a/b"}, *to("o%2F x"), "a/b", "; symlink_target=c/o%252F%20x"},
		{[]string{targetHeader + ": c/o", etagHeader + `: "e"`}, *static("o", "e"), "text/x-target",
			"; symlink_target=c/o; symlink_target_etag=e; symlink_target_bytes=4"},
		{[]string{targetHeader + ": c/o", accountHeader + ": b", etagHeader + ": f", "Content-Type: a/b"},
			swift.Symlink{Account: "b", Container: "c", Object: "o", ETag: "f", SizeBytes: 5}, "a/b",
			"; symlink_target=c/o; symlink_target_account=b; symlink_target_etag=f; symlink_target_bytes=5"},
		{[]string{targetHeader + ": c/slo", etagHeader + ": m"}, swift.Symlink{Container: "c", Object: "slo", ETag: "m", SizeBytes: 99}, "text/x-target",
			"; slo_etag=s; symlink_target=c/slo; symlink_target_etag=m; symlink_target_bytes=99"},
		{[]string{targetHeader + ": c/listed", etagHeader + ": m"}, swift.Symlink{Container: "c", Object: "listed", ETag: "m"}, "text/x-target",
			"; slo_etag=s; symlink_target=c/listed; symlink_target_etag=m; symlink_target_bytes=0"},
		{[]string{targetHeader + ": c/link", etagHeader + ": " + swift.EmptyETag},
			swift.Symlink{Container: "c", Object: "link", ETag: swift.EmptyETag}, "text/x-target",
			"; symlink_target=c/link; symlink_target_etag=" + swift.EmptyETag + "; symlink_target_bytes=0"},
	} {
		_, err := s.do("PUT /v1/a/c/new", c.lines...)
		require.NoError(t, err, c.lines)
		put := s.asked[len(s.asked)-1]
		got, ok := swift.SymlinkOf(put.Header)
		require.True(t, ok)
		require.Equal(t, c.want, got)
		require.Equal(t, c.contentType, put.Header.Get("Content-Type"))
		require.Equal(t, swift.EmptyETag+c.override, put.Header.Get(swift.OverrideETag))
		require.False(t, put.Header.Has(targetHeader))
	}
}

func TestPutErrors(t *testing.T) {
	s := &site{objects: map[string]object{
		"/v1/a/c/o":      {body: "data", etag: "e"},
		"/v1/a/c/static": {link: static("o", "e")},
		"/v1/a/c/denied": {err: swift.Unauthorized("a")},
	}}
	const text = "X-Symlink-Target must be UTF-8 without NUL"
	const form = "X-Symlink-Target header must be of the form <container name>/<object name>"
	for _, c := range []struct {
		lines  string
		status int
		text   string
	}{
		{"X-Symlink-Target: c", 412, form}, {"X-Symlink-Target: /c/o", 412, form}, {"X-Symlink-Target: %2Fc/o", 412, form},
		{"X-Symlink-Target: ", 412, form}, {"X-Symlink-Target: c/", 412, form}, {"X-Symlink-Target: //", 412, form},
		{"X-Symlink-Target: c/o|X-Symlink-Target-Account: a%2Fb", 412, "Account name cannot contain slashes"},
		{"X-Symlink-Target: c/o|X-Symlink-Target-Account: ", 412, "Account name cannot be empty"},
		{"X-Symlink-Target: c/%6Eew", 400, "Symlink cannot target itself"},
		{"X-Symlink-Target: c/new|X-Symlink-Target-Account: a", 400, "Symlink cannot target itself"},
		{"X-Symlink-Target: c/\xfc", 412, text}, {"X-Symlink-Target: c%FC/o", 412, text}, {"X-Symlink-Target: c/%00", 412, text},
		{"X-Symlink-Target: c/o|X-Symlink-Target-Account: a%FC", 412, text},
		{`X-Symlink-Target: c/o|X-Symlink-Target-Etag: "a";b`, 400, "Bad X-Symlink-Target-Etag format"},
		{`X-Symlink-Target: c/o|X-Symlink-Target-Etag: a\b`, 400, "Bad X-Symlink-Target-Etag format"},
		{"X-Symlink-Target: c/o|X-Symlink-Target-Etag: x", 409, "Object Etag 'e' does not match X-Symlink-Target-Etag header 'x'"},
		{"X-Symlink-Target: c/gone|X-Symlink-Target-Etag: x", 409, "X-Symlink-Target does not exist"},
		{"X-Symlink-Target: c/static|X-Symlink-Target-Etag: x", 409, "X-Symlink-Target-Etag headers do not match"},
		{"X-Symlink-Target: c/denied|X-Symlink-Target-Etag: x", 401, ""},
	} {
		_, err := s.do("PUT /v1/a/c/new", strings.Split(c.lines, "|")...)
		e := statusOf(t, err, c.status)
		require.Equal(t, c.text, e.Body, c.lines)
		require.Equal(t, c.status == 409, e.Header.Has("Content-Location"), c.lines)
		require.Equal(t, c.status == 401, e.Header.Has("Www-Authenticate"), c.lines)
		for _, r := range s.asked {
			require.NotEqual(t, "PUT", r.Method)
		}
	}
}

func TestPutBody(t *testing.T) {
	for body, lengths := range map[string][]int64{"x": {1, -1}, "": {0, -1, web.NoLength}} {
		for _, length := range lengths {
			s := &site{}
			r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/l", Body: strings.NewReader(body), ContentLength: length,
				Header: web.Header{{Name: targetHeader, Value: "c/o"}}}}
			_, err := New(Options{})(s).Serve(r)
			if body == "" {
				require.NoError(t, err, strconv.FormatInt(length, 10))
				continue
			}
			require.Equal(t, "Symlink requests require a zero byte body", statusOf(t, err, 400).Body)
		}
	}
}

func TestOthersPass(t *testing.T) {
	s := &site{objects: map[string]object{"/v1/a/c/l": {link: to("o")}, "/v1/a/c": {}, "/v1/a": {}}}
	for _, request := range []string{"DELETE /v1/a/c/l", "OPTIONS /v1/a/c/l", "GET /v1/a/c", "PUT /v1/a", "PUT /v1/a/c/l"} {
		res, err := s.do(request)
		require.NoError(t, err)
		require.Empty(t, res.Header.Get("Content-Location"))
		require.Len(t, s.asked, 1)
	}
}

// A question for the right alone is not a PUT.
func TestAuthorizeOnlyPasses(t *testing.T) {
	s := &site{}
	r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/l", Body: web.NoBody, Header: web.Header{{Name: targetHeader, Value: "c/o"}}}}
	require.NoError(t, r.CheckAuthorized(New(Options{})(s), nil))
	require.Len(t, s.asked, 1)
	require.True(t, s.asked[0].AuthorizeOnly)
	require.True(t, s.asked[0].Header.Has(targetHeader))
	s.asked[0].Header.Del(targetHeader)
	require.True(t, r.Header.Has(targetHeader))
}

// A link of another cluster is stored without a look at its target
// (symlink.py: _validate_etag_and_update_sysmeta).
func TestRepeatedStaticLink(t *testing.T) {
	put := func(lines ...string) (*site, error) {
		s := &site{}
		r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/l", Body: web.NoBody}, Authorizer: client{}, Repeats: true}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			r.Header.Add(name, value)
		}
		_, err := New(Options{})(s).Serve(r)
		return s, err
	}
	const target, etag = "X-Symlink-Target: d/o%20o", "X-Symlink-Target-Etag: abc"
	s, err := put(target, etag, "X-Symlink-Target-Bytes: 12", "X-Symlink-Target-Account: b", "Content-Type: x/y")
	require.NoError(t, err)
	require.Len(t, s.asked, 1)
	link, ok := swift.SymlinkOf(s.asked[0].Header)
	require.True(t, ok)
	require.Equal(t, swift.Symlink{Account: "b", Container: "d", Object: "o o", ETag: "abc", SizeBytes: 12}, link)
	require.Equal(t, "x/y", s.asked[0].Header.Get("Content-Type"))
	require.False(t, s.asked[0].Header.Has("X-Symlink-Target-Bytes"))
	for _, bytes := range []string{"", "X-Symlink-Target-Bytes: -1", "X-Symlink-Target-Bytes: many"} {
		s, err := put(target, etag, bytes)
		statusOf(t, err, 400)
		require.Empty(t, s.asked)
	}
	s, err = put(target)
	require.NoError(t, err)
	require.Equal(t, dynamicType, s.asked[0].Header.Get("Content-Type"))
}
