// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"needletail/cmd/needletail/config"
	"needletail/objstore"
	"needletail/proxy/swift/middleware/containersync"
)

// syncCluster is a server on a port of its own, and the worker that it would run.
type syncCluster struct {
	t      *testing.T
	url    string // of the account
	token  string
	worker *containersync.Worker
	st     *storage
}

// startClusters starts two that have a realm in common, "r", as "one" and "two".
func startClusters(t *testing.T) (one, two *syncCluster) {
	t.Helper()
	var lns [2]net.Listener
	endpoints := map[string]string{}
	for i, name := range []string{"one", "two"} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		lns[i], endpoints[name] = ln, "http://"+ln.Addr().String()+"/v1/"
	}
	return startCluster(t, lns[0], endpoints), startCluster(t, lns[1], endpoints)
}

func startCluster(t *testing.T, ln net.Listener, endpoints map[string]string) *syncCluster {
	t.Helper()
	fatal := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := defaultSettings()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.PublicURL = "http://" + ln.Addr().String()
	cfg.Identity.PasswordHashRounds = 4
	cfg.TempAuth.Users = []string{"test:tester=testing,.admin"}
	cfg.ContainerSync.ObjectsPerSecond = 1e6
	cfg.ContainerSync.Realms = []config.SyncRealm{{Name: "r", Key: "realm-key", Clusters: endpoints}}
	fatal(cfg.Validate())
	logger := slog.New(slog.DiscardHandler)
	st, err := openStorage(cfg, logger)
	fatal(err)
	t.Cleanup(func() { fatal(st.close()) })
	fatal(st.bootstrap(t.Context(), cfg))
	front, err := newFront(cfg, st, logger, sinks{})
	fatal(err)
	served := make(chan error, 1)
	go func() { served <- front.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		fatal(front.Shutdown(ctx))
		<-served
	})
	c := &syncCluster{t: t, url: cfg.PublicURL, st: st}
	c.worker, err = cfg.ContainerSync.Worker(st.store, logger)
	fatal(err)
	res, _ := c.do("GET", "/auth/v1.0", "", "X-Auth-User: test:tester", "X-Auth-Key: testing")
	c.token = res.Header.Get("X-Auth-Token")
	c.url += "/v1/AUTH_test"
	return c
}

func (c *syncCluster) do(method, path, body string, lines ...string) (*http.Response, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("X-Auth-Token", c.token)
	}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res, string(text)
}

// must wants a status, and gives the answer.
func (c *syncCluster) must(status int, method, path, body string, lines ...string) (*http.Response, string) {
	c.t.Helper()
	res, text := c.do(method, path, body, lines...)
	if res.StatusCode != status {
		c.t.Fatalf("%s %s: %d %s, want %d", method, path, res.StatusCode, text, status)
	}
	return res, text
}

func (c *syncCluster) pass(want containersync.Report) {
	c.t.Helper()
	got, err := c.worker.Pass(c.t.Context())
	if err != nil || got != want {
		c.t.Fatalf("the pass did %+v, %v; want %+v", got, err, want)
	}
}

func (c *syncCluster) wantBody(path, want string) {
	c.t.Helper()
	if _, got := c.must(200, "GET", path, ""); got != want {
		c.t.Errorf("%s has %q, want %q", path, got, want)
	}
}

type report = containersync.Report

