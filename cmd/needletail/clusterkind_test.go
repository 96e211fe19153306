// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/ring"
)

// backend is a server of accounts, containers and objects, all in one. The
// server has every account and container, and the object "o" with the body
// "body". The object "broken" is 503.
type backend struct {
	*httptest.Server
	mu   sync.Mutex
	seen []*http.Request // without bodies
}

func startBackend(t *testing.T) *backend {
	t.Helper()
	b := new(backend)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.seen = append(b.seen, r)
		b.mu.Unlock()
		_, _ = io.Copy(io.Discard, r.Body)
		h := w.Header()
		h.Set("X-Timestamp", "1700000000.00000")
		h.Set("X-Backend-Timestamp", "1700000000.00000")
		h.Set("X-PUT-Timestamp", "1700000000.00000")
		h.Set("X-Backend-Storage-Policy-Index", "1")
		for _, name := range []string{"X-Account-Container-Count", "X-Account-Object-Count", "X-Account-Bytes-Used", "X-Container-Object-Count", "X-Container-Bytes-Used"} {
			h.Set(name, "0")
		}
		switch {
		case filepath.Base(r.URL.Path) == "broken":
			w.WriteHeader(503)
		case r.Method == "PUT":
			h.Set("Etag", `"841a2d689ad86bd1611447453c22c6fc"`)
			w.WriteHeader(201)
		case filepath.Base(r.URL.Path) == "o":
			h.Set("Etag", `"841a2d689ad86bd1611447453c22c6fc"`)
			h.Set("Content-Type", "a/b")
			h.Set("Content-Length", "4")
			if r.Method == "GET" {
				_, _ = io.WriteString(w, "body")
			}
		default:
			w.WriteHeader(204)
		}
	}))
	t.Cleanup(b.Close)
	return b
}

// requests returns the requests of a method.
func (b *backend) requests(method string) (of []*http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.seen {
		if r.Method == method {
			of = append(of, r)
		}
	}
	return of
}

const swiftConf = `[swift-hash]
swift_hash_path_suffix = changeme
[swift-constraints]
max_file_size = 12345
max_meta_count = 7
max_header_size = 16384
container_listing_limit = 99
[storage-policy:0]
name = gold
aliases = yellow
[storage-policy:1]
name = silver
default = yes
[storage-policy:2]
name = coded
policy_type = erasure_coding
ec_type = isa_l_rs_vand
ec_num_data_fragments = 4
ec_num_parity_fragments = 2
`

// swiftDir makes a swift_dir with all rings. The devices are at address.
func swiftDir(t *testing.T, address string) string {
	t.Helper()
	dir := t.TempDir()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	for name, replicas := range map[string]float64{"account": 3, "container": 3, "object": 3, "object-1": 2, "object-2": 6} {
		b, err := ring.NewBuilder(4, replicas, 1)
		require.NoError(t, err)
		for i := range 6 {
			require.NoError(t, b.Add(ring.Device{ID: i, Region: 1, Zone: i, Weight: 1, IP: host, Port: number, Device: fmt.Sprint("sdb", i)}))
		}
		_, err = b.Rebalance(1)
		require.NoError(t, err)
		r, err := b.Ring(ring.Hash{})
		require.NoError(t, err)
		require.NoError(t, r.WriteFile(filepath.Join(dir, name+".ring.gz"), 1))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte(swiftConf), 0o600))
	return dir
}

// clusterSettings is a proxy of a cluster with a TempAuth user.
func clusterSettings(t *testing.T, dir string) settings {
	t.Helper()
	cfg := defaultSettings()
	cfg.Cluster.SwiftDir = dir
	cfg.TempAuth.Users = []string{"test:tester=testing,.admin"}
	cfg.Log.Access = false
	require.NoError(t, cfg.Validate())
	require.NoError(t, cfg.openSwiftDir(slog.New(slog.DiscardHandler)))
	return cfg
}

// get sends a GET and returns the answer with its body.
func get(t *testing.T, url, token string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	require.NoError(t, err)
	r.Header.Set("X-Auth-Token", token)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

// serveCluster serves a configuration and returns its URL and a user's token.
func serveCluster(t *testing.T, cfg settings) (url, token string) {
	t.Helper()
	_, addr := serveConfig(t, cfg)
	url = "http://" + addr
	r, err := http.NewRequestWithContext(t.Context(), "GET", url+"/auth/v1.0", nil)
	require.NoError(t, err)
	r.Header.Set("X-Auth-User", "test:tester")
	r.Header.Set("X-Auth-Key", "testing")
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 200, res.StatusCode)
	return url, res.Header.Get("X-Auth-Token")
}

