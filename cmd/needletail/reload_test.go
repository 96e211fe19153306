// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// reloading is a server in this process over a configuration file.
type reloading struct {
	*reloader
	t    *testing.T
	path string
	log  lockedBuffer
	now  *running
	url  string
}

// testUsers are in every file of a reloading.
const testUsers = `[tempauth]
users = ["test:tester=testing,.admin", "test:root=testing,.reseller_admin"`

// startReloading serves the file until the test ends. The file has testUsers
// unless the file has users.
func startReloading(t *testing.T, text string) *reloading {
	t.Helper()
	dir := t.TempDir()
	r := &reloading{t: t, path: filepath.Join(dir, "c.toml")}
	load := func() (settings, error) {
		cfg, err := loadSettings(r.path)
		cfg.Data, cfg.PublicURL = filepath.Join(dir, "data"), "http://h.test"
		cfg.Identity.PasswordHashRounds = 4
		if err == nil {
			err = cfg.Validate()
		}
		return cfg, err
	}
	r.write(text)
	cfg, err := load()
	require.NoError(t, err)
	r.reloader = &reloader{load: load, file: cfg.Config}
	cfg.live = new(liveLog)
	cfg.SettlePublicURL(nil)
	logger, err := newLogger(cfg.Log, cfg.live, &r.log)
	require.NoError(t, err)
	access, err := openAccessLog(cfg.Log, &r.log)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, access.close()) })
	st, err := openStorage(cfg, logger)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.close()) })
	t.Setenv("OS_BOOTSTRAP_PASSWORD", "pw")
	require.NoError(t, st.bootstrap(t.Context(), cfg))
	front, err := newFront(cfg, st, logger, sinks{lines: access.lines})
	require.NoError(t, err)
	p := new(ports)
	p.proxies.Store(nil)
	r.now = &running{settings: cfg, logger: logger, ports: p, access: access, front: front}
	r.url = "http://" + serveFront(t, front)
	return r
}

func (r *reloading) write(text string) {
	r.t.Helper()
	if !strings.Contains(text, "[tempauth]") {
		text += "\n" + testUsers + "]\n"
	}
	require.NoError(r.t, os.WriteFile(r.path, []byte(text), 0o600))
}

// hangup reloads the file, and returns what the log says.
func (r *reloading) hangup(text string) string {
	r.t.Helper()
	before := len(r.log.String())
	r.write(text)
	r.reload(r.t.Context(), r.now)
	return r.log.String()[before:]
}

