// SPDX-License-Identifier: Apache-2.0

package formpost

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/auth/signing"
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// store keeps what is put, and has the keys.
type store struct {
	objstore.AccountStore
	objstore.ContainerStore
	account, container objstore.Metadata
	keysErr            error
	objects            map[string]string
	puts               []*swift.Request
	refuse             error
}

func newStore() *store {
	s := &store{objects: map[string]string{}}
	s.account.Set("X-Account-Meta-Temp-Url-Key-2", "akey")
	s.container.Set("X-Container-Meta-Temp-Url-Key", "ckey")
	return s
}

func (s *store) HeadAccount(context.Context, objstore.AccountName, objstore.InfoOptions) (objstore.AccountInfo, error) {
	return objstore.AccountInfo{Metadata: s.account}, s.keysErr
}

func (s *store) HeadContainer(context.Context, objstore.ContainerID, objstore.InfoOptions) (objstore.ContainerInfo, error) {
	return objstore.ContainerInfo{Metadata: s.container}, s.keysErr
}

func (s *store) Serve(r *swift.Request) (*web.Response, error) {
	s.puts = append(s.puts, r)
	if r.Method != "PUT" {
		return web.StatusPage(204), nil
	}
	if s.refuse != nil {
		return nil, s.refuse
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &objstore.Error{Kind: objstore.KindBody, Err: err}
	}
	s.objects[r.Path] = string(body)
	res := web.StatusPage(201)
	res.Header.Add("Etag", "x")
	res.Header.Add("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	return res, nil
}

const future = "4102444800"

// fieldsOf are a form's fields, signed with key.
func fieldsOf(path, key, redirect string, maxSize, maxCount int) []part {
	h := hmac.New(sha512.New, []byte(key))
	fmt.Fprintf(h, "%s\n%s\n%d\n%d\n%s", path, redirect, maxSize, maxCount, future)
	fields := []part{
		{"max_file_size", fmt.Sprint(maxSize)}, {"MAX_FILE_COUNT", fmt.Sprint(maxCount)},
		{"expires", future}, {"signature", hex.EncodeToString(h.Sum(nil))},
	}
	if redirect != "" {
		fields = append(fields, part{"redirect", redirect})
	}
	return fields
}

func file(name, body string) part { return part{`file"; filename="` + name, body} }

func (s *store) post(path string, parts ...part) (*web.Response, error) {
	r := &swift.Request{Request: &web.Request{Method: "POST", Path: path, RawPath: path, RawQuery: "multipart-manifest=put"}}
	r.Header.Set("Content-Type", "multipart/form-data; boundary=----WebKitFormBoundaryX")
	r.Header.Set("X-Object-Manifest", "other/secret")
	r.Header.Set("Origin", "http://o")
	r.Body = strings.NewReader(encode("----WebKitFormBoundaryX", parts))
	return New(Config{Digests: signing.DefaultDigests(), Keys: s})(s).Serve(r)
}

func bodyOf(t *testing.T, res *web.Response) string {
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(b)
}

func TestFilesAreStored(t *testing.T) {
	for _, key := range []string{"akey", "ckey"} {
		for path, want := range map[string]string{
			"/v1/a/c": "/v1/a/c/", "/v1/a/c/": "/v1/a/c/", "/v1/a/c/pre": "/v1/a/c/pre", "/v1/a/c/pre/": "/v1/a/c/pre/", "/v1.0/a/c/p": "/v1.0/a/c/p",
		} {
			s := newStore()
			big := strings.Repeat("0123456789\r\n--", 20000)
			res, err := s.post(path, append(fieldsOf(path, key, "", len(big), 3), file("one", big), file("../é two", ""), file("3", "three"))...)
			require.NoError(t, err)
			require.Equal(t, 201, res.Status)
			require.Equal(t, "201 Created", bodyOf(t, res))
			require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
			require.Equal(t, "http://o", res.Header.Get("Access-Control-Allow-Origin"))
			require.Empty(t, res.Header.Get("Etag"))
			require.Equal(t, map[string]string{want + "one": big, want + "../é two": "", want + "3": "three"}, s.objects)
		}
	}
}

// A PUT has the form's container and nothing of the client's headers, so that
// it makes neither manifests nor links (CVE-2015-5223), nor reaches elsewhere
// (CVE-2023-43040 of another store).
func TestRightsOfAPut(t *testing.T) {
	s := newStore()
	_, err := s.post("/v1/a/c", append(fieldsOf("/v1/a/c", "akey", "", 10, 1), file("f", "x"))...)
	require.NoError(t, err)
	put := s.puts[0]
	require.Equal(t, web.Header{{Name: "Origin", Value: "http://o"}}, put.Header)
	require.Empty(t, put.RawQuery)
	require.Equal(t, int64(-1), put.ContentLength)
	require.NoError(t, put.Authorize(auth.Access{Method: "PUT", Account: "a", Container: "c", Object: "f"}))
	require.False(t, put.Grant.Owner)
	require.Error(t, put.Authorize(auth.Access{Method: "PUT", Account: "a", Container: "d", Object: "f"}))
	for _, path := range []string{"/v1/a/d", "/v1/b/c", "/v1/a/c/pre", "/v1/a/c/", "/v1.0/a/c", "/v1/a", "/v1/a/", "/auth/v1.0", "/v2/a/c"} {
		s := newStore()
		_, err := s.post(path, append(fieldsOf("/v1/a/c", "akey", "", 10, 1), file("f", "x"))...)
		require.Equal(t, 401, web.ErrorResponse(err).Status, path)
		require.Empty(t, s.puts)
	}
}

func TestHeadersOfFiles(t *testing.T) {
	s := newStore()
	raw := func(name, lines string) part {
		return part{`f"; filename="` + name + "\"\r\n" + lines + "\r\nX-Rest: \"", "x"}
	}
	_, err := s.post("/v1/a/c", append(fieldsOf("/v1/a/c", "akey", "", 10, 9),
		raw("1", "Content-Type: image/png\r\nContent-Encoding: gzip\r\nX-Object-Manifest: c/x"), raw("2", "content-type:"),
		part{"x_delete_at", "4102444800"}, part{"x_delete_after", "60"}, part{"Content-Type", "text/x"}, part{"content-encoding", "br\r\n"},
		raw("3", "Content-Type: image/png\r\nContent-Encoding: gzip"))...)
	require.NoError(t, err)
	require.Len(t, s.puts, 3)
	get := func(i int, name string) string { return s.puts[i].Header.Get(name) }
	require.Equal(t, "image/png gzip", get(0, "Content-Type")+" "+get(0, "Content-Encoding"))
	require.False(t, s.puts[0].Header.Has("X-Object-Manifest") || s.puts[0].Header.Has("X-Delete-At"))
	require.Equal(t, "application/octet-stream", get(1, "Content-Type"))
	require.Equal(t, "text/x br 4102444800 60",
		get(2, "Content-Type")+" "+get(2, "Content-Encoding")+" "+get(2, "X-Delete-At")+" "+get(2, "X-Delete-After"))
}

func TestRefusals(t *testing.T) {
	good := func() []part { return fieldsOf("/v1/a/c", "akey", "", 5, 1) }
	f := file("f", "12345")
	replace := func(name, value string) []part {
		parts := good()
		for i := range parts {
			if strings.EqualFold(parts[i].name, name) {
				parts[i].body = value
			}
		}
		return append(parts, f)
	}
	for name, c := range map[string]struct {
		parts  []part
		status int
		body   string
	}{
		"wrong key":        {append(fieldsOf("/v1/a/c", "other", "", 5, 1), f), 401, "FormPost: Invalid Signature"},
		"no signature":     {append(good()[:3], f), 401, "FormPost: Invalid Signature"},
		"larger files":     {replace("max_file_size", "6"), 401, "FormPost: Invalid Signature"},
		"more files":       {replace("max_file_count", "2"), 401, "FormPost: Invalid Signature"},
		"later":            {replace("expires", "4102444801"), 401, "FormPost: Invalid Signature"},
		"a redirect added": {append(good(), part{"redirect", "http://evil"}, f), 401, "FormPost: Invalid Signature"},
		"expired":          {replace("expires", "1"), 401, "FormPost: Form Expired"},
		"no expiry":        {append(good()[:2], f), 401, "FormPost: Form Expired"},
		"file first":       {append([]part{f}, good()...), 400, "400 Bad Request\r\nFormPost: Max File Count Exceeded"},
		"no files":         {good(), 400, "400 Bad Request\r\nFormPost: No Files To Process"},
		"empty file name":  {append(good(), file("", "x")), 400, "400 Bad Request\r\nFormPost: No Files To Process"},
		"two files":        {append(good(), f, file("g", "")), 400, "400 Bad Request\r\nFormPost: Max File Count Exceeded"},
		"too large":        {append(good(), file("g", "123456")), 400, "FormPost: max_file_size exceeded"},
		"count":            {replace("max_file_count", "x"), 400, "FormPost: max_file_count not an integer"},
		"size":             {replace("max_file_size", "1.5"), 400, "FormPost: max_file_size not an integer"},
		"expiry":           {replace("expires", "soon"), 400, "FormPost: expired not an integer"},
		"delete at":        {append(good(), part{"x_delete_at", "2012"}, part{"x_delete_at", ""}, f), 400, "FormPost: x_delete_at not an integer: Unix timestamp required."},
		"delete after":     {append(good(), part{"x_delete_after", "2x"}, f), 400, "FormPost: x_delete_after not an integer: Number of seconds required."},
	} {
		s := newStore()
		res, err := s.post("/v1/a/c", c.parts...)
		if err != nil {
			res = web.ErrorResponse(err)
		}
		require.Equal(t, c.status, res.Status, name)
		require.Equal(t, c.body, bodyOf(t, res), name)
		require.Equal(t, c.status == 401, res.Header.Get("Www-Authenticate") == `Swift realm="unknown"`, name)
		if name != "two files" {
			require.Empty(t, s.objects, name)
		}
	}
	s := newStore()
	s.account, s.container = nil, nil
	_, err := s.post("/v1/a/c", append(fieldsOf("/v1/a/c", "", "", 5, 1), f)...)
	require.Equal(t, 401, web.ErrorResponse(err).Status, "no keys")
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		post := func() error {
			_, err := newStore().post("/v1/a/c", append(fieldsOf("/v1/a/c", "akey", "", 5, 1), file("f", ""))...)
			return err
		}
		time.Sleep(time.Until(time.Unix(4102444800, 0)))
		require.NoError(t, post())
		time.Sleep(time.Second)
		require.Equal(t, 401, web.ErrorResponse(post()).Status)
	})
}

