// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"needletail/proxy/web"
)

// samplePath fills the braces of a pattern.
func samplePath(pattern, id string) string {
	return "/v2/" + strings.NewReplacer("{image}", id, "{tag}", "t", "{member}", "project-b", "{schema}", "image").Replace(pattern)
}

// TestEveryRouteAsksItsRule goes over the table itself: a new route is tested
// by being there.
func TestEveryRouteAsksItsRule(t *testing.T) {
	s := newSite(t)
	private := s.create("alice", `"visibility": "private"`)
	public := s.create("admin", `"visibility": "public"`)
	for _, rt := range routes {
		path := samplePath(rt.pattern, private)
		if rt.rule == ruleDeny {
			t.Errorf("%s %s has no rule", rt.method, rt.pattern)
		}
		if rt.serve == nil || rt.action == "" {
			t.Errorf("%s %s is incomplete", rt.method, rt.pattern)
		}
		ofImage := rt.rule == ruleSee || rt.rule == ruleUse || rt.rule == ruleManage
		if strings.Contains(rt.pattern, "{image}") != ofImage {
			t.Errorf("%s %s: the rule does not fit the pattern", rt.method, rt.pattern)
		}
		a := s.want(401, "", rt.method, path, "")
		if got := a.Header.Get("WWW-Authenticate"); got != `Keystone uri="http://182.161.114.101/identity"` {
			t.Errorf("WWW-Authenticate: %s", got)
		}
		s.want(401, "nobody", rt.method, path, "")
		s.want(503, "down", rt.method, path, "")
		if rt.method != "GET" || rt.rule == ruleUse {
			s.want(403, "rita", rt.method, path, "{}") // only reads
			s.want(403, "rita", rt.method, samplePath(rt.pattern, public), "{}")
		}
		if ofImage {
			s.want(404, "bob", rt.method, path, "{}")
			s.want(404, "system", rt.method, path, "{}")
		}
		if rt.rule == ruleManage {
			s.want(403, "bob", rt.method, samplePath(rt.pattern, public), "{}")
		}
		if rt.rule == ruleAdmin {
			s.want(403, "alice", rt.method, path, "")
			s.want(403, "domain", rt.method, path, "")
		}
		if rt.bodyless && rt.rule != ruleAdmin {
			s.want(400, "alice", rt.method, path, "{}")
		}
		if !strings.HasPrefix(a.Header.Get("x-openstack-request-id"), "req-") {
			t.Errorf("%s %s: no request id", rt.method, rt.pattern)
		}
	}
	if s.records() != 2 {
		t.Errorf("%d records", s.records())
	}
}