// A read reaches the servers with the client's transaction, is counted, and no
// data folder is made.
func TestClusterServes(t *testing.T) {
	b := startBackend(t)
	t.Chdir(t.TempDir())
	cfg := clusterSettings(t, swiftDir(t, b.Listener.Addr().String()))
	url, token := serveCluster(t, cfg)
	res, body := get(t, url+"/v1/AUTH_test/c/o?secret=1", token)
	require.Equal(t, 200, res.StatusCode, body)
	require.Equal(t, "body", body)
	gets := b.requests("GET")
	require.NotEmpty(t, gets)
	last := gets[len(gets)-1]
	require.Equal(t, res.Header.Get("X-Trans-Id"), last.Header.Get("X-Trans-Id"))
	require.Equal(t, "GET "+url+"/v1/AUTH_test/c/o", last.Header.Get("Referer"), "a query may hold a signature")
	require.Equal(t, "1", last.Header.Get("X-Backend-Storage-Policy-Index"), "the container's")

	_, page := get(t, url+"/metrics", "")
	require.Regexp(t, `needletail_cluster_requests_total\{device="sdb\d",outcome="2xx",policy="1",server="127.0.0.1:\d+",type="object"\} 1`, page)
	require.NotContains(t, page, "needletail_store_puts_total", "of the embedded store")
	for path, status := range map[string]int{"/identity/v3": 404, "/image/v2/images": 404, "/healthcheck": 200} {
		res, _ := get(t, url+path, token)
		require.Equal(t, status, res.StatusCode, path)
	}
	made, err := os.ReadDir(".")
	require.NoError(t, err)
	require.Empty(t, made)
}

