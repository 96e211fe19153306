// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// site is an API over a store, with a clock that goes a second per look.
type site struct {
	*API
	t     *testing.T
	store objstore.Store
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, store: memstore.New(memstore.Options{})}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	s.restart()
	return s
}

// in is the site for a subtest.
func (s *site) in(t *testing.T) *site {
	sub := *s
	sub.t = t
	return &sub
}

// restart opens the API anew over what the store has.
func (s *site) restart() {
	s.t.Helper()
	now := time.Date(2022, 12, 30, 0, 35, 40, 0, time.UTC)
	api, err := Open(s.t.Context(), s.store, func() time.Time {
		now = now.Add(time.Second)
		return now
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		s.t.Fatal(err)
	}
	s.API = api
}

// admin is a call of an admin; vars are the variables of the path.
func admin(body string, vars ...string) *Call {
	r := &web.Request{Scheme: "http", Host: "host", Body: web.NoBody, ContentLength: web.NoLength}
	if body != "" {
		r.Body, r.ContentLength = strings.NewReader(body), int64(len(body))
	}
	return &Call{Request: r, Admin: true, Project: "p", Vars: vars}
}

// member is a call of somebody who is no admin.
func member(project string, vars ...string) *Call {
	c := admin("", vars...)
	c.Admin, c.Project = false, project
	return c
}

// want sends a call to a handler, checks the status and returns the body.
func (s *site) want(status int, serve Handler, c *Call) string {
	s.t.Helper()
	res, err := serve(s.API, c)
	var e *wire.Error
	switch {
	case errors.As(err, &e):
		if e.Status != status {
			s.t.Fatalf("%d %s, want %d", e.Status, e.Message, status)
		}
		return e.Message
	case err != nil:
		s.t.Fatal(err)
	case res.Status != status:
		s.t.Fatalf("%d, want %d", res.Status, status)
	}
	if res.Body == nil {
		return ""
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}

func (s *site) names(c *Call) []string {
	s.t.Helper()
	v, err := wire.DecodeJSON([]byte(s.want(200, (*API).ListNamespaces, c)))
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, n := range v.(pyjson.Object).Get("namespaces").(pyjson.Array) {
		names = append(names, n.(pyjson.Object).Get("namespace").(string))
	}
	return names
}

const create = `{"namespace": "n", "properties": {"p": {"title": "P", "type": "string"}}, "objects": [{"name": "o"}],
	"tags": [{"name": "t"}], "resource_type_associations": [{"name": "r", "prefix": "x_"}]}`

func TestPrivateNamespacesAreTheirOwners(t *testing.T) {
	s := newSite(t)
	s.want(201, (*API).CreateNamespace, admin(`{"namespace": "private", "owner": "p"}`))
	s.want(201, (*API).CreateNamespace, admin(`{"namespace": "public", "owner": "p", "visibility": "public"}`))
	for name, c := range map[string]struct {
		call *Call
		sees []string
	}{
		"an admin":                  {admin(""), []string{"public", "private"}},
		"the owner":                 {member("p"), []string{"public", "private"}},
		"another project":           {member("q"), []string{"public"}},
		"a token without a project": {member(""), []string{"public"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			if got := s.names(c.call); !slices.Equal(got, c.sees) {
				t.Errorf("sees %v", got)
			}
			c.call.Vars = []string{"private"}
			status := 404
			if len(c.sees) == 2 {
				status = 200
			}
			s.want(status, (*API).ShowNamespace, c.call)
		})
	}
}

func TestRenamingKeepsTheParts(t *testing.T) {
	s := newSite(t)
	s.want(201, (*API).CreateNamespace, admin(create))
	s.want(201, (*API).CreateNamespace, admin(`{"namespace": "other"}`))
	if got := s.want(409, (*API).UpdateNamespace, admin(`{"namespace": "other"}`, "n")); got != "A metadata definition namespace with name other already exists." {
		t.Error(got)
	}
	s.want(200, (*API).UpdateNamespace, admin(`{"namespace": "renamed"}`, "n"))
	s.restart()
	if got := s.names(admin("")); !slices.Equal(got, []string{"renamed", "other"}) && !slices.Equal(got, []string{"other", "renamed"}) {
		t.Errorf("namespaces %v", got)
	}
	for kind, show := range map[string]Handler{"p": Properties.Show, "o": Objects.Show, "t": Tags.Show, "r": Associations.Show} {
		s.want(200, show, admin("", "renamed", kind))
	}
}

func TestProtectedNamespacesStay(t *testing.T) {
	s := newSite(t)
	s.want(201, (*API).CreateNamespace, admin(`{"namespace": "n", "protected": true}`))
	s.want(403, (*API).DeleteNamespace, admin("", "n"))
	s.want(200, (*API).UpdateNamespace, admin(`{"namespace": "n"}`, "n"))
	s.want(204, (*API).DeleteNamespace, admin("", "n"))
	s.want(404, (*API).DeleteNamespace, admin("", "n"))
}

// A refused change of a part leaves the namespace as it was.
func TestChangesOfPartsAreWhole(t *testing.T) {
	s := newSite(t)
	s.want(201, (*API).CreateNamespace, admin(create))
	before := s.want(200, (*API).ShowNamespace, admin("", "n"))
	for name, c := range map[string]struct {
		status int
		serve  Handler
		call   *Call
	}{
		"a part that exists":        {409, Objects.Create, admin(`{"name": "o"}`, "n")},
		"a part that is absent":     {404, Objects.Update, admin(`{"name": "x"}`, "n", "absent")},
		"an absent property":        {404, Properties.Delete, admin("", "n", "absent")},
		"an absent association":     {404, Associations.Delete, admin("", "n", "absent")},
		"an absent namespace":       {404, Tags.DeleteAll, admin("", "absent")},
		"the same tag twice":        {409, (*API).CreateTags, admin(`{"tags": [{"name": "a"}, {"name": "a"}]}`, "n")},
		"a tag that is too long":    {400, (*API).CreateTag, admin("", "n", strings.Repeat("x", 81))},
		"a property without a type": {400, Properties.Create, admin(`{"name": "a", "title": "A"}`, "n")},
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			s.want(c.status, c.serve, c.call)
			if after := s.want(200, (*API).ShowNamespace, admin("", "n")); after != before {
				t.Errorf("%s became %s", before, after)
			}
		})
	}
}