func TestRuleZeroDenies(t *testing.T) {
	m := &image{Visibility: visibilityPublic}
	if f := asFailure(rule(0).allow(caller{project: "p", admin: true}, m, "x")); f == nil || f.Status != 403 {
		t.Errorf("the zero rule: %v", f)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	f := func(method, path string, status int, allow string) {
		t.Helper()
		a := s.want(status, "alice", method, path, "")
		if got := a.Header.Get("Allow"); got != allow {
			t.Errorf("%s %s: Allow %q, want %q", method, path, got, allow)
		}
	}
	f("PUT", "/v2/images", 405, "GET, POST")
	f("POST", "/v2/images/"+id, 405, "GET, PATCH, DELETE")
	f("DELETE", "/v2/images/"+id+"/file", 405, "GET, PUT")
	f("GET", "/v2/images/"+id+"/stage", 405, "PUT")
	f("GET", "/v2/images/"+id+"/import", 405, "POST")
	for _, path := range []string{"", "images/", "images//file",
		"images/" + id + "/stages", "cache", "metadefs", "metadefs/namespaces/n/magic", "info", "stores/a/b", "schemas/tusk",
		"images/" + id + "/file/x", "images/" + id + "/tags/a/b"} {
		f("GET", "/v2/"+path, 404, "")
	}
	for _, path := range []string{"images/" + id, "schemas/image", "metadefs/resource_types"} {
		s.want(400, "alice", "GET", "/v2/"+path, "{}")
	}
	f("GET", "/v2.9/images", 200, "")
	f("GET", "/v2.8/images", 300, "")
	f("GET", "/v3/images", 300, "")
	f("GET", "/foo", 300, "")
	f("GET", "/versions", 200, "")
	s.want(200, "alice", "GET", "/images", "", "Accept", "application/vnd.openstack.images-v2.1")
	s.want(300, "alice", "GET", "/images", "", "Accept", "application/vnd.openstack.images-v9")
}

// TestListsOfVersions: clients find the service by one list, and by the other
// whether a feature is there. Each that is listed has its route.
func TestListsOfVersions(t *testing.T) {
	s := newSite(t)
	ids := func(path string, status int, header ...string) (all []string) {
		t.Helper()
		for _, v := range s.want(status, "", "GET", path, "", header...).object(t)["versions"].([]any) {
			all = append(all, v.(map[string]any)["id"].(string))
		}
		return all
	}
	find := ids("/", 300)
	ask := ids("/versions", 200)
	if find[0] != "v2.16" || slices.Contains(find, "v2.12") {
		t.Errorf("/ lists %v", find)
	}
	for version, route := range map[string]string{
		"v2.12": "images/" + s.create("alice", "") + "/tasks", "v2.13": "info/usage", "v2.14": "cache",
	} {
		status := s.do("alice", "GET", "/"+version+"/"+route, "").Status
		if listed := slices.Contains(ask, version); listed != (status == 200) {
			t.Errorf("%s listed: %v; %s is %d", version, listed, route, status)
		}
	}
	ids("/versions/", 200)
	ids("/versions", 200, "Accept", "application/vnd.openstack.images-v2")
	for _, path := range []string{"/v1/images", "/v1.1/images/detail", "/v2.8/images", "/v2.17/images"} {
		ids(path, 300)
	}
}

func TestVersionLinksFollowTheRequest(t *testing.T) {
	s := newSite(t)
	cfg := s.config()
	cfg.PublicURL = ""
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.h = h
	r := newRequest("", "GET", "/", nil, 0)
	r.BasePath = "/image"
	if a := s.serve(r); !strings.Contains(a.body, `"href": "http://127.0.0.1:60999/image/v2/"`) {
		t.Error(a.body)
	}
	r = newRequest("alice", "POST", "/v2/images", strings.NewReader("{}"), 2)
	r.BasePath = "/image"
	if got := s.serve(r).Header.Get("Location"); !strings.HasPrefix(got, "http://127.0.0.1:60999/image/v2/images/") {
		t.Errorf("Location %s", got)
	}
}

func TestErrorPagesFollowAccept(t *testing.T) {
	s := newSite(t)
	f := func(accept, contentType, body string) {
		t.Helper()
		a := s.want(404, "alice", "GET", "/v2/images/a'<b>", "", "Accept", accept)
		if got := a.Header.Get("Content-Type"); got != contentType {
			t.Errorf("%q: Content-Type %s", accept, got)
		}
		if a.body != body {
			t.Errorf("%q:\n got %q\nwant %q", accept, a.body, body)
		}
	}
	page := "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  " +
		"No image found with ID a&#x27;&lt;b&gt;<br /><br />\n\n\n\n </body>\n</html>"
	plain := "404 Not Found\n\nNo image found with ID a'<b>\n\n   "
	f("*/*", "text/html; charset=UTF-8", page)
	f("text/html;q=0.9, application/json", "text/html; charset=UTF-8", page)
	f("application/json", "application/json",
		`{"message": "No image found with ID a'<b><br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}`)
	f("", "text/plain; charset=UTF-8", plain)
	f("text/plain", "text/plain; charset=UTF-8", plain)
}

func TestRequestID(t *testing.T) {
	s := newSite(t)
	f := func(sent, want string) {
		t.Helper()
		a := s.want(200, "alice", "GET", "/v2/images", "", "X-Openstack-Request-Id", sent)
		if got := a.Header.Get(requestIDHeader); got != want && (want != "" || len(got) != 40) {
			t.Errorf("%q became %q", sent, got)
		}
	}
	f("abc", "req-abc")
	f("req-abc", "req-abc")
	f("", "")
	f("a\nb", "")
	s.want(431, "alice", "GET", "/v2/images", "", "X-Openstack-Request-Id", strings.Repeat("a", 65))
}

// TestStatesOfTheStoreAreStatuses drives the mapping of the store's errors.
func TestStatesOfTheStoreAreStatuses(t *testing.T) {
	if asFailure(io.ErrUnexpectedEOF) != nil || asFailure(web.Status(499)) != nil {
		t.Error("an error of the body became a page")
	}
	if f := asFailure(errors.Join(errNoImage)); f.Status != 404 {
		t.Errorf("no image: %d", f.Status)
	}
}
