// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/auth/loginguard"
	"needletail/auth/tempauth"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// probe is the next handler: it keeps the request that came through.
type probe struct{ seen *swift.Request }

func (p *probe) Serve(r *swift.Request) (*web.Response, error) {
	p.seen = r
	return web.StatusPage(204), nil
}

func newHandler(t *testing.T) (swift.Handler, *probe, *tempauth.Auth) {
	t.Helper()
	a, err := tempauth.New(tempauth.Config{
		Users: []tempauth.User{
			{Account: "test", Name: "tester", Key: "testing", Groups: []string{".admin"}},
			{Account: "svc", Name: "s", Key: "k", Groups: []string{"service"}},
			{Account: "a\"<b>", Name: "u", Key: "k"},
		},
		ResellerPrefixes: []string{"AUTH", "SERVICE"},
	})
	require.NoError(t, err)
	next := &probe{}
	return New(Options{Auth: a})(next), next, a
}

func do(h swift.Handler, method, path string, lines ...string) *web.Response {
	r := &swift.Request{Request: &web.Request{Method: method, Path: path, Scheme: "http", Host: "h:1", Body: web.NoBody}}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Add(name, value)
	}
	res, err := h.Serve(r)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	return res
}

func TestLogin(t *testing.T) {
	h, next, a := newHandler(t)
	for _, c := range []struct {
		request, lines string
		status         int
		realm          string
	}{
		{"GET /auth/v1.0", "X-Auth-User: test:tester|X-Auth-Key: testing", 200, ""},
		{"GET /auth/auth", "X-Storage-User: test:tester|X-Storage-Pass: testing", 200, ""},
		{"GET /auth/v1.0/more", "X-Auth-User: test:tester|X-Auth-Key: testing", 200, ""},
		{"GET /auth/v1/test/auth", "X-Storage-User: tester|X-Storage-Pass: testing", 200, ""},
		{"GET /auth/v1/test/auth", "X-Auth-User: test:tester|X-Auth-Key: testing", 200, ""},
		{"GET /auth/v1/test/auth", "X-Auth-User: svc:tester|X-Auth-Key: testing", 401, "test"},
		{"GET /auth/v1/test/auth", "X-Auth-User: tester|X-Auth-Key: testing", 401, "test"},
		{"GET /auth/v1/test/auth", "", 401, "test"},
		{"GET /auth/v1.0", "X-Auth-User: test:tester|X-Auth-Key: wrong", 401, "test"},
		{"GET /auth/v1.0", "X-Auth-User: test:nobody|X-Auth-Key: testing", 401, "test"},
		{"GET /auth/v1.0", "X-Auth-User: test:tester", 401, "test"},
		{"GET /auth/v1.0", "X-Auth-User: tester|X-Auth-Key: testing", 401, "unknown"},
		{"GET /auth/v1.0", "", 401, "unknown"},
		{"GET /auth/v1.0", "X-Auth-User: \"\r\n<b>:x|X-Auth-Key: testing", 401, "%22%0D%0A%3Cb%3E"},
		{"POST /auth/v1.0", "X-Auth-User: test:tester|X-Auth-Key: testing", 405, ""},
		{"HEAD /auth/v1.0", "", 405, ""},
		{"GET /auth/", "", 404, ""},
		{"GET /auth//v1.0", "", 404, ""},
		{"GET /auth/v1", "", 400, ""},
		{"GET /auth/v1/test", "", 400, ""},
		{"GET /auth/v1/test/auth/x", "", 400, ""},
		{"GET /auth/v2.0", "X-Auth-User: test:tester|X-Auth-Key: testing", 400, ""},
	} {
		method, path, _ := strings.Cut(c.request, " ")
		res := do(h, method, path, strings.Split(c.lines, "|")...)
		require.Equal(t, c.status, res.Status, "%+v", c)
		if c.status == 401 {
			require.Equal(t, `Swift realm="`+c.realm+`"`, res.Header.Get("Www-Authenticate"), "%+v", c)
		}
		if c.status != 200 {
			require.False(t, res.Header.Has("X-Auth-Token"), "%+v", c)
			continue
		}
		token := res.Header.Get("X-Auth-Token")
		_, err := a.Validate(t.Context(), token)
		require.NoError(t, err)
		require.Equal(t, token, res.Header.Get("X-Storage-Token"))
		require.Equal(t, "http://h:1/v1/AUTH_test", res.Header.Get("X-Storage-Url"))
		require.Zero(t, res.ContentLength)
	}
	require.Nil(t, next.seen, "a login goes no further")
	res := do(h, "GET", "/auth/v1.0", `X-Auth-User: a"<b>:u`, "X-Auth-Key: k")
	require.Equal(t, "http://h:1/v1/AUTH_a%22%3Cb%3E", res.Header.Get("X-Storage-Url"))
}

