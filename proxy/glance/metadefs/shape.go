// SPDX-License-Identifier: Apache-2.0

package metadefs

import (
	"slices"
	"strings"
	"unicode/utf8"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

// shape is what a field of a request must be.
type shape struct {
	// kind is string, boolean, number, integer, array or object as in a JSON
	// schema; strings (an array of strings); parts (an array of objects of a
	// shape); properties (an object with a property's definition under each name);
	// or any.
	kind string
	max  int              // of a string: the most characters; 0: no limit
	enum []string         // of a string: the values; nil: all values
	of   map[string]shape // of parts: the fields of each object
	must []string         // of parts: the fields that each object must have
}

// The shapes follow the schemas of glance/api/v2/metadef_namespaces.py,
// metadef_properties.py, metadef_objects.py, metadef_tags.py and
// metadef_resource_types.py.
var (
	propertyShape = map[string]shape{
		"name": {kind: "string", max: 80}, "title": {kind: "string"}, "description": {kind: "string"},
		"operators": {kind: "strings"}, "required": {kind: "strings"},
		"type":    {kind: "string", enum: []string{"array", "boolean", "integer", "number", "object", "string"}},
		"minimum": {kind: "number"}, "maximum": {kind: "number"}, "maxLength": {kind: "integer"}, "minLength": {kind: "integer"},
		"pattern": {kind: "string"}, "enum": {kind: "array"}, "readonly": {kind: "boolean"}, "default": {kind: "any"},
		"items": {kind: "object"}, "maxItems": {kind: "integer"}, "minItems": {kind: "integer"}, "uniqueItems": {kind: "boolean"},
		"additionalItems": {kind: "boolean"}, "confidential": {kind: "boolean"},
	}
	objectShape = map[string]shape{
		"name": {kind: "string", max: 80}, "description": {kind: "string"}, "required": {kind: "strings"},
		"properties": {kind: "properties"}, "schema": {kind: "string"}, "self": {kind: "string"},
	}
	tagShape         = map[string]shape{"name": {kind: "string", max: 80}}
	associationShape = map[string]shape{
		"name": {kind: "string", max: 80}, "prefix": {kind: "string", max: 80}, "properties_target": {kind: "string", max: 80},
	}
	namespaceShape = map[string]shape{
		"namespace": {kind: "string", max: 80}, "display_name": {kind: "string", max: 80}, "description": {kind: "string", max: 500},
		"visibility": {kind: "string", enum: []string{visibilityPublic, visibilityPrivate}}, "protected": {kind: "boolean"},
		"owner":                      {kind: "string", max: 255},
		"resource_type_associations": {kind: "parts", of: associationShape, must: []string{"name"}},
		"properties":                 {kind: "properties"},
		"objects":                    {kind: "parts", of: objectShape, must: []string{"name"}},
		"tags":                       {kind: "parts", of: tagShape, must: []string{"name"}},
	}
)

// checkShape refuses an object that does not have the shapes: with 400 and the
// words of Python's jsonschema, and with 403 for a field that only the server
// sets. schema names the schema in messages; must are the required fields.
func checkShape(schema string, o pyjson.Object, shapes map[string]shape, must ...string) error {
	bad := func(text string) error {
		return wire.Errorf(400, "Provided object does not match schema '%s': %s", schema, text)
	}
	for _, name := range must {
		if !slices.ContainsFunc(o, func(m pyjson.Member) bool { return m.Key == name }) {
			return bad(wire.Repr(name) + " is a required property")
		}
	}
	for _, m := range o {
		if slices.Contains([]string{"created_at", "updated_at"}, m.Key) {
			return wire.Errorf(403, "Attribute '%s' is read-only.", m.Key)
		}
		want, ok := shapes[m.Key]
		if !ok {
			return bad("Additional properties are not allowed (" + wire.Repr(wire.Cut(m.Key)) + " was unexpected)")
		}
		if err := want.check(schema, m.Value, bad); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a value that does not have the shape. bad makes the error of a
// message.
func (s shape) check(schema string, v any, bad func(string) error) error {
	switch s.kind {
	case "string":
		text, ok := v.(string)
		switch {
		case !ok:
			return bad(wire.Repr(v) + " is not of type 'string'")
		case s.max > 0 && utf8.RuneCountInString(text) > s.max:
			return bad(wire.Repr(wire.Cut(text)) + " is too long")
		case s.enum != nil && !slices.Contains(s.enum, text):
			return bad(wire.Repr(wire.Cut(text)) + " is not one of ['" + strings.Join(s.enum, "', '") + "']")
		}
	case "properties":
		return checkProperties(schema, v, bad)
	case "parts":
		list, ok := v.(pyjson.Array)
		if !ok {
			return bad(wire.Repr(v) + " is not of type 'array'")
		}
		for _, item := range list {
			o, ok := item.(pyjson.Object)
			if !ok {
				return bad(wire.Repr(item) + " is not of type 'object'")
			}
			if err := checkShape(schema, o, s.of, s.must...); err != nil {
				return err
			}
		}
	default:
		if !s.holds(v) {
			return bad(wire.Repr(v) + " is not of type '" + strings.TrimSuffix(s.kind, "s") + "'")
		}
	}
	return nil
}

// holds says whether a value is of the kind, for the kinds without limits.
func (s shape) holds(v any) bool {
	switch s.kind {
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "integer":
		n, ok := v.(int64)
		return ok && n >= 0
	case "number":
		_, whole := v.(int64)
		_, ok := v.(float64)
		return ok || whole
	case "array":
		_, ok := v.(pyjson.Array)
		return ok
	case "strings":
		list, ok := v.(pyjson.Array)
		return ok && !slices.ContainsFunc(list, func(v any) bool { _, ok := v.(string); return !ok })
	case "object":
		_, ok := v.(pyjson.Object)
		return ok
	}
	return true
}

// checkProperties refuses a value that is not an object with a property under
// each name.
func checkProperties(schema string, v any, bad func(string) error) error {
	o, ok := v.(pyjson.Object)
	if !ok {
		return bad(wire.Repr(v) + " is not of type 'object'")
	}
	for _, m := range o {
		property, ok := m.Value.(pyjson.Object)
		if !ok {
			return bad(wire.Repr(m.Value) + " is not of type 'object'")
		}
		if utf8.RuneCountInString(m.Key) > propertyShape["name"].max {
			return bad(wire.Repr(wire.Cut(m.Key)) + " is too long")
		}
		if err := checkShape(schema, property, propertyShape, "title", "type"); err != nil {
			return err
		}
	}
	return nil
}
