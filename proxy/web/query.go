// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// parseQuery reads a query as Python's parse_qsl(keep_blank_values=True) does:
// it never fails, and '&' is the only separator.
func parseQuery(raw string) url.Values {
	values := url.Values{}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, value = unquotePlus(key), unquotePlus(value)
		values[key] = append(values[key], value)
	}
	return values
}

// QueryText returns the last value of a query parameter, or "". A value that is
// not UTF-8 is 400 (swift/common/request_helpers.py: get_param).
func (r *Request) QueryText(name string) (string, error) {
	values := r.Query()[name]
	if len(values) == 0 {
		return "", nil
	}
	value := values[len(values)-1]
	if !utf8.ValidString(value) {
		return "", Textf(400, "%q parameter not valid UTF-8", name)
	}
	return value, nil
}

// unquotePlus is Unquote with '+' as a space, as in a query.
func unquotePlus(s string) string {
	return Unquote(strings.ReplaceAll(s, "+", " "))
}

// Unquote percent-decodes s once. A '%' without two hex digits stays, as in
// Python's urllib.parse.unquote.
func Unquote(s string) string {
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

// Quote percent-encodes s as Python's urllib.parse.quote does with safe='/'.
func Quote(s string) string {
	const hexUpper = "0123456789ABCDEF"
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if isUnreserved(c) || c == '/' {
			out = append(out, c)
		} else {
			out = append(out, '%', hexUpper[c>>4], hexUpper[c&15])
		}
	}
	return string(out)
}

// isUnreserved reports whether quote leaves c unchanged.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}

// unhex returns the value of a hex digit, or -1.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
