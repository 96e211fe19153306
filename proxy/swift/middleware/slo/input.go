// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// wanted is an element of the list of a PUT.
type wanted struct {
	path   string // as it was sent
	etag   *string
	bytes  *int64 // size_bytes
	ranges string // a Range header, or ""
	inline bool   // whether it is data
	data   string // base64 with the padding that it needs
}

const (
	// maxInlineSegments bounds the data elements of a list. Swift has no such
	// limit; each data element is work for every request about the large
	// object.
	maxInlineSegments = 10_000
	// maxFaultBytes is where the text about a list's faults ends.
	maxFaultBytes = 16 << 10
	// wantedBytes is the memory of an element beside its texts, in a slice that
	// may have grown to twice its length.
	wantedBytes = 300
)

// parseInput reads a list, and checks everything known without the segments, in
// memory that r holds. self is "/container/object" of the manifest. Errors come
// together, a line each (slo.py: parse_and_validate_input). The list is not
// read beyond its limit of elements, or beyond the last reported fault.
func (m *middleware) parseInput(r *swift.Request, body []byte, self string) (list []wanted, err error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, web.Statusf(400, "Manifest must be valid JSON.\n")
	}
	elements := json.NewDecoder(bytes.NewReader(body))
	if t, err := elements.Token(); err != nil || t != json.Delim('[') {
		return nil, web.Statusf(400, "Manifest must be a list.\n")
	}
	var faults []byte
	objects, inline := 0, 0
	for i := 0; elements.More() && len(faults) < maxFaultBytes; i++ {
		var element json.RawMessage
		if err := elements.Decode(&element); err != nil {
			return nil, err // json.Valid says that there is none
		}
		var w wanted
		if fault := w.parse(element, !elements.More(), self); fault != "" {
			faults = fmt.Appendf(faults, "Index %d: %s\n", i, fault)
		}
		if w.inline {
			inline++
		} else {
			objects++
		}
		if objects > m.MaxSegments || inline > maxInlineSegments {
			break
		}
		if err := r.Hold(wantedBytes + int64(len(w.path)+len(w.data)+len(w.ranges))); err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	if inline > 0 && objects == 0 && !elements.More() {
		faults = append(faults, "Inline data segments require at least one object-backed segment.\n"...)
	}
	switch {
	case len(faults) > 0:
		return nil, &web.StatusError{Status: 400, Body: string(cut(faults)), ContentType: "text/plain"}
	case objects > m.MaxSegments:
		return nil, web.Statusf(413, "Number of object-backed segments must be <= %d", m.MaxSegments)
	case inline > maxInlineSegments:
		return nil, web.Statusf(413, "Number of inline data segments must be <= %d", maxInlineSegments)
	}
	return list, nil
}

// cut ends a text at its limit.
func cut(faults []byte) []byte {
	if len(faults) <= maxFaultBytes {
		return faults
	}
	return append(faults[:maxFaultBytes], "...\n"...)
}

var allowedKeys = map[string][]string{
	"data": {"data"},
	"path": {"path", "range", "etag", "size_bytes"},
}

const tooSmall = "too small; each segment must be at least 1 byte."

// parse reads an element, and returns the fault of the element.
func (w *wanted) parse(element json.RawMessage, last bool, self string) (fault string) {
	keys, extra, ok := elementKeys(element)
	if !ok {
		return "not a JSON object"
	}
	kind := "data"
	if _, w.inline = keys[kind]; !w.inline {
		kind = "path"
	}
	if _, ok := keys[kind]; !ok {
		return "expected keys to include one of 'data' or 'path'"
	}
	for k := range keys {
		if !slices.Contains(allowedKeys[kind], k) {
			extra = append(extra, k)
		}
	}
	if len(extra) > 0 {
		return "extraneous keys " + quoted(extra)
	}
	if w.inline {
		return w.parseData(keys["data"])
	}
	return w.parsePath(keys, last, self)
}

// maxExtraKeys bounds the keys without a meaning read of an element.
const maxExtraKeys = 100