func TestRedirect(t *testing.T) {
	const to, more = "https://h/a", "https://h/a?b=<c>"
	for _, c := range []struct {
		redirect string
		files    []part
		location string
	}{
		{to, []part{file("f", "x")}, "https://h/a?status=201&message="},
		{more, []part{file("f", "x")}, "https://h/a?b=<c>&status=201&message="},
		{to, nil, "https://h/a?status=400&message=no%20files%20to%20process"},
		{to, []part{file("f", "x"), file("g", "x")}, "https://h/a?status=400&message=max%20file%20count%20exceeded"},
	} {
		s := newStore()
		res, err := s.post("/v1/a/c", append(fieldsOf("/v1/a/c", "akey", c.redirect, 5, 1), c.files...)...)
		require.NoError(t, err)
		require.Equal(t, 303, res.Status)
		require.Equal(t, c.location, res.Header.Get("Location"))
		require.NotContains(t, bodyOf(t, res), "<c>")
	}
}

// A signed redirect may lead to a page, not to a script; nothing is stored then.
func TestRedirectLeadsToAPage(t *testing.T) {
	for redirect, ok := range map[string]bool{
		"http://h/a": true, "HTTPS://h/a": true, "/done": true, "done?x=y:z": true, "//h/a": true,
		"javascript:alert(1)": false, "JavaScript:alert(1)": false, " javascript:alert(1)": false, "data:text/html,x": false,
		"vbscript:x": false, "ftp://h/a": false, "java%0ascript:x": false, ":": false,
	} {
		s := newStore()
		res, err := s.post("/v1/a/c", append(fieldsOf("/v1/a/c", "akey", redirect, 5, 1), file("f", "x"))...)
		status := 0
		if err == nil {
			status = res.Status
		} else {
			res = web.ErrorResponse(err)
		}
		if want := map[bool]int{true: 303, false: 0}[ok]; status != want || (len(s.objects) > 0) != ok || res.Header.Has("Location") != ok {
			t.Errorf("%q: %d, %v, %d objects", redirect, status, err, len(s.objects))
		}
		if !ok && web.ErrorResponse(err).Status != 400 {
			t.Errorf("%q: %v", redirect, err)
		}
		res, err = s.post("/v1/a/c", fieldsOf("/v1/a/c", "akey", redirect, 5, 1)...)
		if err != nil || (res.Status == 303) != ok || !ok && strings.Contains(bodyOf(t, res), "script:") {
			t.Errorf("%q without a file: %v", redirect, err)
		}
	}
}

