// SPDX-License-Identifier: Apache-2.0

package glance

import (
	_ "embed"
	"slices"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// The schemas of an image, a member and a task are Glance's
// (glance/api/v2/images.py get_base_properties, etc/schema-image.json,
// glance/api/v2/tasks.py). glanceclient creates no image without the schemas.
var (
	//go:embed schemas/image.json
	imageSchemaJSON []byte
	//go:embed schemas/member.json
	memberSchemaJSON []byte
	//go:embed schemas/task.json
	taskSchemaJSON []byte

	schemas = buildSchemas()
)

func buildSchemas() map[string]pyjson.Object {
	image, member, task := mustSchema(imageSchemaJSON), mustSchema(memberSchemaJSON), mustSchema(taskSchemaJSON)
	return map[string]pyjson.Object{
		"image":   image,
		"member":  member,
		"task":    task,
		"images":  wire.ListingSchema("images", image),
		"tasks":   wire.ListingSchema("tasks", withoutProperties(task, "input", "result", "message")),
		"members": membersSchema(member),
	}
}

// mustSchema reads an embedded file. A damaged file is a fault of the build: the
// program panics at its start.
func mustSchema(body []byte) pyjson.Object {
	v, err := wire.DecodeJSON(body)
	if err != nil {
		panic("glance: embedded schema: " + err.Error())
	}
	return v.(pyjson.Object)
}

// withoutProperties returns a copy of the schema without some properties.
func withoutProperties(schema pyjson.Object, names ...string) pyjson.Object {
	out := slices.Clone(schema)
	for i, m := range out {
		if properties, ok := m.Value.(pyjson.Object); ok && m.Key == "properties" {
			out[i].Value = slices.DeleteFunc(slices.Clone(properties), func(p pyjson.Member) bool {
				return slices.Contains(names, p.Key)
			})
		}
	}
	return out
}

// membersSchema returns the schema of the listing of members, which has no pages.
func membersSchema(member pyjson.Object) pyjson.Object {
	return pyjson.Object{
		{Key: "name", Value: "members"},
		{Key: "properties", Value: pyjson.Object{
			{Key: "members", Value: wire.ArraySchema(member)},
			{Key: "schema", Value: pyjson.Object{{Key: "type", Value: "string"}}},
		}},
		{Key: "links", Value: []pyjson.Object{
			{{Key: "rel", Value: "describedby"}, {Key: "href", Value: "{schema}"}},
		}},
	}
}

// showSchema is GET /v2/schemas/{schema}.
func (s *service) showSchema(c *call) (*web.Response, error) {
	schema, ok := schemas[c.vars[0]]
	if !ok {
		return nil, &wire.Error{Status: 404}
	}
	return wire.JSON(200, schema), nil
}
