// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// crashSite has two names: o, whose current version is V and the older one W,
// and null, with a null object over the version N.
func crashSite(t *testing.T) (s *site, named *strings.Replacer) {
	s = newVersionedSite(t)
	w := s.must(201, "PUT c/o", "body of W").id()
	v := s.must(201, "PUT c/o", "body of V").id()
	n := s.must(201, "PUT c/null", "body of N").id()
	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	s.must(201, "PUT c/null", "null object")
	s.must(204, "POST c", "", "X-Versions-Enabled: true")
	return s, strings.NewReplacer("=V", "="+v, "=W", "="+w, "=N", "="+n)
}

// bodies are all bodies that a client can read: of versions under "name@id", of
// what is current under "name".
func (s *site) bodies() map[string]string {
	bodies := map[string]string{}
	for _, e := range s.list("versions") {
		if e.ContentType != markerType {
			bodies[e.Name+"@"+e.ID] = s.must(200, "GET c/"+e.Name+"?version-id="+e.ID, "").body
		}
	}
	for _, e := range s.list("format=json") {
		bodies[e.Name] = s.must(200, "GET c/"+e.Name, "").body
	}
	return bodies
}

// TestCrashes stops every kind of write before each of its steps. What had been
// stored is there afterwards, a name is what it was or what it should become,
// and the request works when it is sent again.
func TestCrashes(t *testing.T) {
	for _, c := range []struct {
		request, body, header string
		name                  string // the name that it changes
		becomes               string // its body then; "" for none
		loses                 string // the one body that may go
	}{
		{request: "PUT c/o", body: "new", name: "o", becomes: "new"},
		{request: "PUT c/null", body: "new", name: "null", becomes: "new"},
		{request: "DELETE c/o", name: "o"},
		{request: "DELETE c/null", name: "null"},
		{request: "PUT c/o?version-id=W", name: "o", becomes: "body of W"},
		{request: "PUT c/null?version-id=N", name: "null", becomes: "body of N"},
		{request: "DELETE c/o?version-id=V", name: "o", loses: "body of V"},
		{request: "DELETE c/o?version-id=W", name: "o", becomes: "body of V", loses: "body of W"},
		{request: "DELETE c/o?version-id=null", name: "o"},
		{request: "POST c/o", name: "o", becomes: "body of V", header: "X-Object-Meta-A: 1"},
		{request: "POST c", header: "X-Versions-Enabled: false"},
		{request: "POST c", header: "X-Versions-Enabled: true"},
	} {
		steps := int64(0)
		for ; ; steps++ {
			s, named := crashSite(t)
			before := s.bodies()
			request := named.Replace(c.request)
			s.store.crashAfter(steps)
			status := s.do(request, c.body, c.header).status
			if !s.store.recover() {
				if status >= 400 {
					t.Errorf("%s: %d without a crash", c.request, status)
				}
				break
			}
			if status < 500 {
				t.Errorf("%s: %d, for all that it was cut off", c.request, status)
			}
			after := s.bodies()
			left := slices.Collect(maps.Values(after))
			for key, body := range before {
				if body != c.loses && !slices.Contains(left, body) || strings.Contains(key, "@") && !strings.HasSuffix(key, "@null") && body != c.loses && after[key] != body {
					t.Errorf("%s, cut off before write %d: %s, %q, is now %q", c.request, steps, key, body, after[key])
				}
			}
			for _, name := range []string{"o", "null"} {
				if after[name] != before[name] && (name != c.name || after[name] != c.becomes) {
					t.Errorf("%s, cut off before write %d: %s is %q", c.request, steps, name, after[name])
				}
			}
			again := s.do(request, c.body, c.header).status
			if again >= 400 && !(again == 404 && strings.HasPrefix(request, "DELETE")) {
				t.Errorf("%s again: %d", c.request, again)
			}
			if after = s.bodies(); c.name != "" && after[c.name] != c.becomes {
				t.Errorf("%s again: %s is %q", c.request, c.name, after[c.name])
			}
		}
		if steps == 0 {
			t.Errorf("%s writes nothing", c.request)
		}
	}
}

// A container is made, and deleted, whole or not at all.
func TestContainerCrashes(t *testing.T) {
	for steps, crashed := int64(0), true; crashed; steps++ {
		s := newSite(t)
		s.store.crashAfter(steps)
		s.do("PUT c", "", "X-Versions-Enabled: true")
		if crashed = s.store.recover(); crashed && s.do("HEAD c", "").status != 404 {
			t.Errorf("a container that was cut off before write %d", steps)
		}
		s.do("PUT c", "", "X-Versions-Enabled: true")
		if id := s.must(201, "PUT c/o", "one").id(); id == "" {
			t.Error("no version")
		}
	}
	for steps, crashed := int64(0), true; crashed; steps++ {
		s := newVersionedSite(t)
		s.store.crashAfter(steps)
		status := s.do("DELETE c", "").status
		if crashed = s.store.recover(); !crashed {
			if status != 204 {
				t.Errorf("DELETE: %d", status)
			}
			break
		}
		if s.shared() { // the owner makes a missing hidden container
			s.must(204, "POST c", "", "X-Versions-Enabled: true")
		}
		id := s.must(404, "DELETE c/n", "").id()
		s.must(204, "DELETE c/n?version-id="+id, "")
		id = s.must(201, "PUT c/o", "one").id()
		if got := show(s.list("versions")); id == "" || !slices.Equal(got, []string{"o@" + id + "*"}) {
			t.Errorf("after a DELETE that was cut off before write %d: %q", steps, got)
		}
	}
}
