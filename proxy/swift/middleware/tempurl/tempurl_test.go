// SPDX-License-Identifier: Apache-2.0

package tempurl

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
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

// inner has the keys, and keeps the request that came through.
type inner struct {
	objstore.AccountStore
	objstore.ContainerStore
	account, container objstore.Metadata
	seen               *swift.Request
	answer             *web.Response
	err, keysErr       error
	looks              int // for keys
}

func (i *inner) HeadAccount(_ context.Context, a objstore.AccountName, _ objstore.InfoOptions) (objstore.AccountInfo, error) {
	i.looks++
	return objstore.AccountInfo{Metadata: i.account}, i.keysErr
}

func (i *inner) HeadContainer(_ context.Context, c objstore.ContainerID, _ objstore.InfoOptions) (objstore.ContainerInfo, error) {
	return objstore.ContainerInfo{Metadata: i.container}, i.keysErr
}

func (i *inner) Serve(r *swift.Request) (*web.Response, error) {
	i.seen = r
	return i.answer, i.err
}

func newInner() *inner {
	i := &inner{answer: web.NewResponse(200, web.HeaderField{Name: "X-Object-Meta-Secret", Value: "1"},
		web.HeaderField{Name: "X-Object-Meta-Public-A", Value: "2"})}
	i.account.Set("X-Account-Meta-Temp-Url-Key", "ak1")
	i.account.Set("X-Account-Meta-Temp-Url-Key-2", "ak2")
	i.container.Set("X-Container-Meta-Temp-Url-Key", "ck1")
	i.container.Set("X-Container-Meta-Temp-Url-Key-2", "ck2")
	return i
}

func (i *inner) serve(r *swift.Request) (*web.Response, error) {
	i.seen = nil
	return New(Config{Digests: signing.DefaultDigests(), Keys: i})(i).Serve(r)
}

func mac(key, message string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(message))
	return hex.EncodeToString(h.Sum(nil))
}

const future = 4102444800 // the year 2100

// signed is a request whose signature is right for method as, under key.
func signed(method, path, key, as string, extra ...string) *swift.Request {
	q := fmt.Sprintf("temp_url_sig=%s&temp_url_expires=%d", mac(key, fmt.Sprintf("%s\n%d\n%s", as, future, path)), future)
	for _, e := range extra {
		q += "&" + e
	}
	return &swift.Request{Request: &web.Request{Method: method, Path: path, RawPath: path, RawQuery: q, RemoteAddr: "10.1.2.3", Body: web.NoBody}}
}

func requireInvalid(t *testing.T, i *inner, r *swift.Request, res *web.Response, err error) {
	t.Helper()
	require.Nil(t, res)
	res = web.ErrorResponse(err)
	require.Equal(t, 401, res.Status, "%s %s?%s", r.Method, r.Path, r.RawQuery)
	require.Equal(t, `Swift realm="unknown"`, res.Header.Get("Www-Authenticate"))
	require.Nil(t, i.seen, "an invalid URL goes no further")
}

func TestNoTempURLIsLeftAlone(t *testing.T) {
	i := newInner()
	for _, r := range []*swift.Request{
		{Request: &web.Request{Method: "GET", Path: "/v1/a/c/o", RawQuery: "temp_url_prefix=x&filename=y"}},
		{Request: &web.Request{Method: "GET", Path: "/healthcheck"}},
		{Request: &web.Request{Method: "OPTIONS", Path: "/v1/a/c/o", RawQuery: "temp_url_sig=x&temp_url_expires=1"}},
	} {
		query := r.RawQuery
		_, err := i.serve(r)
		require.NoError(t, err)
		require.Same(t, r, i.seen)
		require.Nil(t, r.Authorizer)
		require.Equal(t, query, r.RawQuery)
	}
	require.Zero(t, i.looks)
}

func TestMethods(t *testing.T) {
	for _, c := range []struct {
		method, signedAs string
		ok               bool
	}{
		{"GET", "GET", true}, {"PUT", "PUT", true}, {"POST", "POST", true}, {"DELETE", "DELETE", true}, {"HEAD", "HEAD", true},
		{"HEAD", "GET", true}, {"HEAD", "PUT", true}, {"HEAD", "POST", true}, {"HEAD", "DELETE", false},
		{"GET", "HEAD", false}, {"PUT", "HEAD", false}, {"GET", "PUT", false}, {"PUT", "GET", false}, {"DELETE", "PUT", false},
		{"COPY", "COPY", false}, {"PATCH", "PATCH", false},
	} {
		i := newInner()
		r := signed(c.method, "/v1/a/c/o", "ak2", c.signedAs)
		res, err := i.serve(r)
		if !c.ok {
			requireInvalid(t, i, r, res, err)
			continue
		}
		require.NoError(t, err, "%+v", c)
		require.Same(t, r, i.seen)
		require.Nil(t, r.Identity)
		require.Equal(t, signing.Scope{Account: "a"}, r.Authorizer)
	}
}

