// Package pyxml writes XML as Python's ElementTree does, byte for byte: encoding/xml
// writes other escapes, and no space before "/>".
package pyxml

import "unicode/utf8"

// AppendElement appends an element with text, as ElementTree writes it.
func AppendElement(dst []byte, name, text string) []byte {
	dst = append(append(dst, '<'), name...)
	if text == "" {
		return append(dst, " />"...)
	}
	dst = AppendText(append(dst, '>'), text)
	dst = append(append(dst, "</"...), name...)
	return append(dst, '>')
}

// AppendText appends text as ElementTree writes it, but for characters that
// XML 1.0 cannot express in any way, most control characters among them: names
// may have them, and U+FFFD stands for each, so that every document can be
// parsed. Listings in JSON have the names as they are.
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
			dst = utf8.AppendRune(dst, r) // what is not UTF-8 is U+FFFD already
		}
		s = s[size:]
	}
	return dst
}

// inXML says whether XML 1.0 has the character, which is none of those that
// AppendText knows.
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
