// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/web"
)

// Hint lines are for features with an answer of their own to a GET or HEAD:
// such a feature alone knows how conditions and ranges apply. The feature adds
// the lines to the request. The value of a line is a list of metadata names,
// and the first name in the object's metadata counts. The gatekeeper keeps the
// lines from clients (swift/common/request_helpers.py:
// update_etag_is_at_header, update_ignore_range_header).
const (
	// ETagIsAt names the metadata with the ETag for If-Match and If-None-Match.
	ETagIsAt = "X-Backend-Etag-Is-At"
	// IgnoreRangeIf names the metadata that makes an object be sent whole.
	IgnoreRangeIf = "X-Backend-Ignore-Range-If-Metadata-Present"
)

// AddHint adds a metadata name to the end of a hint line.
func AddHint(h *web.Header, line, name string) {
	if v := h.Get(line); v != "" {
		name = v + "," + name
	}
	h.Set(line, name)
}

// ConditionETag returns the ETag for the request's conditions, given an
// object's metadata and etag.
func ConditionETag(h web.Header, m objstore.Metadata, etag string) string {
	if v, ok := hinted(h, ETagIsAt, m); ok {
		return v
	}
	return etag
}

// RangeOf returns the request's Range, or "" if the object must be sent whole.
func RangeOf(h web.Header, m objstore.Metadata) string {
	if _, ok := hinted(h, IgnoreRangeIf, m); ok {
		return ""
	}
	return h.Get("Range")
}

// hinted returns the value of the first metadata name of a hint line that m
// has.
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
