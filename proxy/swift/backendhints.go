package swift

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/web"
)

// Lines that a feature adds to a GET or HEAD whose answer it will replace,
// since what the conditions and ranges of the request mean is known to the
// feature alone. Their values are lists of metadata names; the first that the
// object has counts. The gatekeeper keeps them from clients
// (swift/common/request_helpers.py: update_etag_is_at_header,
// update_ignore_range_header).
const (
	// ETagIsAt names metadata that holds the ETag which If-Match and
	// If-None-Match speak of.
	ETagIsAt = "X-Backend-Etag-Is-At"
	// IgnoreRangeIf names metadata whose objects are sent whole.
	IgnoreRangeIf = "X-Backend-Ignore-Range-If-Metadata-Present"
)

// AddHint adds a metadata name to such a line.
func AddHint(h *web.Header, line, name string) {
	if v := h.Get(line); v != "" {
		name = v + "," + name
	}
	h.Set(line, name)
}

// ConditionETag is the ETag that the request's conditions speak of, for an
// object with this metadata and etag.
func ConditionETag(h web.Header, m objstore.Metadata, etag string) string {
	if v, ok := hinted(h, ETagIsAt, m); ok {
		return v
	}
	return etag
}

// RangeOf is the request's Range, or "" where the object is to be sent whole.
func RangeOf(h web.Header, m objstore.Metadata) string {
	if _, ok := hinted(h, IgnoreRangeIf, m); ok {
		return ""
	}
	return h.Get("Range")
}

func hinted(h web.Header, line string, m objstore.Metadata) (string, bool) {
	for list := h.Get(line); list != ""; {
		var name string
		name, list, _ = strings.Cut(list, ",")
		if v, ok := m.Lookup(strings.TrimSpace(name)); ok {
			return v, true
		}
	}
	return "", false
}
