// SPDX-License-Identifier: Apache-2.0

package acl

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// repr returns Python's repr of a string, as Swift's error texts have it:
// single quotes, or double quotes if the text has single quotes and no double
// quotes; controls as escapes.
func repr(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	out := []byte{quote}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == quote || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case c < ' ' || c == 0x7f:
			out = fmt.Appendf(out, `\x%02x`, c)
		default:
			out = append(out, c)
		}
	}
	return string(append(out, quote))
}

// quoteJSON returns s as a JSON string.
func quoteJSON(s string) string { return string(appendJSON(nil, s)) }

// appendJSON appends s as Python's json.dumps writes strings: in ASCII.
func appendJSON(dst []byte, s string) []byte {
	const short = "\b\f\n\r\t"
	dst = append(dst, '"')
	for i, r := range s {
		switch {
		case r == utf8.RuneError && s[i] != 0xef:
			dst = append(dst, `\ufffd`...)
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < ' ' && strings.ContainsRune(short, r):
			dst = append(dst, '\\', "bfnrt"[strings.IndexRune(short, r)])
		case ' ' <= r && r <= '~':
			dst = append(dst, byte(r))
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, hi, lo)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
	}
	return append(dst, '"')
}
