package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// A token that ended, however it did, is 401 in all three services at once, so
// that clients log in again; a living one without the right is 403.
func TestDeadTokens(t *testing.T) {
	url := "http://" + startTraceSite(t)
	call := func(method, path, token, body string, lines ...string) *http.Response {
		t.Helper()
		req, err := http.NewRequest(method, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("X-Auth-Token", token)
		}
		for i := 0; i < len(lines); i += 2 {
			req.Header.Set(lines[i], lines[i+1])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		return res
	}
	logIn := func(user, project string) string {
		t.Helper()
		body := fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": %q, "password": "asdf", "domain": {"id": "default"}}}}, "scope": {"project": {"name": %q, "domain": {"id": "default"}}}}}`, user, project)
		res := call("POST", "/identity/v3/auth/tokens", "", body, "Content-Type", "application/json")
		if res.StatusCode != 201 {
			t.Fatalf("login of %s: %d", user, res.StatusCode)
		}
		return res.Header.Get("X-Subject-Token")
	}
	paths := []string{"/v1/AUTH_" + traceAdminID, "/v1/AUTH_" + traceAdminID + "/c", "/image/v2/images", "/identity/v3/users"}
	expect := func(what, token string, status func(path string) int) {
		t.Helper()
		for _, path := range paths {
			if got := call("GET", path, token, "").StatusCode; got != status(path) {
				t.Errorf("%s: GET %s is %d, want %d", what, path, got, status(path))
			}
		}
	}
	dead := func(string) int { return 401 }

	admin, doomed := logIn("admin", "admin"), logIn("glance", "service")
	if res := call("PUT", "/v1/AUTH_"+traceAdminID+"/c", admin, ""); res.StatusCode != 201 {
		t.Fatalf("PUT of a container: %d", res.StatusCode)
	}
	expect("another project's", doomed, func(path string) int {
		if path == "/image/v2/images" {
			return 200
		}
		return 403
	})
	expect("none", "", dead)
	expect("garbage", "gAAAAABgarbage", dead)
	expect("cut", doomed[:len(doomed)-1], dead)

	if res := call("DELETE", "/identity/v3/auth/tokens", admin, "", "X-Subject-Token", doomed); res.StatusCode != 204 {
		t.Fatalf("revocation: %d", res.StatusCode)
	}
	expect("revoked", doomed, dead)

	orphan := logIn("glance", "service")
	disable := `{"user": {"enabled": false}}`
	if res := call("PATCH", "/identity/v3/users/"+traceUsers["glance"], admin, disable, "Content-Type", "application/json"); res.StatusCode != 200 {
		t.Fatalf("disabling: %d", res.StatusCode)
	}
	expect("a disabled user's", orphan, dead)
}
