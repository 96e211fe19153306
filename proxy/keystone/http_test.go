// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/auth/identity"
	"needletail/auth/loginguard"
	"needletail/proxy/web"
)

// TestBusyForm: whoever is told to come later is told when, in Keystone's form.
func TestBusyForm(t *testing.T) {
	c := &call{Request: &web.Request{}}
	res := c.errorResponse(&identity.Error{Kind: identity.KindBusy, Detail: "Too many."})
	body, err := io.ReadAll(res.Body)
	if want := `{"error":{"code":503,"message":"Too many.","title":"Service Unavailable"}}` + "\n"; err != nil || res.Status != 503 ||
		string(body) != want || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s %v, %v", res.Status, body, res.Header, err)
	}
}

// TestThrottledForm: a login within a delay is 429, from the address of the
// failures alone, and the answer says when to come back.
func TestThrottledForm(t *testing.T) {
	c := openCloud(t, identity.Options{Guard: loginguard.New(loginguard.Options{PerUserAtAddress: 1, Window: time.Hour, MaxDelay: time.Hour})})
	login := func(ip, password string) *web.Response {
		t.Helper()
		r := &web.Request{Method: "POST", Path: "/v3/auth/tokens", Host: fixtureHost, Scheme: "http", RemoteAddr: ip,
			Body: strings.NewReader(loginBody("admin", password, onAdmin)), ContentLength: -1}
		r.Header.Set("Content-Type", jsonType)
		res, err := c.handler.Serve(r)
		require.NoError(t, err)
		return res
	}
	require.Equal(t, 401, login("192.0.2.1", "wrong").Status)
	res := login("192.0.2.1", fixturePassword)
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, 429, res.Status)
	require.Equal(t, "1", res.Header.Get("Retry-After"))
	require.Equal(t, `{"error":{"code":429,"message":"Too many logins have failed. Please try again later.","title":"Too Many Requests"}}`+"\n", string(body))
	require.Equal(t, 201, login("192.0.2.2", fixturePassword).Status)
}

// TestErrorForms has bodies and headers as Keystone gives them.
func TestErrorForms(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	f := func(method, path, body string, status int, want string, headers ...string) {
		t.Helper()
		res := c.do(method, path, body, append(headers, "X-Auth-Token", admin)...)
		if res.status != status || !strings.Contains(res.body, want) {
			t.Errorf("%s %s %.60s: %d %s; want %d with %s", method, path, body, res.status, res.body, status, want)
		}
		if res.header.Get("Vary") != "X-Auth-Token" || res.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: headers %v", method, path, res.header)
		}
		if !requestID.MatchString(res.header.Get("x-openstack-request-id")) {
			t.Errorf("request id %q", res.header.Get("x-openstack-request-id"))
		}
	}
	f("GET", "/v3/users/x", "", 404, `{"error":{"code":404,"message":"Could not find user: x.","title":"Not Found"}}`+"\n")
	f("GET", "/v3/domains/x", "", 404, `Could not find domain: x.`)
	f("GET", "/v3/nothing", "", 404, `"code":404`)
	f("GET", "/v2.0/tokens", "", 404, `"code":404`)
	f("GET", "/v3/OS-FEDERATION/mappings", "", 404, `"code":404`)
	f("PATCH", "/v3/auth/tokens", "", 405, `"title":"Method Not Allowed"`)
	f("GET", "/v3/auth/tokens", "", 404, "No token in the request")
	f("POST", "/v3/users", "", 400, "Expecting to find valid JSON in request body.")
	f("POST", "/v3/users", "[]", 400, "valid JSON")
	f("POST", "/v3/users", "null", 400, "valid JSON")
	f("POST", "/v3/users", `{"x": {}}`, 400, "Expecting to find user in request body.")
	f("POST", "/v3/users", `{"user": []}`, 400, "is not of type 'object'")
	f("POST", "/v3/users", `{"user": {}}`, 400, "'name' is a required property")
	f("POST", "/v3/users", `{"user": {"name": 3}}`, 400, "3 is not of type 'string'")
	f("POST", "/v3/users", `{"user": {"name": "x", "enabled": "true"}}`, 400, "is not of type 'boolean'")
	f("POST", "/v3/users", `{"user": {"name": "x", "domain_id": "no"}}`, 404, "Could not find domain: no.")
	f("POST", "/v3/users", `{"user": {"name": "admin"}}`, 409,
		"Conflict occurred attempting to store user - Duplicate entry found with name admin at domain ID default.")
	f("POST", "/v3/users", `{"user": {"name": "x"}}`, 400, "Expecting to find application/json in Content-Type header.",
		"Content-Type", "text/plain")
	f("POST", "/v3/users", `{"a":`+strings.Repeat("[", maxDepth)+strings.Repeat("]", maxDepth)+"}", 400, "valid JSON")
	f("POST", "/v3/users", `{"user": {"name": "`+strings.Repeat("x", maxBodyBytes)+`"}}`, 413, "Request is too large.")
	f("POST", "/v3/projects", `{"project": {"name": "`+strings.Repeat("x", 65)+`"}}`, 400, "1 to 64")
	f("POST", "/v3/projects", `{"project": {"name": "p", "domain_id": "no"}}`, 400, "Could not find domain: no.")
	f("POST", "/v3/endpoints", `{"endpoint": {"service_id": "no", "interface": "public", "url": "http://x"}}`, 400, "Could not find service: no.")
	f("DELETE", "/v3/domains/default", "", 403, "Cannot delete a domain that is enabled")
	f("DELETE", "/v3/regions/RegionOne", "", 403, "Unable to delete region")
}

