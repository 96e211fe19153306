// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"strings"

	"needletail/proxy/web"
)

// singleHeaders may come once, and not under a name with '_'. Another server on
// the way could read a repeated or misspelt header differently, and a request
// could pass for another request.
var singleHeaders = map[string]bool{
	"Content-Length": true, "Transfer-Encoding": true, "Host": true, "Expect": true,
	"Content-Type": true, "Content-Range": true,
	"Range": true, "If-Range": true, "Etag": true,
	"Authorization": true, "X-Auth-Token": true, "X-Storage-Token": true,
	"X-Subject-Token": true, "X-Service-Token": true,
	"X-Object-Manifest": true, "X-Symlink-Target": true,
	"X-Copy-From": true, "X-Copy-From-Account": true,
	"Destination": true, "Destination-Account": true,
}

var (
	errSingle   = errors.New("a header that may come once is repeated or misspelt")
	errNoHost   = errors.New("an HTTP/1.1 request without a Host")
	errHost     = errors.New("the Host has a forbidden byte")
	errLength   = errors.New("the Content-Length is not a number of bytes")
	errTwoSizes = errors.New("both Content-Length and Transfer-Encoding")
	errTE10     = errors.New("a Transfer-Encoding in an HTTP/1.0 request")
)

// maxLengthDigits keeps a Content-Length far below an overflow of int64.
const maxLengthDigits = 18

// frame finds the end of the body, and decides whether the connection stays
// open.
func (h *head) frame() error {
	if err := h.frameHost(); err != nil {
		return badRequest(err)
	}
	length, hasLength := h.header.Lookup("Content-Length")
	coding, hasCoding := h.header.Lookup("Transfer-Encoding")
	if hasLength {
		n, ok := parseLength(length)
		if !ok {
			return badRequest(errLength)
		}
		h.length = n
	}
	if hasCoding {
		if err := transferCoding(coding); err != nil {
			return err
		}
		if !h.http11 {
			return badRequest(errTE10)
		}
		// RFC 9112, 6.3 permits a server to use the coding. A client that sends
		// both headers may be fooling a proxy in front of this server, so the
		// request is refused.
		if hasLength {
			return badRequest(errTwoSizes)
		}
		h.length = -1
	}
	connection := h.header.Get("Connection")
	h.close = hasElement(connection, "close")
	h.keepAlive = hasElement(connection, "keep-alive") && !h.close
	if !h.http11 && !h.keepAlive {
		h.close = true
	}
	return h.frameExpect()
}

// frameHost checks and sets the host. An absolute-form target has precedence
// over Host.
func (h *head) frameHost() error {
	host, ok := h.header.Lookup("Host")
	if h.http11 && !ok {
		return errNoHost
	}
	if h.authority != "" {
		host = h.authority // RFC 9112, 3.2.2
	}
	if strings.ContainsAny(host, " \t/?#@\\,\"<>") {
		return errHost
	}
	h.host = host
	return nil
}

// frameExpect notes "Expect: 100-continue" of a request with a body. HTTP/1.0
// has no Expect; any further expectation is 417.
func (h *head) frameExpect() error {
	expect := h.header.Get("Expect")
	if expect == "" || !h.http11 {
		return nil
	}
	if !strings.EqualFold(expect, "100-continue") {
		return web.Status(417)
	}
	h.expect = h.length == -1 || h.length > 0
	return nil
}

// transferCoding judges a Transfer-Encoding as swob.py's Request.message_length
// does.
func transferCoding(value string) error {
	if strings.Contains(value, ",") {
		return web.Textf(501, "Unsupported Transfer-Coding header value specified in Transfer-Encoding header")
	}
	if !strings.EqualFold(value, "chunked") {
		return web.Textf(400, "Invalid Transfer-Encoding header value")
	}
	return nil
}

// parseLength parses a Content-Length: digits only, at most maxLengthDigits.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > maxLengthDigits {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// hasElement reports whether a comma-separated list has the element.
func hasElement(list, element string) bool {
	for list != "" {
		var e string
		e, list, _ = strings.Cut(list, ",")
		if strings.EqualFold(strings.Trim(e, " \t"), element) {
			return true
		}
	}
	return false
}
