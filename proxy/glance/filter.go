// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
)

// filter says whether a listing has an image.
type filter func(*image) bool

// texts has the attributes that filters compare as text. With operators, a filter
// takes "in:a,b" and "eq:a" too. An image without a value never matches.
var texts = map[string]struct {
	operators bool
	get       func(*image) *string
}{
	"id":               {true, func(m *image) *string { return &m.ID }},
	"name":             {true, func(m *image) *string { return m.Name }},
	"status":           {true, func(m *image) *string { return &m.Status }},
	"disk_format":      {true, func(m *image) *string { return m.DiskFormat }},
	"container_format": {true, func(m *image) *string { return m.ContainerFormat }},
	"owner":            {false, func(m *image) *string { return m.Owner }},
	"checksum":         {false, func(m *image) *string { return m.Checksum }},
	"os_hash_algo":     {false, func(m *image) *string { return m.HashAlgo }},
	"os_hash_value":    {false, func(m *image) *string { return m.HashValue }},
}

// numbers has the attributes that filters compare as integers, also with _min and
// _max at the end of the name. An image without a value never matches.
var numbers = map[string]func(*image) *int64{
	"size":         func(m *image) *int64 { return m.SizeBytes },
	"virtual_size": func(m *image) *int64 { return m.VirtualBytes },
	"min_ram":      func(m *image) *int64 { return &m.MinRAMMiB },
	"min_disk":     func(m *image) *int64 { return &m.MinDiskGiB },
}

// times has the attributes that filters compare as times, by the second.
var times = map[string]func(*image) int64{
	"created_at": func(m *image) int64 { return m.CreatedMicros },
	"updated_at": func(m *image) int64 { return m.UpdatedMicros },
}

// deref returns the text, "" for nil.
func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// newFilter returns the filter of a parameter of the query. A parameter that
// names no attribute names a custom property.
func newFilter(p paging.Pair) (filter, error) {
	if text, ok := texts[p.Key]; ok {
		return textFilter(p, text.operators, text.get)
	}
	base, bound := p.Key, ""
	for _, suffix := range []string{"_min", "_max"} {
		if rest, ok := strings.CutSuffix(p.Key, suffix); ok {
			base, bound = rest, suffix
		}
	}
	if get, ok := numbers[base]; ok {
		return numberFilter(p, bound, get)
	}
	if get, ok := times[p.Key]; ok {
		return timeFilter(p, get)
	}
	switch p.Key {
	case "tag":
		return func(m *image) bool { return slices.Contains(m.Tags, p.Value) }, nil
	case "protected":
		want, err := parseBool(p)
		return func(m *image) bool { return m.Protected == want }, err
	}
	return func(m *image) bool {
		i, ok := m.property(p.Key)
		return ok && deref(m.Properties[i].Value) == p.Value
	}, nil
}

// comparisons has the operators of glance/common/utils.py evaluate_filter_op.
var comparisons = map[string]func(order int) bool{
	"eq":  func(o int) bool { return o == 0 },
	"neq": func(o int) bool { return o != 0 },
	"lt":  func(o int) bool { return o < 0 },
	"lte": func(o int) bool { return o <= 0 },
	"gt":  func(o int) bool { return o > 0 },
	"gte": func(o int) bool { return o >= 0 },
}

// textFilter compares for equality. A value with a colon and without an operator
// is a text as a whole: "ubuntu:22.04" is a name.
func textFilter(p paging.Pair, operators bool, get func(*image) *string) (filter, error) {
	equal := func(want string) filter {
		return func(m *image) bool { v := get(m); return v != nil && *v == want }
	}
	op, rest, ok := strings.Cut(p.Value, ":")
	if !operators || !ok {
		return equal(p.Value), nil
	}
	switch {
	case op == "in":
		list, err := splitQuoted(rest)
		return func(m *image) bool { v := get(m); return v != nil && slices.Contains(list, *v) }, err
	case op == "eq":
		return equal(rest), nil
	case comparisons[op] != nil:
		return nil, wire.Errorf(400, "Unable to filter %s by operator '%s'.", p.Key, op)
	}
	return equal(p.Value), nil
}

// numberFilter compares for equality, or with a bound "_min" or "_max", which is
// part of the range.
func numberFilter(p paging.Pair, bound string, get func(*image) *int64) (filter, error) {
	want, err := strconv.ParseInt(p.Value, 10, 64)
	if err != nil {
		return nil, wire.Errorf(400, "Cannot convert filter value %s of %s to an integer.", wire.Repr(p.Value), p.Key)
	}
	return func(m *image) bool {
		n := get(m)
		switch {
		case n == nil:
			return false
		case bound == "_min":
			return *n >= want
		case bound == "_max":
			return *n <= want
		}
		return *n == want
	}, nil
}

// timeFilter compares with an operator in front of the value ("gt:2022-12-30"),
// or for equality without an operator.
func timeFilter(p paging.Pair, get func(*image) int64) (filter, error) {
	op, rest, ok := strings.Cut(p.Value, ":")
	test := comparisons[op]
	if !ok || test == nil {
		test, rest = comparisons["eq"], p.Value
	}
	want, ok := parseISOTime(rest)
	if !ok {
		return nil, wire.Errorf(400, "Invalid time value or operator: %s", wire.Repr(p.Value))
	}
	return func(m *image) bool {
		return test(cmp.Compare(time.UnixMicro(get(m)).Unix(), want.Unix()))
	}, nil
}

// parseISOTime reads a time in a form of ISO 8601 that clients send. A time
// without a zone is UTC.
func parseISOTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// splitQuoted splits at commas. An item in double quotes may hold commas, and \"
// within the item stands for a quote (glance/common/utils.py
// split_filter_value_for_quotes).
func splitQuoted(s string) ([]string, error) {
	malformed := wire.Errorf(400, "Invalid filter value %s. The quote is not closed or not separated by a comma.", wire.Repr(s))
	var list []string
	for {
		if !strings.HasPrefix(s, `"`) {
			item, rest, more := strings.Cut(s, ",")
			if strings.Contains(item, `"`) {
				return nil, malformed
			}
			list = append(list, item)
			if !more {
				return list, nil
			}
			s = rest
			continue
		}
		item, rest, ok := cutQuoted(s[1:])
		if !ok || rest != "" && rest[0] != ',' {
			return nil, malformed
		}
		list = append(list, item)
		if rest == "" {
			return list, nil
		}
		s = rest[1:]
	}
}

// cutQuoted returns the item before the closing quote and the rest behind the
// quote. ok is false without a closing quote.
func cutQuoted(s string) (item, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == '"':
			i++
			b.WriteByte('"')
		case s[i] == '"':
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}
