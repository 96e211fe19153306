package formpost

import (
	"bytes"
	"regexp"
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

// parseHeader reads lines; one that begins with a space goes on from the one
// before, one without a colon is read over. Of two of a name the last counts.
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

// attribute is ATTRIBUTES_RE of swift/common/utils.
var attribute = regexp.MustCompile(`^(\w+)=(".*?"|[^";]+)(; ?|$)`)

// parseDisposition reads `form-data; name="a"; filename="b"`
// (swift/common/utils: parse_content_disposition). What follows something that
// is no attribute is not looked at.
func parseDisposition(text string) (kind string, attributes map[string]string) {
	kind, rest, _ := strings.Cut(text, ";")
	rest = strings.TrimSpace(rest)
	attributes = map[string]string{}
	for {
		found := attribute.FindStringSubmatch(rest)
		if found == nil {
			return strings.TrimSpace(kind), attributes
		}
		attributes[found[1]] = strings.Trim(found[2], `"`)
		rest = rest[len(found[0]):]
	}
}