func TestPrefixesOfAResourceType(t *testing.T) {
	s := newSite(t)
	s.want(201, (*API).CreateNamespace, admin(create))
	for query, want := range map[string]string{"": `"properties": {"p": `, "resource_type=r": `"properties": {"x_p": `, "resource_type=absent": `"properties": {"p": `} {
		t.Run(query, func(t *testing.T) {
			s := s.in(t)
			c := admin("", "n")
			c.RawQuery = query
			if got := s.want(200, (*API).ShowNamespace, c); !strings.Contains(got, want) {
				t.Errorf("no %s in %s", want, got)
			}
		})
	}
}

func TestNumbersOfPartsAndNamespacesAreBounded(t *testing.T) {
	d := &namespace{Namespace: "n"}
	for i := range partsMax {
		if err := d.setPart(kindTag, "", part{Name: fmt.Sprint(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.setPart(kindTag, "", part{Name: "one more"}); err == nil {
		t.Error("one more part than the most is kept")
	}
	s := newSite(t)
	for i := range namespacesMax - 1 {
		s.book.records.Show(&namespace{Namespace: fmt.Sprint("n", i)})
	}
	s.want(201, (*API).CreateNamespace, admin(`{"namespace": "the last"}`))
	s.want(413, (*API).CreateNamespace, admin(`{"namespace": "one more"}`))
}

// A body is shorter than a record may be, but a namespace grows part by part.
func TestTheBytesOfANamespaceAreBounded(t *testing.T) {
	s := newSite(t)
	s.want(201, (*API).CreateNamespace, admin(`{"namespace": "n"}`))
	description := strings.Repeat("d", recordbook.MaxRecordBytes/2)
	s.want(201, Objects.Create, admin(`{"name": "a", "description": "`+description+`"}`, "n"))
	got := s.want(413, Objects.Create, admin(`{"name": "b", "description": "`+description+`"}`, "n"))
	if got != "The namespace's definitions are longer than 1048576 bytes." {
		t.Error(got)
	}
	s.want(404, Objects.Show, admin("", "n", "b"))
}

// Clients validate views with the schemas, and the schemas allow no other field.
func TestViewsFitTheirSchemas(t *testing.T) {
	s := newSite(t)
	s.want(201, (*API).CreateNamespace, admin(`{"namespace": "n", "display_name": "N", "description": "d",
		"properties": {"p": {"title": "P", "type": "string"}}, "objects": [{"name": "o"}], "tags": [{"name": "t"}],
		"resource_type_associations": [{"name": "OS::Glance::Image"}]}`))
	for schema, body := range map[string]string{
		"namespace":     s.want(200, (*API).ShowNamespace, admin("", "n")),
		"object":        s.want(200, Objects.Show, admin("", "n", "o")),
		"property":      s.want(200, Properties.Show, admin("", "n", "p")),
		"tag":           s.want(200, Tags.Show, admin("", "n", "t")),
		"resource_type": s.want(200, Associations.Show, admin("", "n", "OS::Glance::Image")),
	} {
		t.Run(schema, func(t *testing.T) {
			view, err := wire.DecodeJSON([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			allowed := schemas[schema].Get("properties").(pyjson.Object)
			for _, member := range view.(pyjson.Object) {
				if allowed.Get(member.Key) == nil {
					t.Errorf("the schema has no %s", member.Key)
				}
			}
			seen := map[string]bool{}
			for _, member := range allowed {
				if seen[member.Key] {
					t.Errorf("the schema has %s twice", member.Key)
				}
				seen[member.Key] = true
			}
		})
	}
}

func TestShapesRefuseValues(t *testing.T) {
	for name, c := range map[string]struct{ body, text string }{
		"a string":                {`{"name": 1, "title": "P", "type": "string"}`, "1 is not of type 'string'"},
		"strings":                 {`{"name": "p", "title": "P", "type": "string", "operators": [1]}`, "[1] is not of type 'string'"},
		"an enum":                 {`{"name": "p", "title": "P", "type": "magic"}`, "'magic' is not one of ['array', 'boolean', "},
		"a number":                {`{"name": "p", "title": "P", "type": "number", "minimum": "1"}`, "'1' is not of type 'number'"},
		"an integer":              {`{"name": "p", "title": "P", "type": "string", "maxLength": 1.5}`, "1.5 is not of type 'integer'"},
		"a boolean":               {`{"name": "p", "title": "P", "type": "string", "readonly": 1}`, "1 is not of type 'boolean'"},
		"an array":                {`{"name": "p", "title": "P", "type": "string", "enum": {}}`, "{} is not of type 'array'"},
		"an object":               {`{"name": "p", "title": "P", "type": "array", "items": []}`, "[] is not of type 'object'"},
		"an absent field":         {`{"name": "p", "title": "P"}`, "'type' is a required property"},
		"an unknown field":        {`{"name": "p", "title": "P", "type": "string", "magic": 1}`, "('magic' was unexpected)"},
		"a field of the server's": {`{"name": "p", "title": "P", "type": "string", "created_at": "x"}`, "Attribute 'created_at' is read-only."},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := wire.DecodeJSON([]byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			err = checkShape("property", v.(pyjson.Object), propertyShape, Properties.must...)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v, want %s", err, c.text)
			}
		})
	}
	all := pyjson.Object{{Key: "name", Value: "p"}, {Key: "title", Value: "P"}, {Key: "type", Value: "number"},
		{Key: "minimum", Value: 1.5}, {Key: "maximum", Value: int64(2)}, {Key: "minLength", Value: int64(0)},
		{Key: "operators", Value: pyjson.Array{"<in>"}}, {Key: "enum", Value: pyjson.Array{int64(1), "x"}},
		{Key: "items", Value: pyjson.Object{}}, {Key: "readonly", Value: true}, {Key: "default", Value: nil}}
	if err := checkShape("property", all, propertyShape, Properties.must...); err != nil {
		t.Errorf("a property with all fields: %v", err)
	}
}

func TestIsTrueFollowsOslo(t *testing.T) {
	for text, want := range map[string]bool{"True": true, " yes ": true, "1": true, "on": true, "y": true, "t": true, "": false, "no": false, "2": false} {
		t.Run(text, func(t *testing.T) {
			if got := isTrue(text); got != want {
				t.Error(got)
			}
		})
	}
}

func FuzzNamespaceShape(f *testing.F) {
	f.Add([]byte(`{"namespace": "n", "objects": [{"name": "o", "properties": {"p": {"title": "P", "type": "string"}}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := wire.DecodeJSON(body)
		if err != nil {
			return
		}
		if object, ok := v.(pyjson.Object); ok && checkShape("namespace", object, namespaceShape, "namespace") == nil {
			d := new(namespace)
			d.setAttributes(object)
			if d.setAllParts(object, 1) == nil {
				d.wholeView("")
			}
		}
	})
}