// After too many wrong keys the right key is not looked at either: from the
// address of the failures, until the delay ends.
func TestFailedLoginsAreDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, next, a := newHandler(t)
		guard := loginguard.New(loginguard.Options{PerUserAtAddress: 2, Window: time.Hour, MaxDelay: time.Hour})
		h := New(Options{Auth: a, Guard: guard})(next)
		login := func(ip, user, key string) *web.Response {
			r := &swift.Request{Request: &web.Request{Method: "GET", Path: "/auth/v1.0", Scheme: "http", Host: "h:1", RemoteAddr: ip, Body: web.NoBody}}
			r.Header.Add("X-Auth-User", user)
			r.Header.Add("X-Auth-Key", key)
			res, err := h.Serve(r)
			if err != nil {
				res = web.ErrorResponse(err)
			}
			return res
		}
		for _, user := range []string{"test:tester", "test:nobody"} {
			for range 2 {
				require.Equal(t, 401, login("192.0.2.1", user, "wrong").Status)
			}
			res := login("192.0.2.1", user, "testing")
			require.Equal(t, 429, res.Status, user)
			require.Equal(t, "1", res.Header.Get("Retry-After"))
		}
		require.Equal(t, 200, login("192.0.2.2", "test:tester", "testing").Status)
		time.Sleep(time.Second)
		require.Equal(t, 200, login("192.0.2.1", "test:tester", "testing").Status)
		require.Equal(t, 401, login("192.0.2.1", "test:tester", "wrong").Status, "the success has forgiven")
	})
}

func TestTokenLifeIsToldInSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, _ := newHandler(t)
		res := do(h, "GET", "/auth/v1.0", "X-Auth-User: test:tester", "X-Auth-Key: testing")
		require.Equal(t, "86400", res.Header.Get("X-Auth-Token-Expires"))
	})
}

// fullCache is a cache of tokens that takes nothing.
type fullCache struct{}

func (fullCache) Get(context.Context, string) ([]byte, bool)               { return nil, false }
func (fullCache) Set(context.Context, string, []byte, time.Duration) error { return io.ErrShortWrite }
func (fullCache) Delete(context.Context, string) error                     { return nil }

func TestTokenThatIsNotKept(t *testing.T) {
	a, err := tempauth.New(tempauth.Config{
		Users: []tempauth.User{{Account: "test", Name: "tester", Key: "testing"}}, Tokens: fullCache{},
	})
	require.NoError(t, err)
	h := New(Options{Auth: a})(&probe{})
	require.Equal(t, 503, do(h, "GET", "/auth/v1.0", "X-Auth-User: test:tester", "X-Auth-Key: testing").Status)
	require.Equal(t, 401, do(h, "GET", "/auth/v1.0", "X-Auth-User: test:tester", "X-Auth-Key: wrong").Status)
	require.Equal(t, 401, do(h, "GET", "/v1/AUTH_test", "X-Auth-Token: AUTH_tk0").Status)
}

func TestStorageURLScheme(t *testing.T) {
	_, next, a := newHandler(t)
	res := do(New(Options{Auth: a, StorageURLScheme: "https"})(next), "GET", "/auth/v1.0",
		"X-Auth-User: test:tester", "X-Auth-Key: testing")
	require.Equal(t, "https://h:1/v1/AUTH_test", res.Header.Get("X-Storage-Url"))
}

func TestTokens(t *testing.T) {
	h, next, a := newHandler(t)
	token, err := a.Login(t.Context(), "test", "tester", "testing")
	require.NoError(t, err)
	service, err := a.Login(t.Context(), "svc", "s", "k")
	require.NoError(t, err)

	for _, name := range []string{"X-Auth-Token", "X-Storage-Token"} {
		require.Equal(t, 204, do(h, "GET", "/v1/AUTH_test", name+": "+token.Value).Status)
		require.Equal(t, "test:tester", next.seen.Identity.UserID)
		require.Equal(t, "test:tester", next.seen.Log.User)
		require.Same(t, a, next.seen.Authorizer)
		require.Empty(t, next.seen.Identity.ServiceGroups)
	}
	do(h, "GET", "/v1/AUTH_test", "X-Auth-Token: "+token.Value, "X-Service-Token: "+service.Value)
	require.Contains(t, next.seen.Identity.ServiceGroups, "service")
	do(h, "GET", "/v1/AUTH_test", "X-Auth-Token: "+token.Value, "X-Service-Token: AUTH_tkbad")
	require.Empty(t, next.seen.Identity.ServiceGroups)

	for _, lines := range [][]string{nil, {"X-Auth-Token: gAAAAx"}, {"X-Auth-Token: "}, {"X-Service-Token: " + service.Value}} {
		require.Equal(t, 204, do(h, "GET", "/v1/AUTH_test", lines...).Status)
		require.Nil(t, next.seen.Identity, "%q", lines)
		require.Nil(t, next.seen.Authorizer, "%q", lines)
	}
}