var requestID = regexp.MustCompile(`^req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// TestAllow: a 405 names the methods of the path.
func TestAllow(t *testing.T) {
	c := newCloud(t)
	for path, want := range map[string]string{
		"/v3/auth/tokens": "POST, GET, HEAD, DELETE", "/v3/users/x/": "GET, HEAD, PATCH, DELETE", "/v3/s3tokens": "POST",
	} {
		if res := c.do("PUT", path, ""); res.status != 405 || res.header.Get("Allow") != want {
			t.Errorf("PUT %s: %d, Allow %q, want %q", path, res.status, res.header.Get("Allow"), want)
		}
	}
	if res := c.do("PUT", "/v3/none", ""); res.status != 404 || res.header.Has("Allow") {
		t.Errorf("an unknown path: %d %v", res.status, res.header)
	}
}

// TestLoginBodies: what is malformed is 400, what is wrong is 401.
func TestLoginBodies(t *testing.T) {
	c := newCloud(t)
	user := func(u, scope string) string {
		return `{"auth": {"identity": {"methods": ["password"], "password": {"user": ` + u + `}}, "scope": ` + scope + `}}`
	}
	const ann = `{"name": "admin", "password": "asdf", "domain": {"id": "default"}}`
	for body, want := range map[string]int{
		user(ann, "null"):             201,
		user(ann, `"unscoped"`):       201,
		user(ann, onAdmin):            201,
		user(ann, `{"unscoped": {}}`): 201,
		user(`{"id": "`+adminUser+`", "password": "asdf"}`, onAdmin):         201,
		user(`{"name": "admin", "password": "asdf"}`, onAdmin):               400,
		user(`{"name": "admin", "password": "asdf", "domain": {}}`, onAdmin): 400,
		user(`{"name": "admin", "domain": {"id": "default"}}`, onAdmin):      400,
		user(ann, `{"project": {"name": "admin"}}`):                          400,
		user(ann, `{"project": {"id": "x"}, "domain": {"id": "y"}}`):         400,
		user(ann, `{"system": {"all": false}}`):                              400,
		user(ann, `{"project": {"id": "x"}}`):                                401,
		user(ann, `{"domain": {"id": "default"}}`):                           401,
		user(ann, onSystem): 401,
		strings.Replace(user(ann, onAdmin), "asdf", "wrong", 1): 401,
		`{}`: 400, `{"auth": {}}`: 400, `{"auth": {"identity": {}}}`: 400,
		`{"auth": {"identity": {"methods": []}}}`:                              400,
		`{"auth": {"identity": {"methods": ["password"]}}}`:                    400,
		`{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}}}`: 401,
	} {
		if res := c.do("POST", "/v3/auth/tokens", body); res.status != want {
			t.Errorf("%s: %d %s, want %d", body, res.status, res.body, want)
		} else if want == 401 && (!strings.Contains(res.body, msgUnauthorized) || !res.header.Has("WWW-Authenticate")) {
			t.Errorf("%s: %s", body, res.body)
		}
	}
	res := c.do("POST", "/v3/auth/tokens", `{"auth": {"identity": {"methods": ["mapped"]}}}`)
	if res.status != 401 || !strings.Contains(res.body, `"identity":{"methods":["password","token","application_credential"]}`) {
		t.Errorf("an unknown method: %d %s", res.status, res.body)
	}
	if res := c.do("POST", "/v3/auth/tokens", user(ann, `"unscoped"`)); strings.Contains(res.body, "roles") ||
		strings.Contains(res.body, "catalog") || strings.Contains(res.body, "project") {
		t.Errorf("an unscoped token: %s", res.body)
	}
}

// TestHeadAndSlashes: every GET answers HEAD alike, with and without a slash.
func TestHeadAndSlashes(t *testing.T) {
	c := newCloud(t)
	admin := c.login("admin", onAdmin)
	for _, path := range []string{"/v3", "/v3/users", "/v3/users/" + adminUser, "/v3/auth/projects", "/v3/auth/catalog",
		"/v3/auth/tokens", "/v3/projects/" + adminProject + "/users/" + adminUser + "/roles/" + adminRole} {
		get := c.do("GET", path, "", "X-Auth-Token", admin, "X-Subject-Token", admin)
		for _, method := range []string{"GET", "HEAD"} {
			res := c.do(method, path+"/", "", "X-Auth-Token", admin, "X-Subject-Token", admin)
			if res.status != get.status || res.body != get.body || get.status > 204 {
				t.Errorf("%s %s/: %d, GET %d", method, path, res.status, get.status)
			}
		}
		if get.status == 204 && get.header.Has("Content-Type") {
			t.Errorf("%s: a 204 with a Content-Type", path)
		}
	}
}

// TestBodyThatFails: the front has to see the error of a body that was cut.
func TestBodyThatFails(t *testing.T) {
	c := newCloud(t)
	for _, want := range []error{web.Status(499), io.ErrUnexpectedEOF} {
		_, err := c.handler.Serve(&web.Request{Method: "POST", Path: "/v3/auth/tokens", Body: failing{want}, ContentLength: 10})
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestBaseURL: links follow the request or the configuration.
func TestBaseURL(t *testing.T) {
	for _, x := range []struct{ scheme, host, public, want string }{
		{"http", "h:80", "", "http://h/identity/v3/"},
		{"http", "h:5000", "", "http://h:5000/identity/v3/"},
		{"https", "h:443", "", "https://h/identity/v3/"},
		{"http", "h", "https://cloud/id/", "https://cloud/id/v3/"},
	} {
		h := New(Config{PublicURL: x.public})
		res, err := h.Serve(&web.Request{Method: "GET", Path: "/", Host: x.host, Scheme: x.scheme, BasePath: "/identity"})
		if err != nil || res.Header.Get("Location") != x.want {
			t.Errorf("%+v: %v, %v", x, res, err)
		}
	}
}

func FuzzLogin(f *testing.F) {
	f.Add(loginBody("admin", "x", onAdmin))
	f.Add(loginBody("admin", "x", onSystem))
	f.Add(`{"auth":{"identity":{"methods":["token"],"token":{"id":"x"}},"scope":"unscoped"}}`)
	f.Add(`{"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"x","secret":"y"}}}}`)
	f.Add(`{"auth":{"identity":{"methods":["totp"],"totp":{"user":{"id":"x","passcode":"123456"}}}}}`)
	f.Add(`{"a":[{"\"[":"]"}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		o, err := parseObject([]byte(body))
		if err != nil {
			return
		}
		if _, err := parseLogin(o, append(identity.DefaultMethods(), identity.MethodTOTP)); err != nil {
			var e *apiError
			if !errors.As(err, &e) || !json.Valid(e.body()) {
				t.Fatalf("%q: %v", body, err)
			}
		}
		if !json.Valid(readAll(t, answer(200, withExtras(nil, o)))) {
			t.Fatalf("%q cannot be shown", body)
		}
	})
}

func readAll(t *testing.T, res *web.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