func TestContainerSync(t *testing.T) {
	one, two := startClusters(t)
	two.must(201, "PUT", "/to", "", "X-Container-Sync-Key: user")
	one.must(201, "PUT", "/from", "", "X-Container-Sync-To: //R/Two/AUTH_test/to", "X-Container-Sync-Key: user")
	one.must(201, "PUT", "/from/a%20b%C3%A4%3F", "first", "X-Object-Meta-Color: blue", "Content-Type: x/y")
	one.must(201, "PUT", "/from/gone", "x")
	big := strings.Repeat("0123456789abcdef", 1<<15)
	one.must(201, "PUT", "/from/big", big)

	one.pass(report{Containers: 1, Puts: 3})
	here, _ := one.must(200, "HEAD", "/from/a%20b%C3%A4%3F", "")
	there, _ := two.must(200, "HEAD", "/to/a%20b%C3%A4%3F", "")
	for _, name := range []string{"X-Timestamp", "Etag", "Content-Type", "X-Object-Meta-Color", "Last-Modified"} {
		if here.Header.Get(name) != there.Header.Get(name) {
			t.Errorf("%s is %q there, %q here", name, there.Header.Get(name), here.Header.Get(name))
		}
	}
	two.wantBody("/to/big", big)
	one.pass(report{Containers: 1}) // nothing is sent twice

	one.must(201, "PUT", "/from/a%20b%C3%A4%3F", "second")
	one.must(202, "POST", "/from/big", "", "X-Object-Meta-Size: XL")
	one.must(204, "DELETE", "/from/gone", "")
	one.must(404, "DELETE", "/from/gone", "")
	two.must(201, "PUT", "/to/own", "of the other end")
	one.pass(report{Containers: 1, Puts: 2, Deletes: 1})
	two.wantBody("/to/a%20b%C3%A4%3F", "second")
	two.must(404, "GET", "/to/gone", "")
	two.wantBody("/to/own", "of the other end")
	if res, _ := two.must(200, "HEAD", "/to/big", ""); res.Header.Get("X-Object-Meta-Size") != "XL" {
		t.Error("the POST was not sent")
	}
	one.pass(report{Containers: 1})
}

// What is newer at the other end stays, be it put or deleted here.
func TestContainerSyncKeepsNewer(t *testing.T) {
	one, two := startClusters(t)
	two.must(201, "PUT", "/c", "", "X-Container-Sync-Key: user", "X-Container-Sync-To: //r/one/AUTH_test/c")
	one.must(201, "PUT", "/c", "", "X-Container-Sync-Key: user", "X-Container-Sync-To: //r/two/AUTH_test/c")
	one.must(201, "PUT", "/c/put", "old")
	one.must(201, "PUT", "/c/deleted", "old")
	one.must(204, "DELETE", "/c/deleted", "")
	two.must(201, "PUT", "/c/put", "new")
	two.must(201, "PUT", "/c/deleted", "new")
	one.pass(report{Containers: 1, Deletes: 1}) // which the other end refuses
	two.wantBody("/c/put", "new")
	two.wantBody("/c/deleted", "new")
	two.pass(report{Containers: 1, Puts: 2})
	one.wantBody("/c/put", "new")
	one.wantBody("/c/deleted", "new")
	two.must(204, "DELETE", "/c/put", "")
	two.pass(report{Containers: 1, Deletes: 1})
	one.must(404, "GET", "/c/put", "")
	one.pass(report{Containers: 1, Deletes: 1}) // Swift sends it back, too
	two.pass(report{Containers: 1})
	one.pass(report{Containers: 1})
}

// Manifests and links arrive as what they are, before what they name does.
func TestContainerSyncOfManifestsAndLinks(t *testing.T) {
	one, two := startClusters(t)
	two.must(201, "PUT", "/c", "", "X-Container-Sync-Key: user")
	for _, name := range []string{"/c", "/segments"} {
		one.must(201, "PUT", name, "", "X-Container-Sync-Key: user", "X-Container-Sync-To: //r/two/AUTH_test"+name)
	}
	one.must(201, "PUT", "/segments/1", "abc")
	one.must(201, "PUT", "/c/slo?multipart-manifest=put", `[{"path":"/segments/1"}]`)
	one.must(201, "PUT", "/c/link", "", "X-Symlink-Target: segments/1", "X-Symlink-Target-Etag: 900150983cd24fb0d6963f7d28e17f72")
	one.pass(report{Containers: 2, Puts: 2, Failures: 1}) // there is no container for segments yet
	if _, got := two.must(200, "GET", "/c?format=json", ""); !strings.Contains(got, "slo_etag") || !strings.Contains(got, "symlink_etag") {
		t.Errorf("the listing is %s", got)
	}
	two.must(201, "PUT", "/segments", "", "X-Container-Sync-Key: user")
	one.pass(report{Containers: 2, Puts: 1})
	two.wantBody("/c/slo", "abc")
	two.wantBody("/c/link", "abc")
}

