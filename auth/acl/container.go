// SPDX-License-Identifier: Apache-2.0

package acl

import (
	"errors"
	"strings"
)

// space has the characters that are trimmed around items. Python trims
// Latin-1's blanks as well, which here would cut UTF-8 names in half.
const space = " \t\n\v\f\r"

// Clean checks the value of the header called name (X-Container-Read or
// X-Container-Write) and returns the form for the store: blanks and empty items
// removed, ".referrer:" shortened to ".r:", "*.host" to ".host". The text of an
// error is the body of Swift's 400 (clean_acl).
func Clean(name, value string) (string, error) {
	write := strings.Contains(strings.ToLower(name), "write")
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		item = strings.Trim(item, space)
		if item == "" {
			continue
		}
		cleaned, err := cleanItem(item, write)
		if err != nil {
			return "", err
		}
		items = append(items, cleaned)
	}
	return strings.Join(items, ","), nil
}

// cleanItem is Clean for one item of the list.
func cleanItem(item string, write bool) (string, error) {
	designator, host, ok := strings.Cut(item, ":")
	designator, host = strings.Trim(designator, space), strings.Trim(host, space)
	if !ok || !strings.HasPrefix(designator, ".") {
		return item, nil
	}
	switch designator {
	case ".r", ".ref", ".referer", ".referrer":
	default:
		return "", errors.New("Unknown designator " + repr(designator) + " in ACL: " + repr(item))
	}
	if write {
		return "", errors.New("Referrers not allowed in write ACL: " + repr(item))
	}
	sign := ""
	if rest, negated := strings.CutPrefix(host, "-"); negated {
		sign, host = "-", strings.Trim(rest, space)
	}
	if host != "*" && strings.HasPrefix(host, "*") {
		host = strings.Trim(host[1:], space)
	}
	if host == "" || host == "." {
		return "", errors.New("No host/domain value after referrer designation in ACL: " + repr(item))
	}
	return ".r:" + sign + host, nil
}

// Parse splits a cleaned list into referrer designations, without ".r:" and in
// their order, and groups, percent-decoded once (parse_acl_v1).
func Parse(list string) (referrers, groups []string) {
	if list == "" {
		return nil, nil
	}
	for item := range strings.SplitSeq(list, ",") {
		if host, ok := strings.CutPrefix(item, ".r:"); ok {
			referrers = append(referrers, host)
		} else {
			groups = append(groups, unquote(item))
		}
	}
	return referrers, groups
}

// Listings is the group that lets an allowed referrer also list the container.
const Listings = ".rlistings"

// unquote is Python's urllib.parse.unquote: a '%' without two hex digits stands
// for itself.
func unquote(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// unhex returns the value of a hex digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
