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
)

// wanted is an element of the list that a PUT sends.
type wanted struct {
	path   string // as it was sent
	etag   *string
	bytes  *int64 // size_bytes
	ranges string // a Range header, or ""
	inline bool   // whether it is data
	data   string // base64 with the padding that it needs
}

// parseInput reads and checks all that can be known of a list without its
// segments; self is "/container/object" of the manifest. Errors come together,
// a line each (slo.py: parse_and_validate_input).
func parseInput(body []byte, self string) ([]wanted, error) {
	if !utf8.Valid(body) || !json.Valid(body) {
		return nil, swift.Statusf(400, "Manifest must be valid JSON.\n")
	}
	var elements []json.RawMessage
	if err := json.Unmarshal(body, &elements); err != nil || elements == nil {
		return nil, swift.Statusf(400, "Manifest must be a list.\n")
	}
	list := make([]wanted, len(elements))
	var faults []byte
	objects := 0
	for i, element := range elements {
		fault := list[i].parse(element, i == len(elements)-1, self)
		if fault != "" {
			faults = fmt.Appendf(faults, "Index %d: %s\n", i, fault)
		}
		if !list[i].inline {
			objects++
		}
	}
	if len(list) > 0 && objects == 0 {
		faults = append(faults, "Inline data segments require at least one object-backed segment.\n"...)
	}
	if len(faults) > 0 {
		return nil, &swift.StatusError{Status: 400, Body: string(faults), ContentType: "text/plain"}
	}
	return list, nil
}

var allowedKeys = map[string][]string{
	"data": {"data"},
	"path": {"path", "range", "etag", "size_bytes"},
}

const tooSmall = "too small; each segment must be at least 1 byte."

// parse reads one element, and gives what is wrong with it.
func (w *wanted) parse(element json.RawMessage, last bool, self string) (fault string) {
	var keys map[string]json.RawMessage
	if json.Unmarshal(element, &keys) != nil || keys == nil {
		return "not a JSON object"
	}
	kind := "data"
	if _, w.inline = keys[kind]; !w.inline {
		kind = "path"
	}
	if _, ok := keys[kind]; !ok {
		return "expected keys to include one of 'data' or 'path'"
	}
	if extra := extraneous(keys, allowedKeys[kind]); extra != "" {
		return "extraneous keys " + extra
	}
	if w.inline {
		return w.parseData(keys["data"])
	}
	return w.parsePath(keys, last, self)
}

func extraneous(keys map[string]json.RawMessage, allowed []string) string {
	var extra []string
	for k := range keys {
		if !slices.Contains(allowed, k) {
			extra = append(extra, k)
		}
	}
	slices.Sort(extra)
	for i, k := range extra {
		extra[i] = string(pyjson.AppendString(nil, k))
	}
	return strings.Join(extra, ", ")
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
	if _, ok := swift.ResolveRanges(ranges, 1); !ok {
		return "invalid range"
	}
	if strings.Contains(ranges, ",") {
		return "multiple ranges (only one allowed)"
	}
	w.ranges = ranges
	if w.bytes != nil {
		if found, _ := swift.ResolveRanges(ranges, *w.bytes); len(found) != 1 {
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

// isFalse is Python's idea of it.
func isFalse(v json.RawMessage) bool {
	switch string(bytes.Join(bytes.Fields(v), nil)) {
	case "", "null", "false", `""`, "[]", "{}", "0", "-0", "0.0", "-0.0":
		return true
	}
	return false
}
