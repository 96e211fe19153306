// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"
)

// adminToken logs in at a site with the password of its openrc.
func adminToken(t *testing.T, p *testserver.Process) (token, projectID string) {
	t.Helper()
	login := `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"}, ` +
		`"password": "` + openrcPassword(t, p.Data) + `"}}}, "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}`
	res, body := testserver.Answer(t, "POST", p.URL+"/identity/v3/auth/tokens", login, "Content-Type", "application/json")
	_, rest, _ := strings.Cut(body, `"project": {`)
	_, rest, _ = strings.Cut(rest, `"}, "id": "`)
	projectID, _, _ = strings.Cut(rest, `"`)
	if res.StatusCode != 201 || projectID == "" {
		t.Fatalf("login: %d %s", res.StatusCode, body)
	}
	return res.Header.Get("X-Subject-Token"), projectID
}

func openrcPassword(t *testing.T, data string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, openrcName))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "OS_PASSWORD='")
	password, _, _ := strings.Cut(rest, "'")
	return password
}

// startBehind starts a site whose Keystone is that of another.
func startBehind(t *testing.T, keystone *testserver.Process, more string) *testserver.Process {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.toml")
	text := "[keystone]\nauth_url = \"" + keystone.URL + "/identity\"\nusername = \"admin\"\nproject_name = \"admin\"\n" +
		"password = \"" + openrcPassword(t, keystone.Data) + "\"\nhttp_request_max_retries = -1\n" + more
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return testserver.Start(t, filepath.Join(dir, "data"), "--config", config)
}

// TestExternalKeystone: one site's Keystone says whose the other's tokens are;
// when it is gone, what is known goes on working and the rest is 503.
func TestExternalKeystone(t *testing.T) {
	keystone := testserver.Start(t, filepath.Join(t.TempDir(), "data"))
	token, project := adminToken(t, keystone)
	unseen, _ := adminToken(t, keystone)
	swift := startBehind(t, keystone, "")
	account := swift.URL + "/v1/AUTH_" + project
	f := func(method, url string, want int, headers ...string) *http.Response {
		t.Helper()
		res, body := testserver.Answer(t, method, url, "", headers...)
		if res.StatusCode != want {
			t.Errorf("%s %s: %d %s, want %d", method, url, res.StatusCode, body, want)
		}
		return res
	}
	f("PUT", account+"/c", 201, "X-Auth-Token", token)
	f("PUT", account+"/c/o", 201, "X-Auth-Token", token)
	f("GET", swift.URL+"/v1/AUTH_other/c", 403, "X-Auth-Token", token)
	res := f("GET", account+"/c", 401, "X-Auth-Token", "nonsense")
	want := []string{`Swift realm="AUTH_` + project + `"`, `Keystone uri="` + keystone.URL + `/identity"`}
	if got := res.Header.Values("Www-Authenticate"); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("Www-Authenticate: %q, want %q", got, want)
	}
	f("GET", swift.URL+"/identity/v3", 404)
	f("GET", swift.URL+"/image/v2/images", 404, "X-Auth-Token", token)
	if _, err := os.Stat(filepath.Join(swift.Data, openrcName)); err == nil {
		t.Error("a site without Keystone made an openrc")
	}

	keystone.Stop()
	f("GET", account+"/c/o", 200, "X-Auth-Token", token)
	if res := f("GET", account+"/c/o", 503, "X-Auth-Token", unseen); res.Header.Get("Retry-After") == "" {
		t.Error("a 503 without Retry-After")
	}
	f("GET", account+"/c/o", 200, "X-Auth-Token", token)
	f("GET", swift.URL+"/info", 200)
	_, figures := testserver.Answer(t, "GET", swift.URL+"/metrics", "")
	for _, line := range []string{
		`needletail_keystone_lookups_total{result="hit"} 4`, `needletail_keystone_lookups_total{result="miss"} 3`,
		`needletail_keystone_errors_total{step="validate"} 1`, `needletail_keystone_request_seconds_count{step="validate"} 3`,
	} {
		if !strings.Contains(figures, line) {
			t.Errorf("the metrics have no %s", line)
		}
	}
	swift.Stop()
}

// TestExternalKeystoneDecidesAtOnce with delay_auth_decision = false, and keeps
// images where it is told to.
func TestExternalKeystoneDecidesAtOnce(t *testing.T) {
	keystone := testserver.Start(t, filepath.Join(t.TempDir(), "data"))
	token, project := adminToken(t, keystone)
	swift := startBehind(t, keystone, "delay_auth_decision = false\nimage_account = \"AUTH_"+project+"\"\n"+
		"www_authenticate_uri = \"https://cloud.example/identity\"\n")
	res, body := testserver.Answer(t, "GET", swift.URL+"/v1/AUTH_"+project, "")
	if got := res.Header.Values("Www-Authenticate"); res.StatusCode != 401 || len(got) != 1 ||
		got[0] != `Keystone uri="https://cloud.example/identity"` || !strings.HasPrefix(body, `{"error": {"code": 401`) {
		t.Errorf("%d %q %s", res.StatusCode, got, body)
	}
	if res, body := testserver.Answer(t, "GET", swift.URL+"/image/v2/images", "", "X-Auth-Token", token); res.StatusCode != 200 {
		t.Errorf("images: %d %s", res.StatusCode, body)
	}
	swift.Stop()
	keystone.Stop()
}
