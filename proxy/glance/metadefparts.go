package glance

import (
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// partKind is how one kind of parts is read and shown.
type partKind struct {
	kind   string
	schema string
	shapes map[string]shape
	must   []string
	view   func(*metadef, *metadefPart) pyjson.Object
}

var (
	propertyParts = partKind{kindProperty, "property", propertyShape, []string{"name", "title", "type"},
		func(_ *metadef, p *metadefPart) pyjson.Object { return p.propertyView() }}
	objectParts = partKind{kindObject, "object", objectShape, []string{"name"}, (*metadef).objectView}
	tagParts    = partKind{kindTag, "tag", tagShape, []string{"name"},
		func(_ *metadef, p *metadefPart) pyjson.Object {
			return append(pyjson.Object{{Key: "name", Value: p.Name}}, p.times()...)
		}}
	associationParts = partKind{kindResourceType, "resource_type_association", associationShape, []string{"name"},
		func(_ *metadef, p *metadefPart) pyjson.Object { return p.associationView() }}
)

// serve is the handler of a route for this kind of parts.
func (k partKind) serve(f func(partKind, *service, *call) (*web.Response, error)) func(*service, *call) (*web.Response, error) {
	return func(s *service, c *call) (*web.Response, error) { return f(k, s, c) }
}

// createPart answers the POST of a part.
func (k partKind) createPart(s *service, c *call) (*web.Response, error) {
	body, err := readShape(c, k.schema, k.shapes, k.must...)
	if err != nil {
		return nil, err
	}
	return k.set(s, c, 201, "", newPart(body, s.nowMicros()))
}

// updatePart answers the PUT of a part, which may get another name.
func (k partKind) updatePart(s *service, c *call) (*web.Response, error) {
	body, err := readShape(c, k.schema, k.shapes, k.must...)
	if err != nil {
		return nil, err
	}
	return k.set(s, c, 200, c.vars[1], newPart(body, s.nowMicros()))
}

func (k partKind) set(s *service, c *call, status int, old string, p metadefPart) (*web.Response, error) {
	d, err := s.metadefs.update(c.Context(), c.vars[0], s.nowMicros(), func(d *metadef) error { return d.setPart(k.kind, old, p) })
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

// showPart answers the GET of a part.
func (k partKind) showPart(s *service, c *call) (*web.Response, error) {
	d, err := s.namespace(c)
	if err != nil {
		return nil, err
	}
	parts := *d.parts(k.kind)
	i := findPart(parts, c.vars[1])
	if i < 0 {
		return nil, d.noPart(k.kind, c.vars[1])
	}
	return wire.JSON(200, k.view(d, &parts[i])), nil
}

// deletePart answers the DELETE of a part.
func (k partKind) deletePart(s *service, c *call) (*web.Response, error) {
	return k.change(s, c, func(d *metadef) error { return d.deletePart(k.kind, c.vars[1]) })
}

// deleteParts answers the DELETE of all parts of a kind.
func (k partKind) deleteParts(s *service, c *call) (*web.Response, error) {
	return k.change(s, c, func(d *metadef) error {
		*d.parts(k.kind) = nil
		return nil
	})
}

func (k partKind) change(s *service, c *call, change func(*metadef) error) (*web.Response, error) {
	if _, err := s.metadefs.update(c.Context(), c.vars[0], s.nowMicros(), change); err != nil {
		return nil, err
	}
	return wire.Empty(204), nil
}

// listProperties is GET …/properties.
func (s *service) listProperties(c *call) (*web.Response, error) {
	d, err := s.namespace(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{{Key: "properties", Value: d.propertiesView()}}), nil
}

// listObjects is GET …/objects.
func (s *service) listObjects(c *call) (*web.Response, error) {
	d, err := s.namespace(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{
		{Key: "objects", Value: d.objectsView("")},
		{Key: "first", Value: d.self() + "/objects"},
		{Key: "schema", Value: "/v2/schemas/metadefs/objects"},
	}), nil
}

// listTags is GET …/tags.
func (s *service) listTags(c *call) (*web.Response, error) {
	d, err := s.namespace(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{
		{Key: "tags", Value: d.tagsView()},
		{Key: "first", Value: d.self() + "/tags"},
		{Key: "schema", Value: "/v2/schemas/metadefs/tags"},
	}), nil
}

// listAssociations is GET …/resource_types.
func (s *service) listAssociations(c *call) (*web.Response, error) {
	d, err := s.namespace(c)
	if err != nil {
		return nil, err
	}
	return wire.JSON(200, pyjson.Object{{Key: "resource_type_associations", Value: d.associations()}}), nil
}

// createTag is POST …/tags/{tag}, which has no body.
func (s *service) createTag(c *call) (*web.Response, error) {
	name := pyjson.Object{{Key: "name", Value: c.vars[1]}}
	if err := checkShape("tag", name, tagShape); err != nil {
		return nil, err
	}
	return tagParts.set(s, c, 201, "", newPart(name, s.nowMicros()))
}

// createTags is POST …/tags: the tags given replace all, or come to them.
func (s *service) createTags(c *call) (*web.Response, error) {
	shapes := map[string]shape{"tags": {kind: "parts", of: tagShape, must: []string{"name"}}}
	body, err := readShape(c, "tags", shapes, "tags")
	if err != nil {
		return nil, err
	}
	appends := isTrue(c.Header.Get("X-Openstack-Append"))
	now := s.nowMicros()
	_, err = s.metadefs.update(c.Context(), c.vars[0], now, func(d *metadef) error {
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

// isTrue is oslo's strutils.bool_from_string.
func isTrue(s string) bool {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "1", "t", "true", "on", "y", "yes":
		return true
	}
	return false
}
