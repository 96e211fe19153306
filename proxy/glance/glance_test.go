// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"needletail/auth"
	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/webdownload"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// tokens is the validator of the tests: the token is the user.
type tokens map[string]*auth.Identity

var errKeystoneDown = errors.New("keystone is down")

func (t tokens) Validate(_ context.Context, token string) (*auth.Identity, error) {
	if token == "down" {
		return nil, errKeystoneDown
	}
	if id, ok := t[token]; ok {
		return id, nil
	}
	return nil, auth.ErrInvalidToken
}

var users = tokens{
	"admin":  {UserName: "admin", ProjectID: "de5af600557d44d0996e667499376dbb", Roles: []string{"reader", "member", "admin"}},
	"alice":  {UserName: "alice", ProjectID: "project-a", Roles: []string{"member"}},
	"rita":   {UserName: "rita", ProjectID: "project-a", Roles: []string{"reader"}},
	"bob":    {UserName: "bob", ProjectID: "project-b", Roles: []string{"member"}},
	"carol":  {UserName: "carol", ProjectID: "project-c", Roles: []string{"reader"}},
	"domain": {UserName: "domain", DomainID: "default", Roles: []string{"admin"}},
	"system": {UserName: "system", SystemScope: true, Roles: []string{"reader"}},
}

// site is a handler over a store, with a clock that goes a second per look.
type site struct {
	t     *testing.T
	store objstore.Store
	h     web.Handler

	fetcher *webdownload.Fetcher

	mu  sync.Mutex // protects now
	now time.Time
}

const serviceAccount = "AUTH_7c4cda7e4807414bbdfcb22b535a9802"

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, store: memstore.New(memstore.Options{}), now: time.Date(2022, 12, 30, 0, 35, 40, 0, time.UTC)}
	s.restart()
	return s
}

// in is the site for a subtest, which sends requests and no more.
func (s *site) in(t *testing.T) *site { return &site{t: t, store: s.store, h: s.h} }

func (s *site) config() Config {
	return Config{
		Store: s.store, Validator: users, ServiceAccount: serviceAccount,
		PublicURL: "http://182.161.114.101/image", KeystoneURL: "http://182.161.114.101/identity",
		Now: s.tick, Fetcher: s.fetcher,
		Logger: slog.New(slog.DiscardHandler),
	}
}

func (s *site) tick() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(time.Second)
	return s.now
}