// /info has the limits and policies of swift.conf.
func TestClusterInfo(t *testing.T) {
	url, _ := serveCluster(t, clusterSettings(t, swiftDir(t, "127.0.0.1:1")))
	_, body := get(t, url+"/info", "")
	var info struct {
		Swift map[string]any `json:"swift"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &info))
	for key, want := range map[string]float64{
		"max_file_size": 12345, "max_meta_count": 7, "max_header_size": 16384, "container_listing_limit": 99,
		"account_listing_limit": 10000, "max_meta_name_length": 128, "extra_header_count": 0, "max_object_name_length": 1024,
	} {
		require.Equal(t, want, info.Swift[key], key)
	}
	require.Equal(t, []any{
		map[string]any{"name": "gold", "aliases": "gold, yellow"},
		map[string]any{"name": "silver", "aliases": "silver", "default": true},
		map[string]any{"name": "coded", "aliases": "coded"},
	}, info.Swift["policies"])
}

func TestClusterRefusesToStart(t *testing.T) {
	dir := swiftDir(t, "127.0.0.1:1")
	file := filepath.Join(t.TempDir(), "c.toml")
	start := func(text string) error {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		root := newRootCommand()
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		root.SetArgs([]string{"serve", "--config", file, "--listen", "127.0.0.1:0", "--tempauth-user", "a:b=c"})
		return root.ExecuteContext(t.Context())
	}
	section := fmt.Sprintf("[cluster]\nswift_dir = %q\n", dir)
	for text, want := range map[string]string{
		section + "[limits]\nmax_file_size = 5\n":                               "limits.max_file_size is 5, and max_file_size of swift.conf is 12345",
		section + "[[cluster.policy]]\nindex = 7\n":                             "policy 7",
		section + "[encryption]\nroot_secret_file = \"/x\"\n":                   "[cluster.keymaster]",
		section + "[cluster.keymaster]\nkeymaster_config_path = \"/missing\"\n": "/missing",
		section + "[cluster.keymaster]\nencryption_root_secret = \"SECRET\"\n":  "cluster: keymaster: a root secret is not base64",
		fmt.Sprintf("[cluster]\nswift_dir = %q\n", dir+"/missing"):              "swift.conf",
	} {
		err := start(text)
		require.ErrorIs(t, err, errUsage, text)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "SECRET")
	}
	require.NoError(t, os.Remove(filepath.Join(dir, "object-1.ring.gz")))
	require.ErrorContains(t, start(section), "object-1.ring.gz")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte("[swift-hash]\n"), 0o600))
	require.ErrorContains(t, start(section), "swift_hash_path_suffix")
}

// The data folder of a proxy holds identities alone, and is locked.
func TestClusterWithBuiltinKeystone(t *testing.T) {
	b := startBackend(t)
	cfg := clusterSettings(t, swiftDir(t, b.Listener.Addr().String()))
	cfg.Cluster.BuiltinKeystone = true
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.Identity.PasswordHashRounds = 4
	cfg.PublicURL = "http://x"
	require.NoError(t, cfg.Validate())
	st, addr := serveConfig(t, cfg)
	res, _ := get(t, "http://"+addr+"/identity/v3", "")
	require.Equal(t, 200, res.StatusCode)
	require.True(t, st.identity.Bootstrapped())
	require.NoDirExists(t, filepath.Join(cfg.Data, "index"))
	_, err := openIdentityFolder(cfg.Data, slog.New(slog.DiscardHandler))
	require.Equal(t, exitInUse, exitCode(err))
	require.NoError(t, st.objects.home().Reserve(1))
	require.Error(t, st.objects.home().Reserve(1<<60))
}

// A folder with objects is not taken for a folder of identities.
func TestClusterRefusesFolderWithObjects(t *testing.T) {
	cfg := defaultSettings()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	st, err := openStorage(cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, st.close())
	_, err = openIdentityFolder(cfg.Data, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, errUsage)
	require.ErrorContains(t, err, "objects of the embedded store")
	st, err = openStorage(cfg, slog.New(slog.DiscardHandler))
	require.NoError(t, err, "the folder is as it was")
	require.NoError(t, st.close())
}

func TestClusterCommands(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "c.toml")
	text := fmt.Sprintf("[tempauth]\nusers = [\"a:b=c\"]\n[cluster]\nswift_dir = %q\n", dir)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	for _, args := range [][]string{
		{"check", "--config", file}, {"repair", "--rebuild-index", "--config", file},
		{"bootstrap", "--config", file, "--bootstrap-password", "x"},
	} {
		_, code := runApart(t, args...)
		require.Equal(t, exitUsage, code, args)
	}
	text = fmt.Sprintf("data = %q\n[identity]\npassword_hash_rounds = 4\n[cluster]\nswift_dir = %q\nbuiltin_keystone = true\n", dir+"/data", dir)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	out, code := runApart(t, "bootstrap", "--config", file, "--bootstrap-password", "x")
	require.Zero(t, code)
	require.Contains(t, out, "user admin has project admin")
	_, code = runApart(t, "bootstrap", "--config", file, "--bootstrap-password", "y", "--new-identities")
	require.Zero(t, code)
	require.DirExists(t, dir+"/data/identity.old.0")
}

// The connections to servers and the pipes are part of the open files.
func TestClusterBudget(t *testing.T) {
	cfg := clusterSettings(t, swiftDir(t, "127.0.0.1:1"))
	b, err := divide(&cfg, 64*gibi, 1024)
	require.NoError(t, err)
	// 2 × 128 spare, 2 × 32 of pipes, 4 of the folder, 12 and 16 of the process; then
	// 1 + 6 + 4 each.
	require.Equal(t, (1024-2*128-2*32-4-12-16)/11, b.connections)
	cfg.Cluster.MemcacheServers, cfg.Cluster.MemcacheMaxConnections = []string{"127.0.0.1:1", "127.0.0.1:2"}, 50
	b, err = divide(&cfg, 64*gibi, 1024)
	require.NoError(t, err)
	require.Equal(t, (1024-2*128-2*32-100-4-12-16)/11, b.connections)
	for files, spare := range map[uint64]int{64: 8, 16: idleMin, 8 * idleMax: idleMax, 8*idleMax + 8: idleMax, 1 << 40: idleMax} {
		require.Equal(t, spare, spareConnections(files), files)
	}
	for files, want := range map[uint64]int{64: 2, 32*pipesMax - 1: pipesMax - 1, 32 * pipesMax: pipesMax, 1 << 40: pipesMax} {
		require.Equal(t, want, pipes(files), files)
	}
}

func TestClusterWelcome(t *testing.T) {
	cfg := defaultSettings()
	cfg.Cluster.SwiftDir = "/etc/swift"
	var out bytes.Buffer
	printWelcome(&out, cfg, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80})
	require.Contains(t, out.String(), "the cluster of /etc/swift")
	require.NotContains(t, out.String(), "openrc")
}

// With memcached the tokens are in memcached alone, without in the process.
func TestClusterSharesTokens(t *testing.T) {
	cfg := clusterSettings(t, swiftDir(t, "127.0.0.1:1"))
	cfg.Cluster.MemcacheServers = []string{"127.0.0.1:1"} // no server
	_, addr := serveConfig(t, cfg)
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/auth/v1.0", nil)
	require.NoError(t, err)
	r.Header.Set("X-Auth-User", "test:tester")
	r.Header.Set("X-Auth-Key", "testing")
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 503, res.StatusCode)
}

func TestClusterConfigCommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "proxy-server.conf")
	require.NoError(t, os.WriteFile(file, []byte("[pipeline:main]\npipeline = tempauth proxy-server\n[app:proxy-server]\n"+
		"use = egg:swift#proxy\nadmin_key = SECRET\nnode_timeout = 3\n[filter:tempauth]\nuser_a_b = c .admin\n"), 0o600))
	out, code := runApart(t, "cluster", "config", file)
	require.Zero(t, code)
	require.Contains(t, out, "# Not taken over: [app:proxy-server] admin_key\n")
	require.Contains(t, out, "node_timeout = \"3s\"")
	require.Contains(t, out, "users = [\"a:b=c,.admin\"]")
	require.NotContains(t, out, "SECRET")
	again, code := runApart(t, "cluster", "config", "--swift-dir", filepath.Dir(file))
	require.Zero(t, code)
	require.Equal(t, out, again)
	_, code = runApart(t, "cluster", "config", "--swift-dir", filepath.Dir(file)+"/none")
	require.Equal(t, exitUsage, code)
}
