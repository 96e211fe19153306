// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"fmt"
	"strings"
	"testing"
)

const namespaces = "/v2/metadefs/namespaces"

func TestMetadefs(t *testing.T) {
	s := newSite(t)
	const ns = namespaces + "/OS::Compute::Test"
	s.want(403, "alice", "POST", namespaces, `{"namespace": "OS::Compute::Test"}`)
	a := s.want(201, "admin", "POST", namespaces, `{"namespace": "OS::Compute::Test", "display_name": "Test", "visibility": "public",
		"properties": {"cpu": {"title": "CPU", "type": "integer", "minimum": 1}},
		"objects": [{"name": "o1", "properties": {"p": {"title": "P", "type": "string"}}}],
		"tags": [{"name": "t1"}], "resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_"}]}`)
	if got := a.Header.Get("Location"); got != "http://127.0.0.1:60999"+ns {
		t.Errorf("Location %q", got)
	}
	s.want(409, "admin", "POST", namespaces, `{"namespace": "OS::Compute::Test"}`)
	s.want(201, "admin", "POST", namespaces, `{"namespace": "hidden"}`)
	s.want(404, "alice", "GET", namespaces+"/hidden", "")
	s.want(200, "admin", "GET", namespaces+"/hidden", "")
	s.restart()
	whole := s.want(200, "alice", "GET", ns, "").body
	for _, want := range []string{
		`"properties": {"cpu": {"title": "CPU", "type": "integer", "minimum": 1}}`,
		`"tags": [{"name": "t1"}]`, `"resource_type_associations": [{"name": "OS::Glance::Image", "prefix": "hw_", "created_at": "`,
		`"objects": [{"name": "o1", "required": [], "properties": {"p": {"title": "P", "type": "string"}}, "created_at": "`,
		`"self": "/v2/metadefs/namespaces/OS::Compute::Test/objects/o1"`, `"protected": false`,
	} {
		if !strings.Contains(whole, want) {
			t.Errorf("no %s in %s", want, whole)
		}
	}
	if a := s.want(200, "alice", "GET", ns+"?resource_type=OS::Glance::Image", ""); !strings.Contains(a.body, `"hw_cpu"`) || !strings.Contains(a.body, `"hw_p"`) {
		t.Error(a.body)
	}
	s.testParts(ns)
	a = s.want(200, "alice", "GET", "/v2/metadefs/resource_types", "")
	if !strings.Contains(a.body, `{"resource_types": [{"name": "OS::Glance::Image", "created_at": "`) {
		t.Error(a.body)
	}
	s.want(204, "admin", "DELETE", ns+"/resource_types/OS::Glance::Image", "")
	a = s.want(200, "admin", "PUT", ns, `{"namespace": "renamed", "protected": true, "visibility": "public"}`)
	if !strings.Contains(a.body, `"self": "/v2/metadefs/namespaces/renamed"`) {
		t.Error(a.body)
	}
	s.want(404, "admin", "GET", ns, "")
	s.want(403, "admin", "DELETE", namespaces+"/renamed", "")
	s.want(200, "admin", "PUT", namespaces+"/renamed", `{"namespace": "renamed"}`)
	s.want(204, "admin", "DELETE", namespaces+"/renamed", "")
	s.want(204, "admin", "DELETE", namespaces+"/hidden", "")
	s.restart()
	if a := s.want(200, "admin", "GET", namespaces, ""); !strings.Contains(a.body, `{"namespaces": [], "first"`) {
		t.Error(a.body)
	}
}

// testParts changes the parts of a namespace one by one.
func (s *site) testParts(ns string) {
	s.t.Helper()
	for _, k := range []struct{ kind, make, change string }{
		{"properties", `{"name": "new", "title": "N", "type": "string"}`, `{"name": "newer", "title": "M", "type": "string"}`},
		{"objects", `{"name": "new"}`, `{"name": "newer", "description": "M"}`},
	} {
		s.want(403, "alice", "POST", ns+"/"+k.kind, k.make)
		s.want(201, "admin", "POST", ns+"/"+k.kind, k.make)
		s.want(409, "admin", "POST", ns+"/"+k.kind, k.make)
		s.want(200, "admin", "PUT", ns+"/"+k.kind+"/new", k.change)
		s.want(404, "alice", "GET", ns+"/"+k.kind+"/new", "")
		if a := s.want(200, "alice", "GET", ns+"/"+k.kind+"/newer", ""); !strings.Contains(a.body, `"M"`) {
			s.t.Error(a.body)
		}
		if a := s.want(200, "alice", "GET", ns+"/"+k.kind, ""); !strings.Contains(a.body, `"newer"`) {
			s.t.Error(a.body)
		}
		s.want(204, "admin", "DELETE", ns+"/"+k.kind+"/newer", "")
		s.want(404, "admin", "DELETE", ns+"/"+k.kind+"/newer", "")
		s.want(204, "admin", "DELETE", ns+"/"+k.kind, "")
		if a := s.want(200, "alice", "GET", ns+"/"+k.kind, ""); strings.Contains(a.body, `"name"`) {
			s.t.Error(a.body)
		}
	}
	s.want(201, "admin", "POST", ns+"/tags/t2", "")
	s.want(201, "admin", "POST", ns+"/tags", `{"tags": [{"name": "t3"}]}`, "X-Openstack-Append", "True")
	if a := s.want(200, "alice", "GET", ns+"/tags", ""); !strings.Contains(a.body, `[{"name": "t1"}, {"name": "t2"}, {"name": "t3"}]`) {
		s.t.Error(a.body)
	}
	s.want(201, "admin", "POST", ns+"/tags", `{"tags": [{"name": "t4"}]}`)
	s.want(404, "alice", "GET", ns+"/tags/t1", "")
	s.want(200, "alice", "GET", ns+"/tags/t4", "")
	s.want(200, "admin", "PUT", ns+"/tags/t4", `{"name": "t5"}`)
	s.want(204, "admin", "DELETE", ns+"/tags/t5", "")
	s.want(201, "admin", "POST", ns+"/resource_types", `{"name": "OS::Nova::Server"}`)
	if a := s.want(200, "alice", "GET", ns+"/resource_types", ""); !strings.Contains(a.body, `"OS::Nova::Server", "created_at"`) {
		s.t.Error(a.body)
	}
	s.want(204, "admin", "DELETE", ns+"/resource_types/OS::Nova::Server", "")
}

