// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// The media types of a PATCH. A v2.1 patch is a JSON patch. In a v2.0 patch the
// operation's name is a key, and the path is the value of the key:
//
//	v2.1  [{"op": "replace", "path": "/name", "value": "x"}]
//	v2.0  [{"replace": "/name", "value": "x"}]
const (
	patchV21 = "application/openstack-images-v2.1-json-patch"
	patchV20 = "application/openstack-images-v2.0-json-patch"
)

// maxPatchOps bounds the operations of a PATCH.
const maxPatchOps = 1024

// patchOp is an operation of a PATCH.
type patchOp struct {
	op    string   // "add", "remove" or "replace"
	path  []string // the decoded tokens of the pointer
	value any
	old   bool // the operation is of a v2.0 patch: add does not replace
}

// patchType says whether the body is a v2.0 patch or a v2.1 patch. A body of a
// third type is 415.
func patchType(contentType string) (old bool, err error) {
	mediaType, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(mediaType)) {
	case patchV21:
		return false, nil
	case patchV20:
		return true, nil
	}
	return false, &wire.Error{Status: 415, Header: web.Header{
		{Name: "Accept-Patch", Value: patchV20 + ", " + patchV21},
	}}
}

// parsePatch reads the operations of a body (glance/api/v2/images.py
// RequestDeserializer.update).
func parsePatch(body any, old bool) ([]patchOp, error) {
	list, ok := body.(pyjson.Array)
	if !ok {
		return nil, wire.Errorf(400, "Request body must be a JSON array of operation objects.")
	}
	if len(list) > maxPatchOps {
		return nil, wire.Errorf(413, "A patch takes %d operations at most.", maxPatchOps)
	}
	ops := make([]patchOp, 0, len(list))
	for _, item := range list {
		o, ok := item.(pyjson.Object)
		if !ok {
			return nil, wire.Errorf(400, "Operations must be JSON objects.")
		}
		parse := parseOp
		if old {
			parse = parseOldOp
		}
		op, err := parse(o)
		if err != nil {
			return nil, err
		}
		if err := op.check(); err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, nil
}

// parseOp reads an operation of a v2.1 patch.
func parseOp(o pyjson.Object) (p patchOp, err error) {
	name, ok := lookup(o, "op")
	if !ok {
		return p, wire.Errorf(400, "Unable to find 'op' in JSON Schema change")
	}
	p.op, ok = name.(string)
	if !ok || !isPatchOp(p.op) {
		return p, wire.Errorf(400, "Invalid operation: `%s`. It must be one of the following: add, remove, replace.", wire.Cut(wire.Repr(name)))
	}
	pointer, ok := lookup(o, "path")
	if !ok {
		return p, wire.Errorf(400, "Unable to find 'path' in JSON Schema change")
	}
	return p.complete(o, pointer)
}

// parseOldOp reads an operation of a v2.0 patch.
func parseOldOp(o pyjson.Object) (p patchOp, err error) {
	var pointer any
	for _, f := range o {
		if !isPatchOp(f.Key) {
			continue
		}
		if p.op != "" {
			p.op = ""
			break
		}
		p.op, pointer = f.Key, f.Value
	}
	if p.op == "" {
		return p, wire.Errorf(400, `Operation objects must contain exactly one member named "add", "remove", or "replace".`)
	}
	p.old = true
	return p.complete(o, pointer)
}

func isPatchOp(name string) bool { return name == "add" || name == "remove" || name == "replace" }

// lookup returns the value of a key. ok tells null from an absent key.
func lookup(o pyjson.Object, key string) (v any, ok bool) {
	for _, f := range o {
		if f.Key == key {
			return f.Value, true
		}
	}
	return nil, false
}

// complete adds the pointer and the value to the operation.
func (p patchOp) complete(o pyjson.Object, pointer any) (patchOp, error) {
	text, ok := pointer.(string)
	if !ok {
		return p, wire.Errorf(400, "Invalid JSON pointer for this resource: %s", wire.Repr(pointer))
	}
	var err error
	if p.path, err = parsePointer(text); err != nil {
		return p, err
	}
	if p.op != "remove" {
		if p.value, ok = lookup(o, "value"); !ok {
			return p, wire.Errorf(400, `Operation "%s" requires a member named "value".`, p.op)
		}
	}
	return p, nil
}

// parsePointer splits a JSON pointer into its decoded tokens (RFC 6901). As in
// Glance, the empty pointer and empty tokens are refused.
func parsePointer(pointer string) ([]string, error) {
	shown := wire.Cut(pointer)
	rest, ok := strings.CutPrefix(pointer, "/")
	switch {
	case !ok:
		return nil, wire.Errorf(400, "Pointer `%s` does not start with \"/\".", shown)
	case strings.Contains(pointer, "//"):
		return nil, wire.Errorf(400, "Pointer `%s` contains adjacent \"/\".", shown)
	case strings.HasSuffix(pointer, "/"):
		return nil, wire.Errorf(400, "Pointer `%s` ends with \"/\".", shown)
	case strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(pointer), "~"):
		return nil, wire.Errorf(400, "Pointer `%s` contains \"~\" not part of a recognized escape sequence.", shown)
	}
	tokens := strings.Split(rest, "/")
	for i, token := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
	}
	return tokens, nil
}
