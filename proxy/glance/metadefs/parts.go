// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// Parts serves the parts of a kind: how the kind is read and shown. Methods of
// Parts are Handlers.
type Parts struct {
	kind   string
	schema string           // the schema's name in error messages
	shapes map[string]shape // the fields of a body
	must   []string         // the fields that a body must have
	view   func(*namespace, *part) pyjson.Object
}

// The kinds of parts.
var (
	Properties = Parts{kindProperty, "property", propertyShape, []string{"name", "title", "type"},
		func(_ *namespace, p *part) pyjson.Object { return p.propertyView() }}
	Objects = Parts{kindObject, "object", objectShape, []string{"name"}, (*namespace).objectView}
	Tags    = Parts{kindTag, "tag", tagShape, []string{"name"},
		func(_ *namespace, p *part) pyjson.Object {
			return append(pyjson.Object{{Key: "name", Value: p.Name}}, p.times()...)
		}}
	Associations = Parts{kindResourceType, "resource_type_association", associationShape, []string{"name"},
		func(_ *namespace, p *part) pyjson.Object { return p.associationView() }}
)

// Create answers the POST of a part.
func (k Parts) Create(a *API, c *Call) (*web.Response, error) {
	body, err := readShape(c, k.schema, k.shapes, k.must...)
	if err != nil {
		return nil, err
	}
	return k.set(a, c, 201, "", newPart(body, a.nowMicros()))
}

// Update answers the PUT of a part, which may get another name.
func (k Parts) Update(a *API, c *Call) (*web.Response, error) {
	body, err := readShape(c, k.schema, k.shapes, k.must...)
	if err != nil {
		return nil, err
	}
	return k.set(a, c, 200, c.Vars[1], newPart(body, a.nowMicros()))
}

// set adds a part, or replaces the part named old, and answers with the part.
func (k Parts) set(a *API, c *Call, status int, old string, p part) (*web.Response, error) {
	d, err := a.book.update(c.Context(), c.Vars[0], a.nowMicros(), func(d *namespace) error { return d.setPart(k.kind, old, p) })
	if err != nil {
		return nil, err
	}
	parts := *d.parts(k.kind)
	view := k.view(d, &parts[findPart(parts, p.Name)])
	res := wire.JSON(status, view)
	if status == 201 {
		res.Header.Add("Location", c.BaseURL()+d.self()+"/"+k.kind+"/"+p.Name)
	}
	return res, nil
}

// Show answers the GET of a part.
func (k Parts) Show(a *API, c *Call) (*web.Response, error) {
	d, err := a.find(c)
	if err != nil {
		return nil, err
	}
	parts := *d.parts(k.kind)
	i := findPart(parts, c.Vars[1])
	if i < 0 {
		return nil, d.noPart(k.kind, c.Vars[1])
	}
	return wire.JSON(200, k.view(d, &parts[i])), nil
}

// Delete answers the DELETE of a part.
func (k Parts) Delete(a *API, c *Call) (*web.Response, error) {
	return k.change(a, c, func(d *namespace) error { return d.deletePart(k.kind, c.Vars[1]) })
}

// DeleteAll answers the DELETE of all parts of the kind.
func (k Parts) DeleteAll(a *API, c *Call) (*web.Response, error) {
	return k.change(a, c, func(d *namespace) error {
		*d.parts(k.kind) = nil
		return nil
	})
}

// change lets change alter the namespace, and answers 204.
func (k Parts) change(a *API, c *Call, change func(*namespace) error) (*web.Response, error) {
	if _, err := a.book.update(c.Context(), c.Vars[0], a.nowMicros(), change); err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}

// ListProperties is GET …/properties.
func (a *API) ListProperties(c *Call) (*web.Response, error) {
	d, err := a.find(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{{Key: "properties", Value: d.propertiesView()}}), nil
}

// ListObjects is GET …/objects.
func (a *API) ListObjects(c *Call) (*web.Response, error) {
	d, err := a.find(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{
		{Key: "objects", Value: d.objectsView("")},
		{Key: "first", Value: d.self() + "/objects"},
		{Key: "schema", Value: "/v2/schemas/metadefs/objects"},
	}), nil
}

// ListTags is GET …/tags.
func (a *API) ListTags(c *Call) (*web.Response, error) {
	d, err := a.find(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{
		{Key: "tags", Value: d.tagsView()},
		{Key: "first", Value: d.self() + "/tags"},
		{Key: "schema", Value: "/v2/schemas/metadefs/tags"},
	}), nil
}

// ListAssociations is GET …/resource_types.
func (a *API) ListAssociations(c *Call) (*web.Response, error) {
	d, err := a.find(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{{Key: "resource_type_associations", Value: d.associations()}}), nil
}

// CreateTag is POST …/tags/{tag}. The request has no body: the path names the
// tag.
func (a *API) CreateTag(c *Call) (*web.Response, error) {
	name := pyjson.Object{{Key: "name", Value: c.Vars[1]}}
	if err := checkShape("tag", name, tagShape); err != nil {
		return nil, err
	}
	return Tags.set(a, c, 201, "", newPart(name, a.nowMicros()))
}

// CreateTags is POST …/tags. The tags of the body replace all tags of the
// namespace, or are added if X-OpenStack-Append is true.
func (a *API) CreateTags(c *Call) (*web.Response, error) {
	shapes := map[string]shape{"tags": {kind: "parts", of: tagShape, must: []string{"name"}}}
	body, err := readShape(c, "tags", shapes, "tags")
	if err != nil {
		return nil, err
	}
	appends := isTrue(c.Header.Get("X-Openstack-Append"))
	now := a.nowMicros()
	_, err = a.book.update(c.Context(), c.Vars[0], now, func(d *namespace) error {
		if !appends {
			d.Tags = nil
		}
		return d.setAllParts(body, now)
	})
	if err != nil {
		return nil, err
	}
	return wire.JSON(201, body), nil
}

// isTrue reads a boolean as oslo's strutils.bool_from_string does.
func isTrue(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "t", "true", "on", "y", "yes":
		return true
	}
	return false
}
