// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// view returns the namespace without its parts, but for the associations, in the
// order of glance/api/v2/model/metadef_namespace.py.
func (d *namespace) view() pyjson.Object {
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

// self returns the namespace's path.
func (d *namespace) self() string { return "/v2/metadefs/namespaces/" + d.Namespace }

// wholeView returns the namespace with all of its parts. Names of properties
// have the prefix of the resource type's association: a resource of the type has
// the properties under the prefixed names. A resource type "" has no prefix.
func (d *namespace) wholeView(resourceType string) pyjson.Object {
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

func (d *namespace) associations() pyjson.Array {
	list := pyjson.Array{}
	for i := range d.ResourceTypes {
		list = append(list, d.ResourceTypes[i].associationView())
	}
	return list
}

// fields returns the fields of a part but for the name.
func (p *part) fields() pyjson.Object {
	if len(p.Body) == 0 {
		return nil
	}
	v, err := wire.DecodeJSON(p.Body)
	if err != nil {
		return nil // unreachable: newPart wrote the body
	}
	o, _ := v.(pyjson.Object)
	return o
}

func (p *part) associationView() pyjson.Object {
	return append(append(pyjson.Object{{Key: "name", Value: p.Name}}, p.fields()...), p.times()...)
}

func (p *part) times() pyjson.Object {
	return pyjson.Object{
		{Key: "created_at", Value: wire.Time(p.CreatedMicros)},
		{Key: "updated_at", Value: wire.Time(p.UpdatedMicros)},
	}
}

// schemasView returns the properties as the whole namespace shows them: by their
// prefixed names, and without a field "name".
func (d *namespace) schemasView(prefix string) pyjson.Object {
	v := pyjson.Object{}
	for i := range d.Properties {
		v = append(v, pyjson.Member{Key: prefix + d.Properties[i].Name, Value: d.Properties[i].fields()})
	}
	return v
}

// propertiesView returns the properties as their own listing shows them.
func (d *namespace) propertiesView() pyjson.Object {
	v := pyjson.Object{}
	for i := range d.Properties {
		v = append(v, pyjson.Member{Key: d.Properties[i].Name, Value: d.Properties[i].propertyView()})
	}
	return v
}

func (p *part) propertyView() pyjson.Object {
	return append(pyjson.Object{{Key: "name", Value: p.Name}}, p.fields()...)
}

// objectsView returns the objects, with a prefix for the names of their
// properties.
func (d *namespace) objectsView(prefix string) pyjson.Array {
	list := pyjson.Array{}
	for i := range d.Objects {
		list = append(list, d.prefixedView(&d.Objects[i], prefix))
	}
	return list
}

func (d *namespace) objectView(p *part) pyjson.Object { return d.prefixedView(p, "") }

// prefixedView returns an object whose properties' names get a prefix. As in
// Glance, the fields "required" and "properties" are present even if empty.
func (d *namespace) prefixedView(p *part, prefix string) pyjson.Object {
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

func (d *namespace) tagsView() pyjson.Array {
	list := pyjson.Array{}
	for _, t := range d.Tags {
		list = append(list, pyjson.Object{{Key: "name", Value: t.Name}})
	}
	return list
}
