package swift

// appendXMLElement appends an element with text, as ElementTree writes it.
func appendXMLElement(dst []byte, name, text string) []byte {
	dst = append(append(dst, '<'), name...)
	if text == "" {
		return append(dst, " />"...)
	}
	dst = appendXMLText(append(dst, '>'), text)
	dst = append(append(dst, "</"...), name...)
	return append(dst, '>')
}

func appendXMLText(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func appendXMLAttr(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			dst = append(dst, "&quot;"...)
		case '\n':
			dst = append(dst, "&#10;"...)
		case '\r':
			dst = append(dst, "&#13;"...)
		case '\t':
			dst = append(dst, "&#09;"...)
		default:
			dst = appendXMLText(dst, s[i:i+1])
		}
	}
	return dst
}