func TestContainerSyncRefuses(t *testing.T) {
	one, two := startClusters(t)
	two.must(201, "PUT", "/c", "", "X-Container-Sync-Key: user")
	one.must(201, "PUT", "/c", "", "X-Container-Sync-To: //r/two/AUTH_test/c", "X-Container-Sync-Key: wrong")
	one.must(201, "PUT", "/c/o", "x")
	one.pass(report{Containers: 1, Failures: 1})
	two.must(404, "HEAD", "/c/o", "")
	one.must(204, "POST", "/c", "", "X-Container-Sync-Key: user")
	one.pass(report{Containers: 1, Puts: 1})
	one.must(204, "POST", "/c", "", "X-Container-Sync-To: ")
	one.must(201, "PUT", "/c/p", "x")
	one.pass(report{})

	two.token = ""
	res, text := two.must(401, "PUT", "/c/o", "forged", "X-Container-Sync-Auth: r nonce "+strings.Repeat("0", 40), "X-Timestamp: 2000000000")
	if text != "X-Container-Sync-Auth header not valid; contact cluster operator for support." ||
		res.Header.Get("Www-Authenticate") != `SwiftContainerSync realm="AUTH_test"` {
		t.Errorf("%q %q", text, res.Header)
	}
}

// A peer is told that it is late as Swift tells it, and has no other rights.
func TestContainerSyncPeers(t *testing.T) {
	one, _ := startClusters(t)
	one.must(201, "PUT", "/c", "", "X-Container-Sync-Key: user")
	one.must(201, "PUT", "/c/o", "newer")
	one.must(201, "PUT", "/other", "")
	one.token = ""
	signed := func(status int, method, path, body string, lines ...string) {
		t.Helper()
		sig := containersync.Sign(method, "/v1/AUTH_test"+path, "1000000000.00000", "n", "realm-key", "user")
		lines = append(lines, "X-Timestamp: 1000000000.00000", "X-Container-Sync-Auth: R n "+sig)
		one.must(status, method, path, body, lines...)
	}
	signed(202, "PUT", "/c/o", "older")
	signed(409, "DELETE", "/c/o", "")
	signed(200, "GET", "/c/o", "")
	signed(201, "PUT", "/c/p", "x", "X-Copy-From: other/o")
	signed(404, "DELETE", "/c/q", "")
	signed(401, "PUT", "/other/o", "x")
	signed(401, "POST", "/c", "", "X-Container-Read: .r:*")
	signed(401, "COPY", "/c/o", "", "Destination: other/o")
	_, got := one.must(401, "GET", "/c/o", "")
	if strings.Contains(got, "newer") {
		t.Error("anybody may read")
	}
}

// Where a container has versions there is no sync, and the other way round.
func TestContainerSyncAndVersions(t *testing.T) {
	one, _ := startClusters(t)
	sync := "X-Container-Sync-To: //r/two/AUTH_test/c"
	one.must(201, "PUT", "/versioned", "", "X-Versions-Enabled: true")
	if _, text := one.must(400, "POST", "/versioned", "", sync); text != "Cannot configure container sync on a container with object versioning configured." {
		t.Errorf("%q", text)
	}
	one.must(201, "PUT", "/synced", "", sync)
	one.must(400, "POST", "/synced", "", "X-Versions-Enabled: true")
	for value, want := range map[string]string{
		"//x/two/a/c": "No realm key for 'x'", "//r/x/a/c": "No cluster endpoint for 'r' 'x'",
		"//r/two/a": "Invalid X-Container-Sync-To format '//r/two/a'", "http://h/v1/a/c": "Full URLs are not allowed",
	} {
		if _, text := one.must(400, "POST", "/synced", "", "X-Container-Sync-To: "+value); !strings.HasPrefix(text, want) {
			t.Errorf("%s: %q", value, text)
		}
	}
}

