// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

const (
	jsonType = "application/json"
	// maxBodyBytes is oslo.middleware's max_request_body_size.
	maxBodyBytes = 114688
	// maxStrangerBodyBytes bounds a body without a token: of a login, and of a
	// change of a password.
	maxStrangerBodyBytes = 16 << 10
	// bodyHeldFactor is the most bytes of memory for each byte of a JSON text.
	// The worst text is "[0,0,0…": two bytes of text make an interface and a
	// number, in a slice that may have grown to twice the needed length.
	bodyHeldFactor = 24
	// maxDepth bounds the nesting of a body.
	maxDepth = 32
)

// object is a JSON object of a request.
type object map[string]any

var errJSON = badRequest("Expecting to find valid JSON in request body." + msgMalformed)

// readObject reads the request's body: JSON of at most 112 KiB, or 16 KiB for a
// request without a token. The request holds the memory of the result.
func (c *call) readObject() (object, error) {
	if t := c.Header.Get("Content-Type"); t != "" {
		if kind, _, err := mime.ParseMediaType(t); err != nil || kind != jsonType {
			return nil, missing(jsonType, "Content-Type header")
		}
	}
	limit := int64(maxBodyBytes)
	if c.caller == nil {
		limit = maxStrangerBodyBytes
	}
	raw, err := c.ReadWhole(limit)
	if errors.Is(err, web.ErrBodyTooLong) {
		return nil, newError(413, "Request is too large.")
	}
	if err == nil {
		err = c.Hold(bodyHeldFactor * int64(len(raw)))
	}
	if err != nil {
		return nil, err
	}
	return parseObject(raw)
}

// inside reads a body with one object under key: {"user": {…}}.
func (c *call) inside(key string) (object, error) {
	o, err := c.readObject()
	if err != nil {
		return nil, err
	}
	return o.need(key, "request body")
}

// parseObject reads a JSON object of bounded depth.
func parseObject(raw []byte) (object, error) {
	if depth(raw) > maxDepth {
		return nil, errJSON
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		return nil, errJSON
	}
	return o, nil
}

// depth returns the deepest nesting of brackets outside of strings.
func depth(raw []byte) (deepest int) {
	now, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// need returns the object under key. target names o in the error.
func (o object) need(key, target string) (object, error) {
	v, ok := o[key]
	if !ok {
		return nil, missing(key, target)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, notType(key, v, "object")
	}
	return m, nil
}

// notType is the error of a value of the wrong type, in Keystone's words.
func notType(key string, v any, kind string) error {
	return badRequest(fmt.Sprintf("Invalid input for field '%s': %s is not of type '%s'", key, pyjson.Marshal(toPy(v)), kind))
}

// text returns the string under key, or "" for null and for a missing key.
func (o object) text(key string) (string, error) {
	switch v := o[key].(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	default:
		return "", notType(key, v, "string")
	}
}

// flag returns the boolean under key, or otherwise if the key is missing.
func (o object) flag(key string, otherwise bool) (bool, error) {
	v, ok := o[key]
	if !ok {
		return otherwise, nil
	}
	b, ok := v.(bool)
	if !ok {
		return false, notType(key, v, "boolean")
	}
	return b, nil
}

// wholeNumber reads a JSON number without a fraction.
func wholeNumber(key string, v any) (int, error) {
	f, ok := v.(float64)
	if n := int(f); ok && float64(n) == f {
		return n, nil
	}
	return 0, notType(key, v, "integer")
}

// fields copies the strings under several keys to the places in dst. A missing
// key leaves the place unchanged.
func (o object) fields(dst map[string]*string) error {
	for key, p := range dst {
		if _, ok := o[key]; !ok {
			continue
		}
		v, err := o.text(key)
		if err != nil {
			return err
		}
		*p = v
	}
	return nil
}

// maxExtras bounds the extras of a row. Extras are keys without a meaning;
// Keystone keeps extras and shows them again.
const maxExtras = 64

// extras merges the keys of o outside of known into a copy of old.
func (o object) extras(old map[string]any, known ...string) (map[string]any, error) {
	out := maps.Clone(old)
	for k, v := range o {
		if slices.Contains(known, k) {
			continue
		}
		if out == nil {
			out = map[string]any{}
		}
		out[k] = v
	}
	if len(out) > maxExtras {
		return nil, badRequest("Too many properties.")
	}
	return out, nil
}

// withExtras appends a row's extras, sorted by key. A key of the row itself
// wins.
func withExtras(o pyjson.Object, extra map[string]any) pyjson.Object {
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		if !slices.ContainsFunc(o, func(m pyjson.Member) bool { return m.Key == k }) {
			o = append(o, pyjson.Member{Key: k, Value: toPy(extra[k])})
		}
	}
	return o
}

// toPy turns values of encoding/json into values that pyjson can write.
func toPy(v any) any {
	switch v := v.(type) {
	case float64:
		if n := int64(v); float64(n) == v {
			return n
		}
		return v
	case []any:
		out := make(pyjson.Array, len(v))
		for i := range v {
			out[i] = toPy(v[i])
		}
		return out
	case map[string]any:
		return withExtras(pyjson.Object{}, v)
	}
	return v
}

// immutableOption returns the member "options" of a row.
func immutableOption(immutable bool) pyjson.Object {
	if !immutable {
		return pyjson.Object{}
	}
	return pyjson.Object{{Key: "immutable", Value: true}}
}

// answer returns a JSON body with the newline that ends Keystone's resources.
func answer(status int, o pyjson.Object) *web.Response {
	return web.NewBytes(status, jsonType, append(pyjson.Marshal(o), '\n'))
}

// exact returns a JSON body without the newline.
func exact(status int, o pyjson.Object) *web.Response {
	return web.NewBytes(status, jsonType, pyjson.Marshal(o))
}

// noContent returns the answer to a change without a body.
func noContent() *web.Response { return web.NewResponse(204) }

// orNull returns nil for "", for keys that Keystone shows as null.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