func TestBadTokenIsRefusedAtOnce(t *testing.T) {
	h, next, _ := newHandler(t)
	for path, realm := range map[string]string{
		"/v1/AUTH_test/public/o":             "AUTH_test",
		"/info":                              "unknown",
		"/v1":                                "unknown",
		"/v1/AUTH_\"\r\nX-Evil: 1<script>/c": "AUTH_%22%0D%0AX-Evil%3A%201%3Cscript%3E",
		"/v1/AUTH_" + strings.Repeat("x", 3) + "/c": "AUTH_xxx",
	} {
		for _, token := range []string{"AUTH_tk00000000000000000000000000000000", "AUTH_", "AUTH_x"} {
			res := do(h, "GET", path, "X-Auth-Token: "+token, "X-Storage-Token: gAAAA")
			require.Equal(t, 401, res.Status)
			require.Equal(t, `Swift realm="`+realm+`"`, res.Header.Get("Www-Authenticate"))
		}
	}
	require.Nil(t, next.seen)
}

type everything struct{}

func (everything) Authorize(*auth.Identity, auth.Access) auth.Grant {
	return auth.Grant{Allowed: true}
}

func TestAuthorizedRequestsAreLeftAlone(t *testing.T) {
	_, next, a := newHandler(t)
	r := &swift.Request{Request: &web.Request{Method: "GET", Path: "/v1/AUTH_test/c/o"}, Authorizer: everything{}}
	r.Header.Add("X-Auth-Token", "AUTH_tkbad")
	_, err := New(Options{Auth: a})(next).Serve(r)
	require.NoError(t, err)
	require.Equal(t, everything{}, next.seen.Authorizer)
}

func TestAccountACL(t *testing.T) {
	h, next, a := newHandler(t)
	token, err := a.Login(t.Context(), "test", "tester", "testing")
	require.NoError(t, err)
	post := func(path, value string) *web.Response {
		return do(h, "POST", path, "X-Auth-Token: "+token.Value, aclHeader+": "+value)
	}
	for value, want := range map[string]string{
		`{"read-only": ["b"], "admin":["ä"]}`: `{"admin":["\u00e4"],"read-only":["b"]}`,
		"":                                    "", "{}": "",
	} {
		require.Equal(t, 204, post("/v1/AUTH_test", value).Status)
		stored, ok := next.seen.Header.Lookup(swift.AccountACLName)
		require.True(t, ok)
		require.Equal(t, want, stored)
		require.False(t, next.seen.Header.Has(aclHeader))
	}
	res := post("/v1/AUTH_test", "yuck")
	require.Equal(t, 400, res.Status)
	require.Equal(t, "text/plain; charset=UTF-8", res.Header.Get("Content-Type"))
	body, _ := io.ReadAll(res.Body)
	require.Equal(t, "X-Account-Access-Control invalid: Syntax error in input ('yuck')\n\nInput: yuck\n", string(body))
	require.Equal(t, 400, post("/v1/AUTH_test/c", "yuck").Status)
	require.Equal(t, 204, post("/v1/AUTH_test/c", "{}").Status)
	require.False(t, next.seen.Header.Has(swift.AccountACLName), "a container's request does not set it")
	require.Equal(t, 204, post("/v1/OTHER_x", "yuck").Status)
	require.False(t, next.seen.Header.Has(swift.AccountACLName))
}

func FuzzCredentials(f *testing.F) {
	f.Add("v1.0", "test:tester", "k")
	f.Add("v1/test/auth", "tester", "k")
	f.Add("//", ":", "")
	f.Fuzz(func(t *testing.T, rest, user, key string) {
		h := web.Header{{Name: "X-Auth-User", Value: user}, {Name: "X-Auth-Key", Value: key}}
		account, name, gotKey, err := credentials(h, rest)
		if err != nil {
			require.Contains(t, []int{400, 401, 404}, web.ErrorResponse(err).Status)
			return
		}
		require.Equal(t, user, account+":"+name)
		require.Equal(t, key, gotKey)
	})
}
