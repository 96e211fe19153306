// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"needletail/proxy/web"
)

var errResponse = errors.New("the handler's response cannot be sent")

// ownHeaders are sent by the front. The handler's lines of these names are
// dropped.
var ownHeaders = map[string]bool{
	"Connection": true, "Content-Length": true, "Date": true,
	"Keep-Alive": true, "Transfer-Encoding": true,
}

// checkResponse returns an error for a response that would break the framing or
// split the response.
func checkResponse(res *web.Response, isHead bool) error {
	if res.Status < 200 || res.Status > 999 {
		return fmt.Errorf("%w: status %d", errResponse, res.Status)
	}
	if !isText(res.Reason) {
		return fmt.Errorf("%w: a control byte in the reason", errResponse)
	}
	for _, f := range res.Header {
		if f.Name == "" || !isName(f.Name) {
			return fmt.Errorf("%w: the header name %q", errResponse, f.Name)
		}
		if !isText(f.Value) {
			return fmt.Errorf("%w: a control byte in the value of %q", errResponse, f.Name)
		}
	}
	if res.Body == nil && res.ContentLength > 0 && !isHead && !bodiless(res.Status) {
		return fmt.Errorf("%w: %d bytes and no body", errResponse, res.ContentLength)
	}
	return nil
}

// isText reports whether s is allowed as a field value: no control byte but a
// tab.
func isText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// bodiless reports whether an answer of the status never has a body.
func bodiless(status int) bool { return status == 204 || status == 304 }

// appendHead appends the head of res as Swift under eventlet sends it: a 204
// and a 304 have "Content-Length: 0".
func (x *exchange) appendHead(b []byte, res *web.Response) []byte {
	reason := res.Reason
	if reason == "" {
		reason = web.StatusText(res.Status)
	}
	b = append(b, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(res.Status), 10)
	b = append(b, ' ')
	b = append(b, reason...)
	b = append(b, "\r\n"...)
	transID, requestID := false, false
	for _, f := range res.Header {
		if isOwn(f.Name) {
			continue
		}
		transID = transID || strings.EqualFold(f.Name, "X-Trans-Id")
		requestID = requestID || strings.EqualFold(f.Name, "X-Openstack-Request-Id")
		b = appendLine(b, f.Name, f.Value)
	}
	switch {
	case x.out.chunked:
		b = appendLine(b, "Transfer-Encoding", "chunked")
	case bodiless(res.Status):
		b = appendLine(b, "Content-Length", "0")
	case res.ContentLength >= 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, res.ContentLength, 10)
		b = append(b, "\r\n"...)
	}
	if !transID {
		b = appendLine(b, "X-Trans-Id", x.req.TransID)
	}
	if !requestID {
		b = appendLine(b, "X-Openstack-Request-Id", x.req.TransID)
	}
	b = append(b, x.c.srv.dateLine(x.answered)...)
	if x.close {
		b = appendLine(b, "Connection", "close")
	} else if x.head.keepAlive {
		b = appendLine(b, "Connection", "keep-alive")
	}
	return append(b, "\r\n"...)
}

// dateLine returns the Date header of now. The line is formatted once a second.
func (s *Server) dateLine(now time.Time) []byte {
	if d := s.date.Load(); d != nil && d.unix == now.Unix() {
		return d.line
	}
	d := &date{unix: now.Unix(), line: now.UTC().AppendFormat([]byte("Date: "), http.TimeFormat+"\r\n")}
	s.date.Store(d)
	return d.line
}

// date is a Date header and the second of its time.
type date struct {
	unix int64 // seconds
	line []byte
}

// isOwn reports whether the front sends the header itself.
func isOwn(name string) bool {
	switch len(name) {
	case 4, 10, 14, 17: // no other length is in ownHeaders
	default:
		return false
	}
	if !isTitle(name) {
		name = web.TitleName(name)
	}
	return ownHeaders[name]
}

func appendLine(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}