func TestNamespaceListing(t *testing.T) {
	s := newSite(t)
	for i := range 5 {
		s.want(201, "admin", "POST", namespaces, fmt.Sprintf(`{"namespace": "n%d", "visibility": "public",
			"resource_type_associations": [{"name": "type%d"}]}`, i, i%2))
	}
	f := func(query, want string) {
		t.Helper()
		var names []string
		for _, n := range s.want(200, "alice", "GET", namespaces+query, "").object(t)["namespaces"].([]any) {
			names = append(names, n.(map[string]any)["namespace"].(string))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	f("", "n4 n3 n2 n1 n0")
	f("?sort_key=namespace&sort_dir=asc", "n0 n1 n2 n3 n4")
	f("?limit=2&marker=n3", "n2 n1")
	f("?resource_types=type1,other", "n3 n1")
	f("?visibility=private", "")
	first := s.want(200, "alice", "GET", namespaces+"?limit=3", "").object(t)
	rest := s.want(200, "alice", "GET", first["next"].(string), "").object(t)
	if len(first["namespaces"].([]any)) != 3 || len(rest["namespaces"].([]any)) != 2 || rest["next"] != nil {
		t.Errorf("%v, %v", first, rest)
	}
}

func TestMetadefsAreChecked(t *testing.T) {
	s := newSite(t)
	const ns = namespaces + "/n"
	s.want(201, "admin", "POST", namespaces, `{"namespace": "n"}`)
	long := strings.Repeat("x", 81)
	for _, c := range []struct {
		status             int
		method, path, body string
		text               string
	}{
		{400, "POST", namespaces, `{}`, "'namespace' is a required property"},
		{400, "POST", namespaces, `{"namespace": 1}`, "1 is not of type 'string'"},
		{400, "POST", namespaces, `{"namespace": "` + long + `"}`, "is too long"},
		{201, "POST", namespaces, `{"namespace": "` + long[1:] + `"}`, long[1:]},
		{400, "POST", namespaces, `{"namespace": "a", "visibility": "shared"}`, "'shared' is not one of ['public', 'private']"},
		{400, "POST", namespaces, `{"namespace": "a", "magic": 1}`, "Additional properties are not allowed ('magic' was unexpected)"},
		{403, "POST", namespaces, `{"namespace": "a", "created_at": "x"}`, "Attribute 'created_at' is read-only."},
		{400, "POST", namespaces, `{"namespace": "a", "properties": {"p": {"type": "string"}}}`, "'title' is a required property"},
		{400, "POST", namespaces, `{"namespace": "a", "objects": [1]}`, "1 is not of type 'object'"},
		{400, "POST", namespaces, `{"namespace": "a", "tags": {}}`, "is not of type 'array'"},
		{409, "POST", namespaces, `{"namespace": "a", "tags": [{"name": "t"}, {"name": "t"}]}`, "already exists"},
		{400, "POST", ns + "/properties", `{"name": "p", "title": "P", "type": "magic"}`, "'magic' is not one of"},
		{400, "POST", ns + "/properties", `{"title": "P", "type": "string"}`, "'name' is a required property"},
		{400, "POST", ns + "/properties", `{"name": "p", "title": "P", "type": "string", "minLength": -1}`, "is not of type 'integer'"},
		{404, "POST", namespaces + "/absent/properties", `{"name": "p", "title": "P", "type": "string"}`, "namespace=absent was not found"},
		{400, "POST", ns + "/tags/" + long, "", "is too long"},
		{404, "GET", ns + "/tags/absent", "", "The metadata definition tag with name=absent was not found in namespace=n."},
		{400, "GET", namespaces + "?limit=x", "", "limit param must be an integer"},
		{400, "GET", namespaces + "?sort_key=owner", "", "Invalid sort key: owner"},
		{400, "GET", namespaces + "?visibility=all", "", "Invalid visibility value: all"},
		{404, "GET", namespaces + "?marker=absent", "", "was not found"},
	} {
		t.Run(c.method+" "+c.text, func(t *testing.T) {
			if a := s.in(t).do("admin", c.method, c.path, c.body); a.Status != c.status || !strings.Contains(a.body, c.text) {
				t.Errorf("%s %s: %d %s, want %d", c.path, c.body, a.Status, a.body, c.status)
			}
		})
	}
}

func TestMetadefSchemas(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"namespace", "namespaces", "resource_type", "resource_types", "property", "properties", "object", "objects", "tag", "tags"} {
		if a := s.want(200, "alice", "GET", "/v2/schemas/metadefs/"+name, ""); a.object(t)["properties"] == nil {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	s.want(404, "alice", "GET", "/v2/schemas/metadefs/magic", "")
}