// A deletion survives the process that was asked for it; one that was not done
// is forgotten only later.
func TestContainerSyncOfUnfinishedDeletion(t *testing.T) {
	one, two := startClusters(t)
	two.must(201, "PUT", "/c", "", "X-Container-Sync-Key: user")
	one.must(201, "PUT", "/c", "", "X-Container-Sync-To: //r/two/AUTH_test/c", "X-Container-Sync-Key: user")
	one.must(201, "PUT", "/c/o", "x")
	one.pass(report{Containers: 1, Puts: 1})
	failing := containersync.Record(failingDelete{one.st.store})
	id := objstore.ObjectID{Account: "AUTH_test", Container: "c", Object: "o"}
	if _, err := failing.DeleteObject(t.Context(), id, objstore.DeleteOptions{}); err == nil {
		t.Fatal("the deletion did not fail")
	}
	one.pass(report{Containers: 1})
	two.wantBody("/c/o", "x")
	if _, err := one.st.store.DeleteObject(t.Context(), id, objstore.DeleteOptions{}); err != nil {
		t.Fatal(err) // what was on its way when the mark was looked at
	}
	one.pass(report{Containers: 1, Deletes: 1})
	two.must(404, "HEAD", "/c/o", "")
}

type failingDelete struct{ objstore.Store }

func (failingDelete) DeleteObject(context.Context, objstore.ObjectID, objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	return objstore.ObjectInfo{}, &objstore.Error{Kind: objstore.KindUnavailable}
}

// Swift's daemon sends a manifest as a list with X-Static-Large-Object, and a
// static link with the target's ETag and length (swift/container/sync.py).
func TestContainerSyncFromSwift(t *testing.T) {
	one, _ := startClusters(t)
	one.must(201, "PUT", "/c", "", "X-Container-Sync-Key: user")
	one.must(201, "PUT", "/segments", "")
	token := one.token
	signed := func(status int, method, path, body string, lines ...string) {
		t.Helper()
		one.token = ""
		sig := containersync.Sign(method, "/v1/AUTH_test"+path, "1000000000.00000", "n", "realm-key", "user")
		lines = append(lines, "X-Timestamp: 1000000000.00000", "X-Container-Sync-Auth: R n "+sig)
		one.must(status, method, path, body, lines...)
		one.token = token
	}
	const etag = "900150983cd24fb0d6963f7d28e17f72" // of abc
	list := `[{"name": "/segments/1", "bytes": 3, "hash": "` + etag + `", "content_type": "a/b", "last_modified": "2020-01-01T00:00:00.000000"}]`
	signed(201, "PUT", "/c/slo", list, "X-Static-Large-Object: True", "Content-Type: x/y", "X-Object-Meta-Test: put_value")
	signed(201, "PUT", "/c/link", "", "X-Symlink-Target: segments/1", "X-Symlink-Target-Etag: "+etag, "X-Symlink-Target-Bytes: 3")
	signed(400, "PUT", "/c/bad", "", "X-Symlink-Target: segments/1", "X-Symlink-Target-Etag: "+etag)
	one.must(400, "PUT", "/c/own", list, "X-Static-Large-Object: True")
	if _, got := one.must(200, "GET", "/c/slo?multipart-manifest=get", ""); got != list {
		t.Errorf("the manifest is %s", got)
	}
	one.must(409, "GET", "/c/slo", "")
	one.must(404, "GET", "/c/link", "")
	if _, got := one.must(200, "GET", "/c?format=json", ""); !strings.Contains(got, "slo_etag") || !strings.Contains(got, `"symlink_bytes": 3`) {
		t.Errorf("the listing is %s", got)
	}
	one.must(201, "PUT", "/segments/1", "abc")
	one.wantBody("/c/link", "abc")
	one.must(202, "POST", "/c/slo", "", "X-Object-Meta-Test: post_value")
	one.wantBody("/c/slo", "abc")
}