// An unsigned redirect leads nowhere.
func TestForgedRedirect(t *testing.T) {
	s := newStore()
	for name, parts := range map[string][]part{
		"no files":           {{"redirect", "http://evil"}},
		"after files":        append(fieldsOf("/v1/a/c", "akey", "", 5, 1), file("f", "x"), part{"redirect", "http://evil"}),
		"control characters": fieldsOf("/v1/a/c", "akey", "http://h\r\nSet-Cookie: a", 5, 1),
	} {
		res, err := s.post("/v1/a/c", parts...)
		require.NoError(t, err, name)
		require.NotEqual(t, 303, res.Status, name)
		require.False(t, res.Header.Has("Location"), name)
		require.NotContains(t, bodyOf(t, res), "evil", name)
	}
}

func TestRefusedPut(t *testing.T) {
	s := newStore()
	s.refuse = web.Textf(413, "Upload exceeds quota.")
	parts := append(fieldsOf("/v1/a/c", "akey", "", 5, 2), file("f", "x"), file("g", "x"))
	res, err := s.post("/v1/a/c", parts...)
	require.NoError(t, err)
	require.Equal(t, 413, res.Status)
	require.Equal(t, "Upload exceeds quota.", bodyOf(t, res))
	require.Len(t, s.puts, 1, "the first failure is the last PUT")
	res, err = s.post("/v1/a/c", append(fieldsOf("/v1/a/c", "akey", "http://h", 5, 2), file("f", "x"))...)
	require.NoError(t, err)
	require.Equal(t, "http://h?status=413&message=", res.Header.Get("Location"))
	s.refuse = errBroken
	_, err = s.post("/v1/a/c", parts...)
	require.ErrorIs(t, err, errBroken)
	s.keysErr = errors.New("disk")
	_, err = s.post("/v1/a/c", parts...)
	require.ErrorIs(t, err, s.keysErr)
}

