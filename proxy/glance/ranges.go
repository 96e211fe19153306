// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"strconv"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// span is a part of an image: length bytes from offset on.
type span struct{ offset, length int64 }

// requestedSpan returns the range of the request. Without a range, the span is
// the whole image and whole is true. Content-Range in a request is an old name
// for Range (glance/common/wsgi.py Request.get_range_from_request).
func requestedSpan(h web.Header, sizeBytes int64) (part span, whole bool, err error) {
	if value, ok := h.Lookup("Range"); ok {
		part, err = parseRange(value, sizeBytes)
		return part, false, err
	}
	if value, ok := h.Lookup("Content-Range"); ok {
		spec, ok := strings.CutPrefix(value, "bytes ")
		spec, _, slash := strings.Cut(spec, "/")
		if !ok || !slash || strings.HasPrefix(spec, "-") || strings.HasSuffix(spec, "-") {
			return span{}, false, wire.Errorf(416, "Invalid Content-Range header.")
		}
		part, err = parseSpan(spec, sizeBytes)
		return part, false, err
	}
	return span{0, sizeBytes}, true, nil
}

// parseRange reads "bytes=a-b", "bytes=a-" or "bytes=-n".
func parseRange(value string, sizeBytes int64) (span, error) {
	spec, ok := strings.CutPrefix(strings.TrimSpace(value), "bytes=")
	if !ok {
		return span{}, wire.Errorf(416, "Invalid Range header.")
	}
	if strings.Contains(spec, ",") {
		return span{}, wire.Errorf(400, "Requests with multiple ranges are not supported in Glance. Please retry with a single range.")
	}
	return parseSpan(strings.TrimSpace(spec), sizeBytes)
}

// parseSpan reads "a-b", "a-" or "-n", and cuts the span at the end of the image.
func parseSpan(spec string, sizeBytes int64) (span, error) {
	first, last, ok := strings.Cut(spec, "-")
	if !ok {
		return span{}, wire.Errorf(416, "Invalid Range header.")
	}
	if first == "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil || n == 0 || sizeBytes == 0 {
			return span{}, wire.Errorf(416, "Invalid Range header.")
		}
		length := min(int64(n), sizeBytes)
		return span{sizeBytes - length, length}, nil
	}
	start, err := strconv.ParseUint(first, 10, 63)
	if err != nil {
		return span{}, wire.Errorf(416, "Invalid Range header.")
	}
	if int64(start) >= sizeBytes {
		return span{}, wire.Errorf(416, "Invalid start position in Range header. "+
			"Start position MUST be in the inclusive range [0, %d].", sizeBytes-1)
	}
	end := uint64(sizeBytes - 1)
	if last != "" {
		n, err := strconv.ParseUint(last, 10, 63)
		if err != nil || n < start {
			return span{}, wire.Errorf(416, "Invalid Range header.")
		}
		end = min(n, end)
	}
	return span{int64(start), int64(end) - int64(start) + 1}, nil
}
