// SPDX-License-Identifier: Apache-2.0

package wire

import "needletail/proxy/pyjson"

// ArraySchema returns the JSON schema of an array.
func ArraySchema(items pyjson.Object) pyjson.Object {
	return pyjson.Object{{Key: "type", Value: "array"}, {Key: "items", Value: items}}
}

// ListingSchema returns the JSON schema of a listing in pages: name is the key
// of the listed items.
func ListingSchema(name string, item pyjson.Object) pyjson.Object {
	text := pyjson.Object{{Key: "type", Value: "string"}}
	return pyjson.Object{
		{Key: "name", Value: name},
		{Key: "properties", Value: pyjson.Object{
			{Key: name, Value: ArraySchema(item)},
			{Key: "first", Value: text},
			{Key: "next", Value: text},
			{Key: "schema", Value: text},
		}},
		{Key: "links", Value: []pyjson.Object{
			{{Key: "rel", Value: "first"}, {Key: "href", Value: "{first}"}},
			{{Key: "rel", Value: "next"}, {Key: "href", Value: "{next}"}},
			{{Key: "rel", Value: "describedby"}, {Key: "href", Value: "{schema}"}},
		}},
	}
}