func TestEachKeyOpensItsScope(t *testing.T) {
	for key, scope := range map[string]signing.Scope{
		"ak1": {Account: "a"}, "ak2": {Account: "a"},
		"ck1": {Account: "a", Container: "c"}, "ck2": {Account: "a", Container: "c"},
	} {
		i := newInner()
		r := signed("GET", "/v1/a/c/o/p", key, "GET")
		_, err := i.serve(r)
		require.NoError(t, err)
		require.Equal(t, scope, r.Authorizer)
		require.NoError(t, r.Authorize(auth.Access{Account: "a", Container: "c", Object: "o/p"}))
		require.False(t, r.Grant.Owner)
		require.Error(t, r.Authorize(auth.Access{Account: "b", Container: "c", Object: "o/p"}))
	}
	i := newInner()
	i.account, i.container = nil, nil
	r := signed("GET", "/v1/a/c/o", "", "GET")
	res, err := i.serve(r)
	requireInvalid(t, i, r, res, err)
}

// Whatever is wrong, the answer is the same.
func TestInvalidURLs(t *testing.T) {
	good := func() *swift.Request { return signed("GET", "/v1/a/c/o", "ak1", "GET") }
	for name, change := range map[string]func(*swift.Request){
		"other object":      func(r *swift.Request) { r.Path = "/v1/a/c/p" },
		"other container":   func(r *swift.Request) { r.Path = "/v1/a/d/o" },
		"longer name":       func(r *swift.Request) { r.Path = "/v1/a/c/o/" },
		"version":           func(r *swift.Request) { r.Path = "/v1.0/a/c/o" },
		"no signature":      func(r *swift.Request) { r.RawQuery = fmt.Sprintf("temp_url_expires=%d", future) },
		"empty signature":   func(r *swift.Request) { r.RawQuery = fmt.Sprintf("temp_url_sig=&temp_url_expires=%d", future) },
		"no expiry":         func(r *swift.Request) { r.RawQuery, _, _ = strings.Cut(r.RawQuery, "&") },
		"other expiry":      func(r *swift.Request) { r.RawQuery += "1" },
		"changed signature": func(r *swift.Request) { r.RawQuery = strings.Replace(r.RawQuery, "sig=", "sig=0", 1) },
		"prefix added":      func(r *swift.Request) { r.RawQuery += "&temp_url_prefix=o" },
		"range added":       func(r *swift.Request) { r.RawQuery += "&temp_url_ip_range=10.1.2.3" },
		"account":           func(r *swift.Request) { *r = *signed("GET", "/v1/a", "ak1", "GET") },
		"container":         func(r *swift.Request) { *r = *signed("GET", "/v1/a/c", "ak1", "GET") },
		"container, slash":  func(r *swift.Request) { *r = *signed("GET", "/v1/a/c/", "ak1", "GET") },
		"slashes":           func(r *swift.Request) { *r = *signed("PUT", "/v1/a/c//", "ak1", "PUT") },
		"no path":           func(r *swift.Request) { r.Path = "/info" },
		"wrong key":         func(r *swift.Request) { *r = *signed("GET", "/v1/a/c/o", "ak3", "GET") },
		"sha1": func(r *swift.Request) {
			r.RawQuery = fmt.Sprintf("temp_url_sig=%s&temp_url_expires=%d", strings.Repeat("0", 40), future)
		},
	} {
		i := newInner()
		r := good()
		change(r)
		res, err := i.serve(r)
		requireInvalid(t, i, r, res, err)
		require.Equal(t, "401 Unauthorized: Temp URL invalid\n", string(body(t, web.ErrorResponse(err))), name)
	}
	r := signed("HEAD", "/v1/a/c/o", "wrong", "HEAD")
	_, err := newInner().serve(r)
	var se *web.StatusError
	require.True(t, errors.As(err, &se))
	require.Empty(t, se.Body)
}

func body(t *testing.T, res *web.Response) []byte {
	b := make([]byte, res.ContentLength)
	_, err := res.Body.Read(b)
	require.NoError(t, err)
	return b
}

func TestExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Unix() + 10
		message := fmt.Sprintf("GET\n%d\n/v1/a/c/o", at)
		request := func() *swift.Request {
			return &swift.Request{Request: &web.Request{
				Method: "GET", Path: "/v1/a/c/o",
				RawQuery: "temp_url_sig=" + mac("ak1", message) + "&temp_url_expires=" + time.Unix(at, 0).UTC().Format(time.RFC3339),
			}}
		}
		i := newInner()
		res, err := i.serve(request())
		require.NoError(t, err)
		require.Equal(t, time.Unix(at, 0).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), res.Header.Get("Expires"))
		time.Sleep(10 * time.Second)
		_, err = i.serve(request())
		require.NoError(t, err)
		time.Sleep(time.Second)
		r := request()
		res, err = i.serve(r)
		requireInvalid(t, i, r, res, err)
	})
}

func withPrefix(method, path, prefix string) *swift.Request {
	p, _ := swift.SplitPath(path)
	r := signed(method, "prefix:/v1/"+p.Account+"/"+p.Container+"/"+prefix, "ak1", method, "temp_url_prefix="+url.QueryEscape(prefix))
	r.Path = path
	return r
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct {
		method, path, prefix string
		ok                   bool
	}{
		{"GET", "/v1/a/c/pre/x", "pre", true},
		{"PUT", "/v1/a/c/pre", "pre", true},
		{"PUT", "/v1/a/c/anything", "", true},
		{"GET", "/v1/a/c/other", "pre", false},
		{"GET", "/v1/a/c", "pre", false},
		{"PUT", "/v1/a/c", "", false},
		{"DELETE", "/v1/a/c/", "", false},
		{"PUT", "/v1/a/c//", "", false},
		{"GET", "/v1/a", "", false},
	} {
		i := newInner()
		r := withPrefix(c.method, c.path, c.prefix)
		res, err := i.serve(r)
		if c.ok {
			require.NoError(t, err, "%+v", c)
		} else {
			requireInvalid(t, i, r, res, err)
		}
	}
	i := newInner()
	r := withPrefix("GET", "/v1/a/c/pre/x", "pre")
	r.SetRawQuery(strings.Split(r.RawQuery, "&temp_url_prefix")[0])
	res, err := i.serve(r)
	requireInvalid(t, i, r, res, err)
}

// The root of a container opens only to what staticweb makes of it.
func TestContainerRoot(t *testing.T) {
	for _, path := range []string{"/v1/a/c", "/v1/a/c/"} {
		i := newInner()
		res, err := i.serve(withPrefix("GET", path, ""))
		require.Nil(t, res)
		require.Equal(t, 401, web.ErrorResponse(err).Status)
		i.answer = web.NewResponse(301)
		res, err = i.serve(withPrefix("GET", path, ""))
		require.NoError(t, err)
		require.Equal(t, 301, res.Status)
		i.answer = web.NewResponse(200, web.HeaderField{Name: swift.GeneratorHeader, Value: swift.GeneratorStaticWeb})
		res, err = i.serve(withPrefix("GET", path, ""))
		require.NoError(t, err)
		require.Equal(t, "inline", res.Header.Get("Content-Disposition"))
	}
}

func TestIPRange(t *testing.T) {
	for network, ok := range map[string]bool{"10.1.2.3": true, "10.0.0.0/8": true, "11.0.0.0/8": false, "10.1.2.3/8": false} {
		i := newInner()
		r := signed("GET", "/v1/a/c/o", "ak1", "GET")
		m := fmt.Sprintf("ip=%s\nGET\n%d\n/v1/a/c/o", network, future)
		r.RawQuery = fmt.Sprintf("temp_url_sig=%s&temp_url_expires=%d&temp_url_ip_range=%s", mac("ak1", m), future, network)
		r.Header.Set("X-Forwarded-For", "11.0.0.1")
		res, err := i.serve(r)
		if ok {
			require.NoError(t, err)
		} else {
			requireInvalid(t, i, r, res, err)
		}
	}
}

