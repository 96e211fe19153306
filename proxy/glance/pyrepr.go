package glance

import (
	"strings"

	"needletail/proxy/pyjson"
)

// maxReprBytes bounds how much of a value an error message repeats.
const maxReprBytes = 300

// pyRepr shows a decoded JSON value as Python's repr would, near enough for an
// error message.
func pyRepr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return "'" + cut(v) + "'"
	}
	return cut(string(pyjson.Marshal(v)))
}

func cut(s string) string {
	if len(s) > maxReprBytes {
		return strings.ToValidUTF8(s[:maxReprBytes], "") + "..."
	}
	return s
}

// pyList shows a list of strings as Python does, with None in front or without.
func pyList(list []string, none bool) string {
	s := "['" + strings.Join(list, "', '") + "']"
	if none {
		return "[None, " + s[1:]
	}
	return s
}
