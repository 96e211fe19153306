// SPDX-License-Identifier: Apache-2.0

// Package pyxml writes XML byte for byte as Python's ElementTree does.
// encoding/xml writes different escapes, and no space before "/>".
package pyxml

import "unicode/utf8"

// AppendElement appends an element with text in ElementTree's form.
func AppendElement(dst []byte, name, text string) []byte {
	dst = append(append(dst, '<'), name...)
	if text == "" {
		return append(dst, " />"...)
	}
	dst = AppendText(append(dst, '>'), text)
	dst = append(append(dst, "</"...), name...)
	return append(dst, '>')
}

// AppendText appends text in ElementTree's form, except for characters outside
// XML 1.0, among them most control characters. Names may contain them. U+FFFD
// stands for each, and every document can be parsed. Listings in JSON have the
// names unchanged.
func AppendText(dst []byte, s string) []byte {
	for len(s) > 0 {
		c, size := s[0], 1
		switch {
		case c == '&':
			dst = append(dst, "&amp;"...)
		case c == '<':
			dst = append(dst, "&lt;"...)
		case c == '>':
			dst = append(dst, "&gt;"...)
		case c >= ' ' && c < utf8.RuneSelf || c == '\t' || c == '\n' || c == '\r':
			dst = append(dst, c)
		default:
			var r rune
			if r, size = utf8.DecodeRuneInString(s); !inXML(r) {
				r = utf8.RuneError
			}
			dst = utf8.AppendRune(dst, r) // DecodeRune has made U+FFFD of invalid UTF-8
		}
		s = s[size:]
	}
	return dst
}

// inXML reports whether XML 1.0 has the character. AppendText has handled the
// characters of XML below ' '.
func inXML(r rune) bool { return r >= ' ' && r != 0xFFFE && r != 0xFFFF }

// AppendAttr is AppendText within the quotes of an attribute.
func AppendAttr(dst []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); i++ {
		var escaped string
		switch s[i] {
		case '"':
			escaped = "&quot;"
		case '\n':
			escaped = "&#10;"
		case '\r':
			escaped = "&#13;"
		case '\t':
			escaped = "&#09;"
		default:
			continue
		}
		dst = append(AppendText(dst, s[start:i]), escaped...)
		start = i + 1
	}
	return AppendText(dst, s[start:])
}