// CVE-2015-5223 and OSSA-2026-041.
func TestPointersAreRefused(t *testing.T) {
	for _, name := range []string{"X-Object-Manifest", "X-Symlink-Target", "X-Copy-From"} {
		for _, method := range []string{"PUT", "POST", "DELETE", "GET", "HEAD"} {
			i := newInner()
			r := signed(method, "/v1/a/c/o", "ak1", method)
			r.Header.Add(name, "")
			_, err := i.serve(r)
			if method == "GET" || method == "HEAD" {
				require.NoError(t, err)
				continue
			}
			require.Equal(t, 400, web.ErrorResponse(err).Status, "%s %s", method, name)
			require.Contains(t, err.Error(), "The header '"+name+"' is not allowed in this tempurl")
			require.Nil(t, i.seen)
		}
		i := newInner() // who has no right learns nothing else
		r := signed("PUT", "/v1/a/c/o", "wrong", "PUT")
		r.Header.Add(name, "x")
		res, err := i.serve(r)
		requireInvalid(t, i, r, res, err)
	}
}

func TestHeadersAndQueryAreCleaned(t *testing.T) {
	i := newInner()
	r := signed("GET", "/v1/a/c/o", "ak1", "GET", "multipart-manifest=get", "version-id=1", "symlink=get", "part-number=1", "inline", "filename=n")
	signature := r.Query().Get("temp_url_sig")
	r.Header = web.Header{{Name: "X-Open-Expired", Value: "true"}, {Name: "X-Timestamp", Value: "1"}, {Name: "Range", Value: "bytes=0-1"}}
	res, err := i.serve(r)
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf("temp_url_sig=%s&temp_url_expires=%d&filename=n&inline=", signature, future), i.seen.RawQuery)
	require.Equal(t, web.Header{{Name: "Range", Value: "bytes=0-1"}}, i.seen.Header)
	require.False(t, res.Header.Has("X-Object-Meta-Secret"))
	require.Equal(t, "2", res.Header.Get("X-Object-Meta-Public-A"))
}

func TestContentDisposition(t *testing.T) {
	for _, c := range []struct{ method, path, extra, stored, want string }{
		{"GET", "/v1/a/c/o", "", "", `attachment; filename="o"; filename*=UTF-8''o`},
		{"HEAD", "/v1/a/c/x/y z é/", "", "", `attachment; filename="y z %C3%A9"; filename*=UTF-8''y%20z%20%C3%A9`},
		{"GET", "/v1/a/c/o", "", "stored", "stored"},
		{"GET", "/v1/a/c/o", "", "sto\nred", "sto%0Ared"},
		{"GET", "/v1/a/c/o", "inline", "stored", "inline"},
		{"GET", "/v1/a/c/o", "filename=a%22b%0D%0Ac", "stored", `attachment; filename="a%22b%0D%0Ac"; filename*=UTF-8''a%22b%0D%0Ac`},
		{"GET", "/v1/a/c/o", "inline=0&filename=a/b+c", "", `inline; filename="a/b c"; filename*=UTF-8''a/b%20c`},
		{"PUT", "/v1/a/c/o", "", "", ""},
	} {
		i := newInner()
		if c.stored != "" {
			i.answer.Header.Add("Content-Disposition", c.stored)
			i.answer.Header.Add("Expires", "0")
		}
		res, err := i.serve(signed(c.method, c.path, "ak1", c.method, c.extra))
		require.NoError(t, err)
		require.Equal(t, c.want, res.Header.Get("Content-Disposition"), "%+v", c)
		require.Equal(t, c.want != "", res.Header.Get("Expires") == "Fri, 01 Jan 2100 00:00:00 GMT", "%+v", c)
	}
	i := newInner()
	i.answer = web.NewResponse(304)
	res, err := i.serve(signed("GET", "/v1/a/c/o", "ak1", "GET"))
	require.NoError(t, err)
	require.Empty(t, res.Header)
}

func TestErrorsPass(t *testing.T) {
	i := newInner()
	i.answer, i.err = nil, &objstore.Error{Kind: objstore.KindNotFound}
	_, err := i.serve(signed("GET", "/v1/a/c/o", "ak1", "GET"))
	require.ErrorIs(t, err, objstore.KindNotFound)
	i.keysErr = errors.New("disk")
	_, err = i.serve(signed("GET", "/v1/a/c/o", "ak1", "GET"))
	require.ErrorIs(t, err, i.keysErr)
}

func TestInfo(t *testing.T) {
	s := Info(Config{Digests: signing.DefaultDigests()})
	require.Equal(t, []string{"sha256", "sha512"}, s.Value.Get("allowed_digests"))
	require.Nil(t, s.Value.Get("deprecated_digests"))
	all, err := signing.ParseDigests([]string{"sha1", "sha256"})
	require.NoError(t, err)
	require.Equal(t, []string{"sha1"}, Info(Config{Digests: all}).Value.Get("deprecated_digests"))
}
