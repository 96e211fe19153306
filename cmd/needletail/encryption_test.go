// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
	"needletail/objstore/encryption"
)

// writeRootSecret is a file with a root secret of one byte's repetition.
func writeRootSecret(t *testing.T, fill string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root-secret")
	text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, encryption.SecretMinBytes)))
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// client asks a server as one user.
type client struct {
	t   *testing.T
	url string
}

func (c client) do(want int, method, path, body string, headers ...string) (string, http.Header) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.t.Fatalf("%s %s: %d, want %d: %s %v", method, path, res.StatusCode, want, text, err)
	}
	return string(text), res.Header
}

// TestEncryptedSite stores an object, a manifest and an image, and looks for
// them on the disk; then the secret is another one, and then there is none.
func TestEncryptedSite(t *testing.T) {
	t.Setenv("OS_BOOTSTRAP_PASSWORD", "pw")
	data, quick := filepath.Join(t.TempDir(), "data"), "\n[identity]\npassword_hash_rounds = 4\n"
	secret := "[encryption]\nroot_secret_file = \"" + writeRootSecret(t, "a") + "\"" + quick
	start := func(config string) (client, string, *testserver.Process) {
		p := testserver.Start(t, data, "--config", testserver.WriteConfig(t, config), "--tempauth-user", "test:tester=testing,.admin")
		c := client{t, p.URL}
		_, h := c.do(200, "GET", "/auth/v1.0", "", "X-Auth-User", "test:tester", "X-Auth-Key", "testing")
		return c, h.Get("X-Auth-Token"), p
	}
	c, token, p := start(secret)
	small, large := "MARK-"+strings.Repeat("s", 100), strings.Repeat("MARK-large", 20_000)
	c.do(201, "PUT", "/v1/AUTH_test/c", "", "X-Auth-Token", token)
	c.do(201, "PUT", "/v1/AUTH_test/c/small", small, "X-Auth-Token", token, "X-Object-Meta-Color", "MARK-meta")
	c.do(201, "PUT", "/v1/AUTH_test/c/large", large, "X-Auth-Token", token)
	c.do(422, "PUT", "/v1/AUTH_test/c/unlike", "x", "X-Auth-Token", token, "Etag", "d41d8cd98f00b204e9800998ecf8427e")
	c.do(201, "PUT", "/v1/AUTH_test/c/slo?multipart-manifest=put", `[{"path":"/c/small"},{"path":"/c/large"}]`, "X-Auth-Token", token)
	if got, _ := c.do(200, "GET", "/v1/AUTH_test/c/slo", "", "X-Auth-Token", token); got != small+large {
		t.Error("the manifest's content differs")
	}
	got, h := c.do(206, "GET", "/v1/AUTH_test/c/large", "", "X-Auth-Token", token, "Range", "bytes=100001-100030,5-9")
	if !strings.Contains(got, large[100_001:100_031]) || !strings.Contains(got, large[5:10]) || h.Get("Etag") == "" {
		t.Errorf("ranges: %q %v", got, h)
	}
	c.do(304, "GET", "/v1/AUTH_test/c/large", "", "X-Auth-Token", token, "If-None-Match", h.Get("Etag"))
	if list, _ := c.do(200, "GET", "/v1/AUTH_test/c?format=json", "", "X-Auth-Token", token); !strings.Contains(list, `"`+h.Get("Etag")+`"`) {
		t.Errorf("%s is not listed: %s", h.Get("Etag"), list)
	}
	putImage(c)
	p.Stop()
	for _, mark := range []string{"MARK-ssss", "MARK-large", "MARK-meta", "MARK-image"} {
		if path := grep(t, data, mark); path != "" {
			t.Errorf("%s is in clear in %s", mark, path)
		}
	}

	refused(t, data, encryption.ErrOtherSecret, "[encryption]\nroot_secret_file = \""+writeRootSecret(t, "b")+"\"")
	refused(t, data, encryption.ErrNoSecret, "") // the images cannot be listed
	c, token, p = start(secret)
	if got, _ := c.do(200, "GET", "/v1/AUTH_test/c/large", "", "X-Auth-Token", token); got != large {
		t.Error("what another secret saw is damaged")
	}
	p.Stop()
}

// refused wants that a server does not start on the data, and says why.
func refused(t *testing.T, data string, why error, config string) {
	t.Helper()
	binary, err := testserver.Build()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "serve", "--data", data, "--listen", "127.0.0.1:0", "--config", testserver.WriteConfig(t, config)).CombinedOutput()
	if err == nil || ctx.Err() != nil || !strings.Contains(string(out), why.Error()) {
		t.Errorf("the server's end is %v, want %v: %s", err, why, out)
	}
}

// putImage stores an image as the bootstrapped admin.
func putImage(c client) {
	c.t.Helper()
	_, h := c.do(201, "POST", "/identity/v3/auth/tokens", `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"pw"}}},"scope":{"project":{"name":"admin","domain":{"id":"default"}}}}}`, "Content-Type", "application/json")
	token := h.Get("X-Subject-Token")
	_, h = c.do(201, "POST", "/image/v2/images", `{"name":"MARK-image-name","disk_format":"raw","container_format":"bare"}`, "X-Auth-Token", token, "Content-Type", "application/json")
	path := h.Get("Location")
	path = "/image/v2/images/" + path[strings.LastIndexByte(path, '/')+1:]
	body := strings.Repeat("MARK-image", 20_000)
	c.do(204, "PUT", path+"/file", body, "X-Auth-Token", token, "Content-Type", "application/octet-stream")
	if got, _ := c.do(200, "GET", path+"/file", "", "X-Auth-Token", token); got != body {
		c.t.Error("the image differs")
	}
}

// grep is the first file below dir that holds text, or "".
func grep(t *testing.T, dir, text string) (found string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if strings.Contains(string(b), text) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
