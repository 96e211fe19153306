// SPDX-License-Identifier: Apache-2.0

package internaltime

import (
	"fmt"
	"strconv"
	"strings"

	"needletail/objstore"
)

// Triple has the three times of a container row: of the data, of the content
// type, of the metadata.
//
// The text of a triple (swift/common/utils/timestamp.py: encode_timestamps):
//
//	1402464677.04188_1   the time of the data, in the short form
//	+186a0               content type minus data, in units of 10 µs, hexadecimal
//	-5                   metadata minus content type
//
// The sign is always there. The text has no differences if all three times are
// equal. The offsets of the second and the third time are not in the text.
type Triple struct{ Data, ContentType, Meta Time }

// String is the text of the triple.
func (t Triple) String() string {
	text := t.Data.Short()
	first, second := t.ContentType.Units-t.Data.Units, t.Meta.Units-t.ContentType.Units
	if first == 0 && second == 0 {
		return text
	}
	return text + signedHex(first) + signedHex(second)
}

func signedHex(d objstore.Timestamp) string {
	if d < 0 {
		return strconv.FormatInt(int64(d), 16)
	}
	return "+" + strconv.FormatInt(int64(d), 16)
}

// ParseTriple reads the text of a triple. A time that is not in the text is
// equal to the time before, with its offset; a time with a difference has no
// offset (decode_timestamps).
func ParseTriple(s string) (Triple, error) {
	if len(s) > maxTextBytes {
		return Triple{}, fmt.Errorf("%w: %d bytes are more than %d", ErrTime, len(s), maxTextBytes)
	}
	first, rest := s, ""
	if i := strings.IndexAny(s, "+-"); i >= 0 {
		first, rest = s[:i], s[i:]
	}
	var t Triple
	var err error
	if t.Data, err = Parse(first); err != nil {
		return Triple{}, err
	}
	if t.ContentType, rest, err = next(t.Data, rest); err != nil {
		return Triple{}, err
	}
	if t.Meta, rest, err = next(t.ContentType, rest); err != nil {
		return Triple{}, err
	}
	if rest != "" {
		return Triple{}, fmt.Errorf("%w: %q has more than three times", ErrTime, s)
	}
	return t, nil
}

// next reads a difference to the time before from the start of s.
func next(before Time, s string) (t Time, rest string, err error) {
	if s == "" {
		return before, "", nil
	}
	sign, digits := s[0], s[1:]
	if i := strings.IndexAny(digits, "+-"); i >= 0 {
		digits, rest = digits[:i], digits[i:]
	}
	// 60 bits hold the difference of any two times.
	d, err := strconv.ParseUint(digits, 16, 60)
	if err != nil {
		return Time{}, "", fmt.Errorf("%w: the difference %q", ErrTime, digits)
	}
	if d == 0 {
		return before, rest, nil
	}
	units := before.Units + objstore.Timestamp(d)
	if sign == '-' {
		units = before.Units - objstore.Timestamp(d)
	}
	if units < 0 || units > maxUnits {
		return Time{}, "", fmt.Errorf("%w: the difference %q leads out of the range of times", ErrTime, digits)
	}
	return Time{Units: units}, rest, nil
}