// ask sends a request on a connection of its own, and returns the status, the
// header and the body. headers are names and values in turn.
func (r *reloading) ask(method, path, body string, headers ...string) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	for ; len(headers) > 1; headers = headers[2:] {
		req.Header.Set(headers[0], headers[1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

// probe is ask for an answer that must come.
func (r *reloading) probe(method, path, body string, headers ...string) (*http.Response, string) {
	r.t.Helper()
	res, text, err := r.ask(method, path, body, headers...)
	require.NoError(r.t, err)
	return res, text
}

// token logs a user of TempAuth in. "": the user may not.
func (r *reloading) token(user, key string) string {
	r.t.Helper()
	res, _ := r.probe("GET", "/auth/v1.0", "", "X-Auth-User", user, "X-Auth-Key", key)
	return res.Header.Get("X-Auth-Token")
}

// admin returns a token of the built-in Keystone.
func (r *reloading) admin() string {
	r.t.Helper()
	res, _ := r.probe("POST", "/v3/auth/tokens", `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"}, "password": "pw"}}},
		"scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}`, "Content-Type", "application/json")
	require.Equal(r.t, 201, res.StatusCode)
	return res.Header.Get("X-Subject-Token")
}

// underLoad runs change while clients write and read objects, and wants every
// request of the clients to succeed.
func (r *reloading) underLoad(change func()) {
	r.t.Helper()
	token := r.token("test:root", "testing")
	res, _ := r.probe("PUT", "/v1/AUTH_load/c", "", "X-Auth-Token", token)
	require.Equal(r.t, 201, res.StatusCode)
	const clients = 4
	var group sync.WaitGroup
	var requests atomic.Int64
	stop, failed := make(chan struct{}), make(chan error, clients)
	for n := range clients {
		group.Go(func() {
			for {
				for _, method := range []string{"PUT", "GET"} {
					res, text, err := r.ask(method, fmt.Sprint("/v1/AUTH_load/c/", n), "12345", "X-Auth-Token", token)
					if err == nil && res.StatusCode >= 300 {
						err = fmt.Errorf("%s: %s", res.Status, text)
					}
					if err != nil {
						failed <- err
						return
					}
					requests.Add(1)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	change()
	close(stop)
	group.Wait()
	select {
	case err := <-failed:
		r.t.Error(err)
	default:
	}
	require.GreaterOrEqual(r.t, requests.Load(), int64(2*clients))
}

// reloads are the kinds of options: two files, and what a client or the log sees
// of each.
var reloads = []struct {
	name          string
	before, after string
	see           func(r *reloading) string
	want, wantNew string
}{
	{"limits.max_file_size", "", "[limits]\nmax_file_size = 10", func(r *reloading) string {
		return r.status("PUT", "/v1/AUTH_load/c/large", strings.Repeat("x", 11))
	}, "201", "413"},
	{"limits.max_request_line", "", "[limits]\nmax_request_line = 200", func(r *reloading) string {
		return r.status("GET", "/healthcheck?"+strings.Repeat("x", 200), "")
	}, "200", "414"},
	{"limits.max_image_size", "", "[limits]\nmax_image_size = 4", func(r *reloading) string { return r.uploadImage() }, "204", "413"},
	{"timeouts.body_idle", "", "[timeouts]\nbody_idle = \"10ms\"", func(r *reloading) string {
		if r.now.settings.Timeouts.BodyIdle > 1e9 {
			return "patient"
		}
		return r.stall()
	}, "patient", "HTTP/1.1 408 Request Timeout\r\n"},
	{"tempauth.users", "", testUsers + `, "test:new=k"]`, func(r *reloading) string { return fmt.Sprint(r.token("test:new", "k") != "") }, "false", "true"},
	{"tempauth.storage_url_scheme", "", testUsers + "]\nstorage_url_scheme = \"https\"", func(r *reloading) string { return r.storageScheme() }, "http", "https"},
	{"front.trusted_proxies", "", "[front]\ntrusted_proxies = [\"127.0.0.1\"]", func(r *reloading) string { return r.storageScheme() }, "http", "https"},
	{"policy.default", twoPolicies("gold"), twoPolicies("iron"), func(r *reloading) string {
		r.status("DELETE", "/v1/AUTH_load/p", "")
		r.status("PUT", "/v1/AUTH_load/p", "")
		return r.headOf("/v1/AUTH_load/p", "X-Storage-Policy")
	}, "gold", "iron"},
	{"policy.name", twoPolicies("gold"), strings.Replace(twoPolicies("gold"), `name = "gold"`, `name = "amber"`, 1), func(r *reloading) string {
		return r.headOf("/v1/AUTH_load/c", "X-Storage-Policy")
	}, "gold", "amber"},
	{"policy.deprecated", twoPolicies("gold"), strings.Replace(twoPolicies("gold"), `name = "iron"`, "name = \"iron\"\ndeprecated = true", 1), func(r *reloading) string {
		r.status("DELETE", "/v1/AUTH_load/old", "")
		return r.status("PUT", "/v1/AUTH_load/old", "", "X-Storage-Policy", "iron")
	}, "201", "400"},
	{"swift.strict_cors_mode", "", "[swift]\nstrict_cors_mode = false", func(r *reloading) string {
		return strings.Join(strings.Split(between(r.info(), `"strict_cors_mode": `, ","), "\n"), "")
	}, "true", "false"},
	{"filter.name_check", "", "[filter.name_check]\nenabled = true\nforbidden_chars = \"#\"", func(r *reloading) string {
		return r.status("PUT", "/v1/AUTH_load/c/a%23b", "x")
	}, "201", "400"},
	{"filter.ratelimit", "", "[filter.ratelimit]\nenabled = true\naccount_ratelimit = 1000.0", func(r *reloading) string {
		return fmt.Sprint(strings.Contains(r.info(), `"ratelimit"`))
	}, "false", "true"},
	{"identity.list_limit", "", "[identity]\nlist_limit = 1", func(r *reloading) string {
		_, text := r.probe("GET", "/v3/roles", "", "X-Auth-Token", r.admin())
		return fmt.Sprint(strings.Contains(text, `"truncated": true`))
	}, "false", "true"},
	{"identity.operator_roles", "", "[identity]\noperator_roles = [\"nobody\"]", func(r *reloading) string {
		return r.status("GET", "/v1/"+r.projectAccount(), "", "X-Auth-Token", r.admin())
	}, "204", "403"},
	{"glance.enabled_import_methods", "", "[glance]\nenabled_import_methods = [\"copy-image\"]", func(r *reloading) string {
		_, text := r.probe("GET", "/v2/info/import", "", "X-Auth-Token", r.admin())
		return fmt.Sprint(strings.Contains(text, "web-download"))
	}, "true", "false"},
	{"log.format", "", "[log]\nformat = \"json\"", func(r *reloading) string { return r.logged("form", `"msg":"form"`) }, "false", "true"},
	{"log.level", "", "[log]\nlevel = \"error\"", func(r *reloading) string { return r.logged("level", "msg=level") }, "true", "false"},
	{"log.access", "[log]\naccess = false", "[log]\naccess = true", func(r *reloading) string {
		return fmt.Sprint(strings.Contains(r.afterRequest("/healthcheck/access"), "path=/healthcheck/access"))
	}, "false", "true"},
}

// twoPolicies returns a file with the policies gold and iron.
func twoPolicies(byDefault string) (text string) {
	for i, name := range []string{"gold", "iron"} {
		text += fmt.Sprintf("[[policy]]\nindex = %d\nname = %q\ndefault = %v\n", i, name, name == byDefault)
	}
	return text
}

// TestReload changes an option of each kind to and fro under running requests.
func TestReload(t *testing.T) {
	for _, c := range reloads {
		t.Run(c.name, func(t *testing.T) {
			r := startReloading(t, c.before)
			r.underLoad(func() {
				require.Equal(t, c.want, c.see(r), "before")
				for range 3 {
					r.hangup(c.after)
					require.Equal(t, c.wantNew, c.see(r), "after")
					r.hangup(c.before)
					require.Equal(t, c.want, c.see(r), "back again")
				}
			})
		})
	}
}

func (r *reloading) status(method, path, body string, headers ...string) string {
	r.t.Helper()
	if len(headers) == 0 || headers[0] != "X-Auth-Token" {
		headers = append(headers, "X-Auth-Token", r.token("test:root", "testing"))
	}
	res, _ := r.probe(method, path, body, headers...)
	return fmt.Sprint(res.StatusCode)
}

func (r *reloading) headOf(path, name string) string {
	r.t.Helper()
	res, _ := r.probe("HEAD", path, "", "X-Auth-Token", r.token("test:root", "testing"))
	return res.Header.Get(name)
}

func (r *reloading) info() string {
	r.t.Helper()
	_, text := r.probe("GET", "/info", "")
	return text
}

// storageScheme returns the scheme of X-Storage-Url for a client of a proxy with
// TLS.
func (r *reloading) storageScheme() string {
	r.t.Helper()
	res, _ := r.probe("GET", "/auth/v1.0", "", "X-Auth-User", "test:root", "X-Auth-Key", "testing", "X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https")
	scheme, _, _ := strings.Cut(res.Header.Get("X-Storage-Url"), "://")
	return scheme
}

// uploadImage returns the status of an image of 5 bytes.
func (r *reloading) uploadImage() string {
	r.t.Helper()
	token := r.admin()
	res, text := r.probe("POST", "/v2/images", `{"name": "i", "disk_format": "raw", "container_format": "bare"}`, "X-Auth-Token", token, "Content-Type", "application/json")
	require.Equal(r.t, 201, res.StatusCode, text)
	return r.status("PUT", "/v2/images/"+between(text, `"id": "`, `"`)+"/file", "12345", "X-Auth-Token", token, "Content-Type", "application/octet-stream")
}

// projectAccount returns the account of the project admin.
func (r *reloading) projectAccount() string {
	r.t.Helper()
	_, text := r.probe("GET", "/v3/auth/projects", "", "X-Auth-Token", r.admin())
	return "AUTH_" + between(text, `"id": "`, `"`)
}

// stall returns the first line of the answer to a body that never comes.
func (r *reloading) stall() string {
	r.t.Helper()
	head := "PUT /v1/AUTH_load/c/stalled HTTP/1.1\r\nHost: h\r\nX-Auth-Token: " + r.token("test:root", "testing") + "\r\nContent-Length: 9\r\n\r\n"
	line, _, _ := strings.Cut(r.raw(head+"abc"), "\n")
	return line + "\n"
}

// afterRequest returns what the log says of a GET, after the request was logged:
// the next request of the connection comes later.
func (r *reloading) afterRequest(path string) string {
	r.t.Helper()
	before := len(r.log.String())
	r.raw("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\nGET /healthcheck HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	return r.log.String()[before:]
}

// raw writes to a new connection, and returns what comes until its end.
func (r *reloading) raw(text string) string {
	r.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	require.NoError(r.t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, text)
	require.NoError(r.t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(r.t, err)
	return string(answer)
}

// logged reports whether a line of the level info is logged with a text in it.
func (r *reloading) logged(message, want string) string {
	before := len(r.log.String())
	r.now.logger.With("a", 1).Info(message)
	return fmt.Sprint(strings.Contains(r.log.String()[before:], want))
}

// between returns what is in text between two others, or "".
func between(text, before, after string) string {
	_, rest, _ := strings.Cut(text, before)
	found, _, _ := strings.Cut(rest, after)
	return found
}
