// SPDX-License-Identifier: Apache-2.0

package formpost

import (
	"bytes"
	"strings"
)

// header has the lines of a part's head under lower-case names.
type header map[string]string

// head reads the head of a part, up to and with its empty line.
func (m *multipart) head() (header, error) {
	if ok, err := m.need(2); err != nil {
		return nil, err
	} else if ok && string(m.window()[:2]) == "\r\n" {
		m.start += 2
		return header{}, nil
	}
	for {
		w := m.window()
		w = w[:min(len(w), maxHeaderBytes)]
		end := bytes.Index(w, []byte("\r\n\r\n"))
		if boundary := bytes.Index(w, m.delimiter); boundary >= 0 && (end < 0 || boundary < end) {
			return nil, errForm
		}
		if end >= 0 {
			h := parseHeader(string(w[:end]))
			m.start += end + 4
			return h, nil
		}
		if len(w) == maxHeaderBytes {
			return nil, errForm
		}
		if m.eof {
			return nil, errCut
		}
		if err := m.fill(); err != nil {
			return nil, err
		}
	}
}

// parseHeader reads lines. A line that begins with a space continues the line
// before. A line without a colon is read over. Of two lines of a name the last
// counts.
func parseHeader(text string) header {
	h := header{}
	last := ""
	for _, line := range strings.Split(text, "\r\n") {
		if line != "" && (line[0] == ' ' || line[0] == '\t') {
			if last != "" {
				h[last] += " " + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			last = ""
			continue
		}
		last = strings.ToLower(strings.TrimSpace(name))
		h[last] = strings.TrimSpace(value)
	}
	return h
}

// parseDisposition reads `form-data; name="a"; filename="b"`
// (swift/common/utils: parse_content_disposition). The first text without the
// form of an attribute ends the reading.
func parseDisposition(text string) (kind string, attributes map[string]string) {
	kind, rest, _ := strings.Cut(text, ";")
	rest = strings.TrimSpace(rest)
	attributes = map[string]string{}
	for {
		name, value, after, ok := cutAttribute(rest)
		if !ok {
			return strings.TrimSpace(kind), attributes
		}
		attributes[name] = strings.Trim(value, `"`)
		rest = after
	}
}

// cutAttribute matches Swift's ATTRIBUTES_RE, (\w+)=(".*?"|[^";]+)(; ?|$), in
// one pass: the text comes from strangers. A quote without a following ';' or
// end is part of the value.
func cutAttribute(s string) (name, value, rest string, ok bool) {
	i := 0
	for i < len(s) && isWord(s[i]) {
		i++
	}
	if i == 0 || i == len(s) || s[i] != '=' {
		return "", "", "", false
	}
	name, s = s[:i], s[i+1:]
	end := 1
	if strings.HasPrefix(s, `"`) {
		for end++; end <= len(s) && (s[end-1] != '"' || end < len(s) && s[end] != ';'); end++ {
			if s[end-1] == '\n' {
				return "", "", "", false
			}
		}
		ok = end <= len(s)
	} else {
		if end = strings.IndexAny(s, `";`); end < 0 {
			end = len(s)
		}
		ok = end > 0 && (end == len(s) || s[end] == ';')
	}
	if !ok {
		return "", "", "", false
	}
	value, rest = s[:end], strings.TrimPrefix(s[end:], ";")
	return name, value, strings.TrimPrefix(rest, " "), true
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