func (s *site) restart(change ...func(*Config)) {
	s.t.Helper()
	cfg := s.config()
	for _, f := range change {
		f(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	s.h = h
}

func newRequest(user, method, path string, body io.Reader, length int64, header ...string) *web.Request {
	r := &web.Request{
		Method: method, Host: "127.0.0.1:60999", Scheme: "http", Body: web.NoBody, ContentLength: web.NoLength,
		Header: web.Header{{Name: "Accept", Value: "application/json"}},
	}
	path, r.RawQuery, _ = strings.Cut(path, "?")
	r.RawPath, r.Path = path, web.Unquote(path)
	if body != nil {
		r.Body, r.ContentLength = body, length
	}
	if user != "" {
		r.Header.Add("X-Auth-Token", user)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// answer is a response read to its end.
type answer struct {
	*web.Response
	body string
}

func (s *site) serve(r *web.Request) answer {
	s.t.Helper()
	res, err := s.h.Serve(r)
	if err != nil {
		s.t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	var body []byte
	if res.Body != nil {
		if body, err = io.ReadAll(res.Body); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := res.Close(); err != nil {
		s.t.Fatal(err)
	}
	if res.ContentLength >= 0 && res.ContentLength != int64(len(body)) {
		s.t.Errorf("%s %s: Content-Length %d, body of %d bytes", r.Method, r.Path, res.ContentLength, len(body))
	}
	return answer{res, string(body)}
}

// do sends a request with a body in memory; "" sends none.
func (s *site) do(user, method, path, body string, header ...string) answer {
	s.t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	return s.serve(newRequest(user, method, path, r, int64(len(body)), header...))
}

// want is do that checks the status.
func (s *site) want(status int, user, method, path, body string, header ...string) answer {
	s.t.Helper()
	a := s.do(user, method, path, body, header...)
	if a.Status != status {
		s.t.Fatalf("%s %s as %q: %d, want %d; %s", method, path, user, a.Status, status, a.body)
	}
	return a
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(a.body), &o); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return o
}

// create makes an image and gives its id; fields go before the formats.
func (s *site) create(user, fields string) string {
	s.t.Helper()
	if fields != "" {
		fields += ", "
	}
	a := s.want(201, user, "POST", "/v2/images", "{"+fields+`"disk_format": "raw", "container_format": "bare"}`)
	return a.object(s.t)["id"].(string)
}

func (s *site) upload(user, id, data string) answer {
	s.t.Helper()
	return s.serve(newRequest(user, "PUT", "/v2/images/"+id+"/file", strings.NewReader(data), int64(len(data)),
		"Content-Type", octetStream))
}

func (s *site) status(id string) string {
	s.t.Helper()
	return s.want(200, "admin", "GET", "/v2/images/"+id, "").object(s.t)["status"].(string)
}

// objects counts what a container holds; absent is 0.
func (s *site) objects(account objstore.AccountName, container objstore.ContainerName) int64 {
	s.t.Helper()
	info, err := s.store.HeadContainer(context.Background(), objstore.ContainerID{Account: account, Container: container}, objstore.InfoOptions{})
	if errors.Is(err, objstore.KindNotFound) {
		return 0
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return info.ObjectCount
}

func (s *site) data() int64    { return s.objects(serviceAccount, "glance") }
func (s *site) records() int64 { return s.objects(recordbook.Account, recordContainer) }

func TestCreateUploadListShowDownloadDelete(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", `"name": "one"`)
	data := strings.Repeat("needletail", 1000)
	s.want(204, "alice", "GET", "/v2/images/"+id+"/file", "")
	if a := s.upload("alice", id, data); a.Status != 204 || a.body != "" {
		t.Fatalf("upload: %d %s", a.Status, a.body)
	}
	show := s.want(200, "alice", "GET", "/v2/images/"+id, "").object(t)
	for key, want := range map[string]any{
		"status": "active", "size": 10000.0, "virtual_size": 10000.0,
		"os_hash_algo": "sha512", "name": "one", "owner": "project-a", "visibility": "shared",
	} {
		if show[key] != want {
			t.Errorf("%s is %v, want %v", key, show[key], want)
		}
	}
	if len(show["checksum"].(string)) != 32 || len(show["os_hash_value"].(string)) != 128 {
		t.Errorf("digests: %v %v", show["checksum"], show["os_hash_value"])
	}
	list := s.want(200, "alice", "GET", "/v2/images", "").object(t)["images"].([]any)
	if len(list) != 1 {
		t.Errorf("%d images listed", len(list))
	}
	a := s.want(200, "alice", "GET", "/v2/images/"+id+"/file", "")
	if a.body != data || a.Header.Get("Content-MD5") != show["checksum"] || a.Header.Get("Content-Type") != octetStream {
		t.Errorf("download: %d bytes, %v", len(a.body), a.Header)
	}
	if s.data() != 1 || s.records() != 1 {
		t.Errorf("%d data objects, %d records", s.data(), s.records())
	}
	s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
	s.want(404, "alice", "GET", "/v2/images/"+id, "")
	if s.data() != 0 || s.records() != 0 {
		t.Errorf("after delete: %d data objects, %d records", s.data(), s.records())
	}
}

// TestSeedBodies holds bodies and headers to what a real Glance answered.
func TestSeedBodies(t *testing.T) {
	s := newSite(t)
	a := s.want(300, "", "GET", "/", "")
	if len(a.body) != 1347 || a.Reason != "Multiple Choices" {
		t.Errorf("versions: %d bytes, %s", len(a.body), a.Reason)
	}
	const id = "2ff4bb2a-e291-4052-b5d3-8c7cdb6f91ee"
	a = s.want(201, "admin", "POST", "/v2/images", `{"name": "cirros-0.6.1-x86_64-test", "visibility": "public", `+
		`"disk_format": "qcow2", "container_format": "bare", "owner_specified.openstack.md5": "", `+
		`"owner_specified.openstack.sha256": "", "owner_specified.openstack.object": "images/cirros-0.6.1-x86_64-test", `+
		`"id": "`+id+`"}`, "X-Openstack-Request-Id", "f0d48b86-4f6f-404c-ba13-d960d953b0d9")
	const want = `{"owner_specified.openstack.md5": "", "owner_specified.openstack.sha256": "", ` +
		`"owner_specified.openstack.object": "images/cirros-0.6.1-x86_64-test", "name": "cirros-0.6.1-x86_64-test", ` +
		`"disk_format": "qcow2", "container_format": "bare", "visibility": "public", "size": null, "virtual_size": null, ` +
		`"status": "queued", "checksum": null, "protected": false, "min_ram": 0, "min_disk": 0, ` +
		`"owner": "de5af600557d44d0996e667499376dbb", "os_hidden": false, "os_hash_algo": null, "os_hash_value": null, ` +
		`"id": "2ff4bb2a-e291-4052-b5d3-8c7cdb6f91ee", "created_at": "2022-12-30T00:35:41Z", ` +
		`"updated_at": "2022-12-30T00:35:41Z", "tags": [], "self": "/v2/images/2ff4bb2a-e291-4052-b5d3-8c7cdb6f91ee", ` +
		`"file": "/v2/images/2ff4bb2a-e291-4052-b5d3-8c7cdb6f91ee/file", "schema": "/v2/schemas/image"}`
	if a.body != want || len(a.body) != 781 {
		t.Errorf("create: %d bytes\n%s\nwant\n%s", len(a.body), a.body, want)
	}
	wantHeader := web.Header{
		{Name: "Content-Type", Value: "application/json"},
		{Name: "Location", Value: "http://127.0.0.1:60999/v2/images/" + id},
		{Name: "OpenStack-image-import-methods", Value: "glance-direct,web-download,copy-image"},
		{Name: "x-openstack-request-id", Value: "req-f0d48b86-4f6f-404c-ba13-d960d953b0d9"},
	}
	checkHeader(t, a.Header, wantHeader)

	head := "QFI\xfb\x00\x00\x00\x03" + strings.Repeat("\x00", 15) + "\x10\x00\x00\x00\x00\x07\x00\x00\x00"
	r := newRequest("admin", "PUT", "/v2/images/"+id+"/file", io.MultiReader(strings.NewReader(head),
		bytes.NewReader(make([]byte, 100_000))), int64(len(head))+100_000,
		"Content-Type", octetStream, "X-Openstack-Request-Id", "req-724a98b0-01ec-4de3-8dde-6acd0fb6cd11")
	a = s.serve(r)
	if a.Status != 204 || a.body != "" {
		t.Errorf("upload: %d %q", a.Status, a.body)
	}
	checkHeader(t, a.Header, web.Header{
		{Name: "Content-Type", Value: "text/html; charset=UTF-8"},
		{Name: "x-openstack-request-id", Value: "req-724a98b0-01ec-4de3-8dde-6acd0fb6cd11"},
	})
	if v := s.want(200, "alice", "GET", "/v2/images/"+id, "").object(t)["virtual_size"]; v != 117440512.0 {
		t.Errorf("virtual_size %v", v)
	}
}

func checkHeader(t *testing.T, got, want web.Header) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("header %v, want %v", got, want)
		return
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("header %v, want %v", got[i], want[i])
		}
	}
}

func jsonBytes(v any) []byte { return pyjson.Marshal(v) }
