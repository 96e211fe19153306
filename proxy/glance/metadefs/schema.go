// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"maps"
	"slices"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// schemas are the JSON schemas that clients read, by name, generated from the
// shapes that checkShape checks.
var schemas = buildSchemas()

func buildSchemas() map[string]pyjson.Object {
	all := map[string]pyjson.Object{
		"namespace":     shapeSchema("namespace", namespaceShape, "namespace"),
		"property":      shapeSchema("property", propertyShape, "name", "title", "type"),
		"object":        shapeSchema("object", objectShape, "name"),
		"tag":           shapeSchema("tag", tagShape, "name"),
		"resource_type": shapeSchema("resource_type_association", associationShape, "name"),
	}
	for one, many := range map[string]string{
		"namespace": "namespaces", "object": "objects", "tag": "tags", "resource_type": "resource_types",
	} {
		name := strings.Replace(many, "resource_types", "resource_type_associations", 1)
		all[many] = wire.ListingSchema(name, all[one])
	}
	all["properties"] = pyjson.Object{
		{Key: "name", Value: "properties"},
		{Key: "properties", Value: pyjson.Object{{Key: "properties", Value: byName(all["property"])}}},
	}
	return all
}

// byName returns the schema of an object whose members all have the given
// schema.
func byName(schema pyjson.Object) pyjson.Object {
	return pyjson.Object{{Key: "type", Value: "object"}, {Key: "additionalProperties", Value: schema}}
}

// shapeSchema returns the JSON schema of an object of the shapes. must are the
// required fields.
func shapeSchema(name string, shapes map[string]shape, must ...string) pyjson.Object {
	properties := pyjson.Object{}
	for _, key := range slices.Sorted(maps.Keys(shapes)) {
		properties = append(properties, pyjson.Member{Key: key, Value: shapes[key].schema()})
	}
	for _, key := range []string{"created_at", "updated_at"} {
		properties = append(properties, pyjson.Member{Key: key, Value: pyjson.Object{
			{Key: "type", Value: "string"}, {Key: "readOnly", Value: true}, {Key: "format", Value: "date-time"},
		}})
	}
	for _, key := range []string{"self", "schema"} {
		if _, ok := shapes[key]; ok {
			continue
		}
		properties = append(properties, pyjson.Member{Key: key, Value: pyjson.Object{
			{Key: "type", Value: "string"}, {Key: "readOnly", Value: true},
		}})
	}
	return pyjson.Object{
		{Key: "name", Value: name},
		{Key: "properties", Value: properties},
		{Key: "additionalProperties", Value: false},
		{Key: "required", Value: must},
	}
}

// schema returns the JSON schema of a field.
func (s shape) schema() pyjson.Object {
	typed := func(name string) pyjson.Object { return pyjson.Object{{Key: "type", Value: name}} }
	switch s.kind {
	case "any":
		return pyjson.Object{}
	case "strings":
		return wire.ArraySchema(typed("string"))
	case "parts":
		return wire.ArraySchema(shapeSchema("part", s.of, s.must...))
	case "properties":
		return byName(shapeSchema("property", propertyShape, "title", "type"))
	}
	v := typed(s.kind)
	if s.max > 0 {
		v = append(v, pyjson.Member{Key: "maxLength", Value: int64(s.max)})
	}
	if s.enum != nil {
		v = append(v, pyjson.Member{Key: "enum", Value: s.enum})
	}
	return v
}

// ShowSchema is GET /v2/schemas/metadefs/{schema}.
func (a *API) ShowSchema(c *Call) (*web.Response, error) {
	schema, ok := schemas[c.Vars[0]]
	if !ok {
		return nil, &wire.Error{Status: 404}
	}
	return wire.JSON(200, schema), nil
}
