// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"slices"
	"strings"

	"needletail/proxy/web"
)

// head is the head of a request.
type head struct {
	method, proto    string
	rawPath, query   string
	authority        string // of an absolute-form target
	host             string
	header           web.Header
	length           int64 // as swift.Request.ContentLength
	http11           bool
	close, keepAlive bool // what Connection asked for
	expect           bool // "Expect: 100-continue" of a request with a body
}

var (
	errRequestLine = errors.New("the request line is not METHOD SP TARGET SP HTTP/1.x")
	errTarget      = errors.New("the request target is neither a path nor a URL")
	errNoColon     = errors.New("a header line has no colon")
	errName        = errors.New("a header name has a forbidden byte")
	errValue       = errors.New("a header value has a control byte")
)

// parse parses a whole head into h, whose length is NoLength before. headScan
// has judged the line ends and the sizes. After an error, h has the parts
// understood so far, for the log.
func (h *head) parse(b []byte) error {
	// The strings outlive the connection's buffer and share a single copy.
	text := string(b)
	line, rest := cutLine(text)
	if err := h.parseRequestLine(line); err != nil {
		return badRequest(err)
	}
	for {
		line, rest = cutLine(rest)
		if line == "" {
			return h.frame()
		}
		if err := h.parseLine(line); err != nil {
			return badRequest(err)
		}
	}
}

// parsePart parses the request line of an incomplete head, if the line is
// complete.
func (h *head) parsePart(b []byte, scan *headScan) {
	if scan.lines > 0 {
		_ = h.parseRequestLine(string(b[scan.start : scan.headers-2]))
	}
}

// parseRequestLine parses METHOD SP TARGET SP HTTP/1.x.
func (h *head) parseRequestLine(line string) error {
	method, rest, ok := strings.Cut(line, " ")
	target, proto, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || method == "" || !isToken(method) {
		return errRequestLine
	}
	if proto != "HTTP/1.1" && proto != "HTTP/1.0" {
		return errRequestLine
	}
	h.method, h.proto, h.http11 = method, proto, proto == "HTTP/1.1"
	for i := 0; i < len(target); i++ {
		if target[i] <= ' ' || target[i] == 0x7f {
			return errTarget
		}
	}
	return h.parseTarget(target)
}

// parseTarget accepts origin-form, absolute-form, and '*' of OPTIONS (RFC 9112,
// 3.2). The path stays as the client sent it.
func (h *head) parseTarget(target string) error {
	if target == "*" && h.method == "OPTIONS" {
		h.rawPath = target
		return nil
	}
	if scheme, rest, ok := strings.Cut(target, "://"); ok && isHTTPScheme(scheme) {
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			end = len(rest)
		}
		h.authority, target = rest[:end], rest[end:]
		if h.authority == "" {
			return errTarget
		}
		if !strings.HasPrefix(target, "/") {
			target = "/" + target
		}
	}
	if !strings.HasPrefix(target, "/") {
		return errTarget
	}
	h.rawPath, h.query, _ = strings.Cut(target, "?")
	return nil
}

func isHTTPScheme(s string) bool {
	return strings.EqualFold(s, "http") || strings.EqualFold(s, "https")
}

// parseLine parses a header line. A folded line has a name with a space, or no
// colon, and is refused.
func (h *head) parseLine(line string) error {
	name, value, ok := strings.Cut(line, ":")
	if !ok {
		return errNoColon
	}
	if name == "" || !isName(name) {
		return errName
	}
	value = trim(value)
	for i := 0; i < len(value); i++ {
		if value[i] < ' ' && value[i] != '\t' || value[i] == 0x7f {
			return errValue
		}
	}
	return h.addLine(name, value)
}

// cutLine cuts the first line off a head. Lines end with CR LF.
func cutLine(s string) (line, rest string) {
	end := strings.IndexByte(s, '\n')
	if end < 1 {
		return "", ""
	}
	return s[:end-1], s[end+1:]
}

// trim removes the white space of RFC 9110, 5.6.3 from both ends.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// addLine joins a repeated header with "," as WSGI does, unless the joined
// value could change the sender or the meaning of the request.
func (h *head) addLine(name, value string) error {
	title := name
	if !isTitle(name) {
		title = web.TitleName(name)
	}
	known := slices.IndexFunc(h.header, func(f web.HeaderField) bool { return f.Name == title })
	switch {
	case (known >= 0 || strings.IndexByte(name, '_') >= 0) && singleHeaders[title]:
		return errSingle
	case known >= 0:
		h.header[known].Value += "," + value
	default:
		h.header.Add(title, value)
	}
	return nil
}

// isToken reports whether s has only bytes of a token (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return true
}

// isName is isToken with the bytes above ASCII. Swift permits them in names of
// metadata.
func isName(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x80 && !tokenByte[s[i]] {
			return false
		}
	}
	return true
}

var tokenByte = func() (t [256]bool) {
	for c := range t {
		t[c] = c > ' ' && c < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, rune(c))
	}
	return t
}()

// isTitle reports whether web.TitleName would change nothing.
func isTitle(s string) bool {
	inWord := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		upper, lower := 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z'
		if c == '_' || upper && inWord || lower && !inWord {
			return false
		}
		inWord = upper || lower
	}
	return true
}
