package glance

import (
	"encoding/json"
	"slices"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// metadef is a namespace of metadata definitions: what properties images,
// volumes and the like may have, for those who choose them. It is one record;
// the tags of its fields are the format on disk, times are microseconds since
// the Unix epoch.
type metadef struct {
	Version       int           `json:"version"`
	Namespace     string        `json:"namespace"`
	DisplayName   *string       `json:"display_name"`
	Description   *string       `json:"description"`
	Visibility    string        `json:"visibility"` // public or private
	Protected     bool          `json:"protected"`
	Owner         string        `json:"owner"`
	CreatedMicros int64         `json:"created_us"`
	UpdatedMicros int64         `json:"updated_us"`
	ResourceTypes []metadefPart `json:"resource_types,omitempty"`
	Properties    []metadefPart `json:"properties,omitempty"`
	Objects       []metadefPart `json:"objects,omitempty"`
	Tags          []metadefPart `json:"tags,omitempty"`
}

// metadefPart is a resource type's association, a property, an object or a tag.
type metadefPart struct {
	Name          string          `json:"name"`
	Body          json.RawMessage `json:"body,omitempty"` // its fields but for the name
	CreatedMicros int64           `json:"created_us"`
	UpdatedMicros int64           `json:"updated_us"`
}

// The kinds of parts.
const (
	kindResourceType = "resource_types"
	kindProperty     = "properties"
	kindObject       = "objects"
	kindTag          = "tags"
)

// parts are the parts of a kind.
func (d *metadef) parts(kind string) *[]metadefPart {
	switch kind {
	case kindResourceType:
		return &d.ResourceTypes
	case kindProperty:
		return &d.Properties
	case kindObject:
		return &d.Objects
	}
	return &d.Tags
}

func findPart(parts []metadefPart, name string) int {
	return slices.IndexFunc(parts, func(p metadefPart) bool { return p.Name == name })
}

// clone is a copy that may be changed.
func (d *metadef) clone() *metadef {
	c := *d
	for _, kind := range []string{kindResourceType, kindProperty, kindObject, kindTag} {
		parts := c.parts(kind)
		*parts = slices.Clone(*parts)
	}
	return &c
}

// fields are the fields of a part but for its name.
func (p *metadefPart) fields() pyjson.Object {
	if len(p.Body) == 0 {
		return nil
	}
	v, err := wire.DecodeJSON(p.Body)
	if err != nil {
		return nil // it was written by this package
	}
	o, _ := v.(pyjson.Object)
	return o
}

// visibleTo follows glance/db: a private namespace is its owner's.
func (d *metadef) visibleTo(c caller) bool {
	return c.admin || d.Visibility == visibilityPublic || c.project != "" && d.Owner == c.project
}

// view is a namespace as the API shows it, in the order of
// glance/api/v2/model/metadef_namespace.py.
func (d *metadef) view() pyjson.Object {
	v := pyjson.Object{{Key: "namespace", Value: d.Namespace}}
	if d.DisplayName != nil {
		v = append(v, pyjson.Member{Key: "display_name", Value: *d.DisplayName})
	}
	if d.Description != nil {
		v = append(v, pyjson.Member{Key: "description", Value: *d.Description})
	}
	v = append(v, pyjson.Object{
		{Key: "visibility", Value: d.Visibility},
		{Key: "protected", Value: d.Protected},
		{Key: "owner", Value: d.Owner},
		{Key: "created_at", Value: wire.Time(d.CreatedMicros)},
		{Key: "updated_at", Value: wire.Time(d.UpdatedMicros)},
		{Key: "self", Value: d.self()},
		{Key: "schema", Value: "/v2/schemas/metadefs/namespace"},
	}...)
	if len(d.ResourceTypes) > 0 {
		v = append(v, pyjson.Member{Key: "resource_type_associations", Value: d.associations()})
	}
	return v
}

func (d *metadef) self() string { return "/v2/metadefs/namespaces/" + d.Namespace }

// wholeView is the namespace with all of its parts. The names of properties are
// shown as a resource of the type would have them, if one is given.
func (d *metadef) wholeView(resourceType string) pyjson.Object {
	v := d.view()
	prefix := ""
	if i := findPart(d.ResourceTypes, resourceType); i >= 0 {
		prefix, _ = d.ResourceTypes[i].fields().Get("prefix").(string)
	}
	if len(d.Properties) > 0 {
		v = append(v, pyjson.Member{Key: "properties", Value: d.schemasView(prefix)})
	}
	if len(d.Objects) > 0 {
		v = append(v, pyjson.Member{Key: "objects", Value: d.objectsView(prefix)})
	}
	if len(d.Tags) > 0 {
		v = append(v, pyjson.Member{Key: "tags", Value: d.tagsView()})
	}
	return v
}

func (d *metadef) associations() pyjson.Array {
	list := pyjson.Array{}
	for i := range d.ResourceTypes {
		list = append(list, d.ResourceTypes[i].associationView())
	}
	return list
}

func (p *metadefPart) associationView() pyjson.Object {
	return append(append(pyjson.Object{{Key: "name", Value: p.Name}}, p.fields()...), p.times()...)
}

func (p *metadefPart) times() pyjson.Object {
	return pyjson.Object{
		{Key: "created_at", Value: wire.Time(p.CreatedMicros)},
		{Key: "updated_at", Value: wire.Time(p.UpdatedMicros)},
	}
}

// schemasView is the properties within the whole namespace, without their names.
func (d *metadef) schemasView(prefix string) pyjson.Object {
	v := pyjson.Object{}
	for i := range d.Properties {
		v = append(v, pyjson.Member{Key: prefix + d.Properties[i].Name, Value: d.Properties[i].fields()})
	}
	return v
}

func (d *metadef) propertiesView() pyjson.Object {
	v := pyjson.Object{}
	for i := range d.Properties {
		v = append(v, pyjson.Member{Key: d.Properties[i].Name, Value: d.Properties[i].propertyView()})
	}
	return v
}

func (p *metadefPart) propertyView() pyjson.Object {
	return append(pyjson.Object{{Key: "name", Value: p.Name}}, p.fields()...)
}

func (d *metadef) objectsView(prefix string) pyjson.Array {
	list := pyjson.Array{}
	for i := range d.Objects {
		list = append(list, d.prefixedView(&d.Objects[i], prefix))
	}
	return list
}

func (d *metadef) objectView(p *metadefPart) pyjson.Object { return d.prefixedView(p, "") }

// prefixedView is an object whose properties' names get a prefix. What is
// required, and the properties, are there when they are empty too.
func (d *metadef) prefixedView(p *metadefPart, prefix string) pyjson.Object {
	v := pyjson.Object{{Key: "name", Value: p.Name}}
	required, properties := any(pyjson.Array{}), pyjson.Object{}
	for _, f := range p.fields() {
		switch f.Key {
		case "required":
			required = f.Value
		case "properties":
			own, _ := f.Value.(pyjson.Object)
			for _, m := range own {
				properties = append(properties, pyjson.Member{Key: prefix + m.Key, Value: m.Value})
			}
		default:
			v = append(v, f)
		}
	}
	v = append(v, pyjson.Member{Key: "required", Value: required}, pyjson.Member{Key: "properties", Value: properties})
	v = append(v, p.times()...)
	return append(v, pyjson.Object{
		{Key: "self", Value: d.self() + "/objects/" + p.Name},
		{Key: "schema", Value: "/v2/schemas/metadefs/object"},
	}...)
}

func (d *metadef) tagsView() pyjson.Array {
	list := pyjson.Array{}
	for _, t := range d.Tags {
		list = append(list, pyjson.Object{{Key: "name", Value: t.Name}})
	}
	return list
}
