// SPDX-License-Identifier: Apache-2.0

package internaltime

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"needletail/objstore"
)

// Time is a timestamp of a server. The zero value is Swift's zero time: no time
// is known.
type Time struct {
	Units  objstore.Timestamp // of 10 µs since the Unix epoch
	Offset uint64
}

// ErrTime is the kind of every error of this package.
var ErrTime = errors.New("not a timestamp of Swift")

const (
	// maxUnits is the last time whose normal form has ten digits before the
	// point (swift/common/utils/timestamp.py: MAX_RAW_TIME).
	maxUnits = 999_999_999_999_999
	// fractionDigits are the digits of a normal form after the point.
	fractionDigits = 5
	// maxTextBytes bounds a text that is parsed: Swift's longest form has 33
	// bytes, and a triple two differences of up to 14 digits more.
	maxTextBytes = 128
	// hexDigits are the digits of an offset.
	hexDigits = 16
)

// Of makes a time without an offset.
func Of(units objstore.Timestamp) Time { return Time{Units: units} }

// IsZero reports whether no time is known. A zero time with an offset is a time,
// as in Swift.
func (t Time) IsZero() bool { return t == Time{} }

// Compare orders times as their internal forms.
func (t Time) Compare(u Time) int {
	if c := cmp.Compare(t.Units, u.Units); c != 0 {
		return c
	}
	return cmp.Compare(t.Offset, u.Offset)
}

// Before reports whether t is older than u.
func (t Time) Before(u Time) bool { return t.Compare(u) < 0 }

// Normal is the form of clients, without the offset.
func (t Time) Normal() string { return t.Units.String() }

// String is the internal form.
func (t Time) String() string { return string(t.Append(nil)) }

// Append appends the internal form to dst.
func (t Time) Append(dst []byte) []byte {
	dst = t.Units.Append(dst)
	if t.Offset == 0 {
		return dst
	}
	return fmt.Appendf(dst, "_%016x", t.Offset)
}

// Short is the internal form with an offset without leading zeros.
func (t Time) Short() string {
	if t.Offset == 0 {
		return t.Normal()
	}
	return t.Normal() + "_" + strconv.FormatUint(t.Offset, 16)
}

// Invert returns the time that sorts as the opposite of t: of two times, the
// newer one has the older inverse. Names of object versions have inverted times
// (swift/common/utils/timestamp.py: Timestamp.__invert__).
func (t Time) Invert() Time {
	if t.Offset == 0 {
		return Time{Units: maxUnits - t.Units}
	}
	// The offset of the inverse counts down from 2^64, so a unit is borrowed.
	// The last unit of all, in the year 2286, has none to lend.
	return Time{Units: max(0, maxUnits-t.Units-1), Offset: -t.Offset}
}

// Parse reads a normal, internal or short form, and any decimal number of
// seconds. A number is rounded to units as Swift rounds.
func Parse(s string) (Time, error) {
	if len(s) > maxTextBytes {
		return Time{}, fmt.Errorf("%w: %d bytes are more than %d", ErrTime, len(s), maxTextBytes)
	}
	number, hex, _ := strings.Cut(s, "_")
	units, err := parseUnits(number)
	if err != nil {
		return Time{}, err
	}
	if hex == "" {
		return Time{Units: units}, nil
	}
	offset, err := strconv.ParseUint(hex, 16, 64)
	if err != nil || len(hex) > hexDigits {
		return Time{}, fmt.Errorf("%w: the offset of %q", ErrTime, s)
	}
	return Time{Units: units, Offset: offset}, nil
}

// parseUnits reads the seconds of a time.
func parseUnits(s string) (objstore.Timestamp, error) {
	if units, ok := parsePlain(s); ok {
		return units, nil
	}
	// Python's float also reads exponents, signs and longer fractions. Letters
	// would be hexadecimal numbers, infinities and NaN.
	for _, c := range []byte(s) {
		if !strings.ContainsRune("0123456789.eE+-", rune(c)) {
			return 0, fmt.Errorf("%w: %q", ErrTime, s)
		}
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", ErrTime, s)
	}
	units := math.RoundToEven(seconds / 1e-5)
	if !(units >= 0) || units > maxUnits {
		return 0, fmt.Errorf("%w: %q is not within 0 and %d units of 10 µs", ErrTime, s, int64(maxUnits))
	}
	return objstore.Timestamp(units), nil
}

// parsePlain reads up to ten digits and up to five digits of fraction, the form
// of nearly all timestamps.
func parsePlain(s string) (objstore.Timestamp, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 10 || len(fraction) > fractionDigits {
		return 0, false
	}
	var units int64
	for _, part := range [...]string{whole, fraction} {
		for i := range len(part) {
			d := part[i] - '0'
			if d > 9 {
				return 0, false
			}
			units = 10*units + int64(d)
		}
	}
	for range fractionDigits - len(fraction) {
		units *= 10
	}
	return objstore.Timestamp(units), true
}
