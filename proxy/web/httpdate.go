package web

import (
	"strings"
	"time"
)

// dateLayouts are the three forms that RFC 9110 5.6.7 lists, and what Python's
// email.utils.parsedate takes besides: no day of the week, no zone.
// A zone is read over, as swob does: it can only be GMT.
var dateLayouts = [...]string{
	"2 Jan 2006 15:04:05", "2-Jan-06 15:04:05", "2-Jan-2006 15:04:05", "2 Jan 06 15:04:05",
	"Mon Jan 2 15:04:05 2006", "2 Jan 2006 15:04",
}

// zoneChars are what a zone's name is made of; no year and no time is.
const zoneChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// maxDateBytes bounds what is worth parsing.
const maxDateBytes = 64

// ParseHTTPDate gives the Unix second of a date header. What is no date is not
// an error: the condition does not count then.
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
