// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Timestamp is a point in time in units of 10 µs since the Unix epoch: the
// resolution of Swift's X-Timestamp. Zero means "not set".
type Timestamp int64

// TimestampUnit is the length of a Timestamp unit.
const TimestampUnit = 10 * time.Microsecond

const timestampsPerSecond = int64(time.Second / TimestampUnit)

// TimestampOf cuts t to the resolution of a Timestamp.
func TimestampOf(t time.Time) Timestamp {
	return Timestamp(t.UnixMicro() / int64(TimestampUnit/time.Microsecond))
}

// Time is the timestamp as a time in UTC.
func (t Timestamp) Time() time.Time {
	return time.UnixMicro(int64(t) * int64(TimestampUnit/time.Microsecond)).UTC()
}

// Seconds returns the whole Unix second of the timestamp, rounded down.
func (t Timestamp) Seconds() int64 { return int64(t) / timestampsPerSecond }

// CeilSeconds returns the first whole Unix second at or after the timestamp,
// the value of Swift's Last-Modified header.
func (t Timestamp) CeilSeconds() int64 {
	return (int64(t) + timestampsPerSecond - 1) / timestampsPerSecond
}

// LastModified is the timestamp as a Last-Modified header: RFC 1123, rounded
// up to the second (swift/common/swob.py).
func (t Timestamp) LastModified() string {
	return string(t.appendLastModified(make([]byte, 0, len(lastModifiedForm))))
}

const lastModifiedForm = "Mon, 02 Jan 2006 15:04:05 GMT"

func (t Timestamp) appendLastModified(b []byte) []byte {
	at := time.Unix(t.CeilSeconds(), 0).UTC()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	b = append(append(b, at.Weekday().String()[:3]...), ", "...)
	b = append(appendPadded(b, int64(day), 2), ' ')
	b = append(append(b, month.String()[:3]...), ' ')
	b = append(appendPadded(b, int64(year), 4), ' ')
	b = append(appendPadded(b, int64(hour), 2), ':')
	b = append(appendPadded(b, int64(minute), 2), ':')
	return append(appendPadded(b, int64(second), 2), " GMT"...)
}

// Forms returns String and LastModified in a single piece of memory: most
// answers have both.
func (t Timestamp) Forms() (normal, lastModified string) {
	b := t.Append(make([]byte, 0, len(normalForm)+len(lastModifiedForm)))
	n := len(b)
	text := string(t.appendLastModified(b))
	return text[:n], text[n:]
}

// String is Swift's normal form, "%016.05f": "1402464677.04188".
func (t Timestamp) String() string {
	return string(t.Append(make([]byte, 0, len(normalForm))))
}

const normalForm = "1402464677.04188"

// Append appends Swift's normal form to dst.
func (t Timestamp) Append(dst []byte) []byte {
	dst = appendPadded(dst, int64(t)/timestampsPerSecond, 10)
	return appendPadded(append(dst, '.'), int64(t)%timestampsPerSecond, 5)
}

// appendPadded appends v with zeros in front, to the given number of digits, at
// most ten.
func appendPadded(dst []byte, v int64, digits int) []byte {
	start, rest := len(dst), uint64(v)
	dst = append(dst, "0000000000"[:digits]...)
	for i := len(dst) - 1; i >= start; i-- {
		dst[i] += byte(rest % 10)
		rest /= 10
	}
	if rest != 0 { // it has more digits, or a sign
		return strconv.AppendInt(dst[:start], v, 10)
	}
	return dst
}

// AppendISO appends the form of listings, "2006-01-02T15:04:05.000000": six
// digits of fraction, no zone.
func (t Timestamp) AppendISO(dst []byte) []byte {
	return t.Time().AppendFormat(dst, "2006-01-02T15:04:05.000000")
}

// ParseTimestamp reads a decimal number of seconds, as in X-Timestamp. Digits
// of the fraction after the fifth are cut.
func ParseTimestamp(s string) (Timestamp, error) {
	whole, frac, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseUint(whole, 10, 40)
	if err != nil {
		return 0, fmt.Errorf("timestamp %q: %w", s, err)
	}
	frac = (frac + "00000")[:5]
	part, err := strconv.ParseUint(frac, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("timestamp %q: %w", s, err)
	}
	return Timestamp(int64(sec)*timestampsPerSecond + int64(part)), nil
}

// Clock gives strictly increasing timestamps, also when the system's clock
// stands still or goes back. The zero value is ready. Safe for concurrent use.
type Clock struct{ last atomic.Int64 }

// Now returns the current time, or a unit after the last timestamp if the
// system's clock has not moved past it.
func (c *Clock) Now() Timestamp {
	now := int64(TimestampOf(time.Now()))
	for {
		last := c.last.Load()
		next := max(now, last+1)
		if c.last.CompareAndSwap(last, next) {
			return Timestamp(next)
		}
	}
}

// Advance makes every later Now greater than t.
func (c *Clock) Advance(t Timestamp) {
	for {
		last := c.last.Load()
		if last >= int64(t) || c.last.CompareAndSwap(last, int64(t)) {
			return
		}
	}
}
