// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"
	"time"
)

// dateLayouts are the three forms of RFC 9110 5.6.7, and further forms that
// Python's email.utils.parsedate accepts: without the day of the week, without
// a zone. ParseHTTPDate ignores the zone, as swob does: HTTP dates are in GMT.
var dateLayouts = [...]string{
	"2 Jan 2006 15:04:05", "2-Jan-06 15:04:05", "2-Jan-2006 15:04:05", "2 Jan 06 15:04:05",
	"Mon Jan 2 15:04:05 2006", "2 Jan 2006 15:04",
}

// zoneChars are the characters of a zone's name. A year or a time has no
// letters, so the last field of a date is a zone or has no zoneChars.
const zoneChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// maxDateBytes bounds the work of parsing: a longer text is no date.
const maxDateBytes = 64

// ParseHTTPDate returns the Unix second of a date header. A text that is no
// date is no error: ok is false, and the caller ignores the condition.
func ParseHTTPDate(s string) (unixSeconds int64, ok bool) {
	if s == "" || len(s) > maxDateBytes {
		return 0, false
	}
	if _, rest, ok := strings.Cut(s, ","); ok {
		s = rest
	}
	fields := strings.Fields(s)
	if n := len(fields); n > 1 && strings.Trim(fields[n-1], zoneChars) == "" {
		fields = fields[:n-1]
	}
	s = strings.Join(fields, " ")
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC).Unix(), true
		}
	}
	return 0, false
}