// elementKeys reads an element: the keys with a meaning, of which the last of a
// name counts, and the keys without a meaning.
func elementKeys(element json.RawMessage) (keys map[string]json.RawMessage, extra []string, ok bool) {
	d := json.NewDecoder(bytes.NewReader(element))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, false
	}
	keys = map[string]json.RawMessage{}
	for d.More() && len(extra) < maxExtraKeys {
		t, err := d.Token()
		if err != nil {
			return nil, nil, false
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, false
		}
		switch key, _ := t.(string); {
		case key == "data" || slices.Contains(allowedKeys["path"], key):
			keys[key] = value
		case !slices.Contains(extra, key):
			extra = append(extra, key)
		}
	}
	return keys, extra, true
}

func quoted(keys []string) string {
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = string(pyjson.AppendString(nil, k))
	}
	return strings.Join(keys, ", ")
}

func (w *wanted) parsePath(keys map[string]json.RawMessage, last bool, self string) (fault string) {
	path, ok := text(keys["path"])
	if !ok {
		return `"path" must be a string`
	}
	w.path = path
	if v := keys["etag"]; !isNull(v) {
		etag, ok := text(v)
		if !ok {
			return `"etag" must be a string or null (if provided)`
		}
		w.etag = &etag
	}
	if !strings.Contains(strings.Trim(path, "/"), "/") {
		return "path does not refer to an object. Path must be of the form /container/object."
	}
	if v := keys["size_bytes"]; !isNull(v) {
		size, ok := integer(v)
		if !ok {
			return "invalid size_bytes"
		}
		if size < 1 && !last {
			return tooSmall
		}
		w.bytes = &size
	}
	if strings.TrimLeft(path, "/") == strings.TrimPrefix(self, "/") {
		return "manifest must not include itself as a segment"
	}
	return w.parseRange(keys["range"])
}

func (w *wanted) parseRange(v json.RawMessage) (fault string) {
	if isFalse(v) {
		return ""
	}
	ranges, ok := text(v)
	if !ok {
		return "invalid range"
	}
	ranges = "bytes=" + ranges
	if _, ok := web.ResolveRanges(ranges, 1); !ok {
		return "invalid range"
	}
	if strings.Contains(ranges, ",") {
		return "multiple ranges (only one allowed)"
	}
	w.ranges = ranges
	if w.bytes != nil {
		if found, _ := web.ResolveRanges(ranges, *w.bytes); len(found) != 1 {
			return "unsatisfiable range"
		}
	}
	return ""
}

func (w *wanted) parseData(v json.RawMessage) (fault string) {
	encoded, ok := text(v)
	if !ok {
		return "data must be valid base64"
	}
	data, ok := decodeBase64(encoded)
	if !ok {
		return "data must be valid base64"
	}
	if len(data) == 0 {
		return tooSmall
	}
	w.data = base64.StdEncoding.EncodeToString(data)
	return ""
}

// decodeBase64 takes more padding than there should be, also in front, but not
// less (swift/common/utils: strict_b64decode).
func decodeBase64(s string) ([]byte, bool) {
	s = strings.TrimLeft(s, "=")
	core := strings.TrimRight(s, "=")
	padding := len(s) - len(core)
	if strings.ContainsAny(core, "\r\n") || padding < (4-len(core)%4)%4 {
		return nil, false
	}
	data, err := base64.RawStdEncoding.DecodeString(core)
	return data, err == nil
}

func text(v json.RawMessage) (s string, ok bool) {
	if len(v) == 0 || v[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(v, &s) == nil
}

func isNull(v json.RawMessage) bool { return v == nil || string(v) == "null" }

// isFalse reports whether Python takes the value for false.
func isFalse(v json.RawMessage) bool {
	switch string(bytes.Join(bytes.Fields(v), nil)) {
	case "", "null", "false", `""`, "[]", "{}", "0", "-0", "0.0", "-0.0":
		return true
	}
	return false
}
