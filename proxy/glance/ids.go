package glance

import (
	"crypto/rand"
	"fmt"
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// newUUID returns a random UUID, version 4.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// isUUID says whether s matches the pattern of "id" in Glance's image schema.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			c := s[i] | 0x20
			if !('0' <= s[i] && s[i] <= '9' || 'a' <= c && c <= 'f') {
				return false
			}
		}
	}
	return true
}

const (
	requestIDHeader   = "x-openstack-request-id"
	maxRequestIDBytes = 64 // glance's max_request_id_length
)

// requestID returns the client's X-Openstack-Request-Id with the prefix "req-",
// or a new ID if the client sent no ID or an unprintable ID. An ID that is too
// long is 431 (glance/api/middleware/context.py).
func requestID(r *web.Request) (string, error) {
	id := r.Header.Get(requestIDHeader)
	if len(id) > maxRequestIDBytes {
		return "req-" + newUUID(), &wire.Error{Status: 431}
	}
	notToken := func(c rune) bool { return c <= ' ' || c > '~' }
	if id == "" || strings.ContainsFunc(id, notToken) {
		return "req-" + newUUID(), nil
	}
	if strings.HasPrefix(id, "req-") {
		return id, nil
	}
	return "req-" + id, nil
}