// A form that breaks off stores nothing of the file that it broke off in.
func TestCutForms(t *testing.T) {
	text := encode("b", append(fieldsOf("/v1/a/c", "akey", "", 100, 2), file("f", "first"), file("g", "second")))
	send := func(s *store, body io.Reader) error {
		r := &swift.Request{Request: &web.Request{Method: "POST", Path: "/v1/a/c", Body: body}}
		r.Header.Set("Content-Type", `multipart/form-data; boundary="b"`)
		_, err := New(Config{Digests: signing.DefaultDigests(), Keys: s})(s).Serve(r)
		return err
	}
	disconnect := web.Status(499)
	for n := range len(text) - 2 {
		s := newStore()
		err := send(s, strings.NewReader(text[:n]))
		require.Equal(t, 400, web.ErrorResponse(err).Status, n)
		err = send(s, io.MultiReader(strings.NewReader(text[:n]), failing{disconnect}))
		if n > 10 {
			require.Equal(t, 499, web.ErrorResponse(err).Status, n)
		}
		require.NotContains(t, s.objects, "/v1/a/c/g", n)
		if first, ok := s.objects["/v1/a/c/f"]; ok {
			require.Equal(t, "first", first)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Whatever a form without a file has, it ends, and little of it is kept.
func TestFieldsAreBounded(t *testing.T) {
	many := make([]part, maxFieldBytes/partCostBytes+1)
	for name, parts := range map[string][]part{
		"one": {{"x", strings.Repeat("x", maxFieldBytes+1)}}, "many": many,
	} {
		_, err := newStore().post("/v1/a/c", parts...)
		require.Equal(t, 400, web.ErrorResponse(err).Status, name)
	}
	f := fields{}
	n, err := f.add("Redirect", strings.NewReader(strings.Repeat("x", 5000)))
	require.NoError(t, err)
	require.Equal(t, int64(5000), n)
	require.Len(t, f["redirect"], maxValueBytes)
	_, err = f.add("other", strings.NewReader("x"))
	require.NoError(t, err)
	require.Len(t, f, 1)
}

func TestOtherRequestsPass(t *testing.T) {
	for _, c := range []struct{ method, contentType string }{
		{"PUT", "multipart/form-data; boundary=x"}, {"POST", "multipart/form-data"}, {"POST", ""}, {"POST", "text/plain; boundary=x"},
	} {
		s := newStore()
		r := &swift.Request{Request: &web.Request{Method: c.method, Path: "/v1/a/c", Body: failing{errBroken}}}
		r.Header.Set("Content-Type", c.contentType)
		_, _ = New(Config{Digests: signing.DefaultDigests(), Keys: s})(s).Serve(r)
		require.Same(t, r, s.puts[0])
	}
}

func TestInfo(t *testing.T) {
	require.Equal(t, []string{"sha256", "sha512"}, Info(Config{Digests: signing.DefaultDigests()}).Value.Get("allowed_digests"))
	all, err := signing.ParseDigests([]string{"sha1"})
	require.NoError(t, err)
	require.Equal(t, []string{"sha1"}, Info(Config{Digests: all}).Value.Get("deprecated_digests"))
}
