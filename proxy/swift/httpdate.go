package swift

import (
	"strings"
	"time"
)

// dateLayouts are the three forms that RFC 9110 5.6.7 lists. The zone is read
// over, as Python's email.utils.parsedate and swob do: it can only be GMT.
var dateLayouts = [...]string{
	"Mon, 2 Jan 2006 15:04:05 MST",
	"Monday, 2-Jan-06 15:04:05 MST",
	"Mon Jan 2 15:04:05 2006",
	"Mon, 2-Jan-2006 15:04:05 MST",
	"2 Jan 2006 15:04:05 MST",
}

// maxDateBytes bounds what is worth parsing.
const maxDateBytes = 64

// ParseHTTPDate gives the Unix second of a date header. What is no date is not
// an error: the condition does not count then.
func ParseHTTPDate(s string) (unixSeconds int64, ok bool) {
	if len(s) > maxDateBytes {
		return 0, false
	}
	s = strings.Join(strings.Fields(s), " ")
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC).Unix(), true
		}
	}
	return 0, false
}
