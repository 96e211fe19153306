// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"strings"

	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

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
		return "req-" + wire.NewUUID(), &wire.Error{Status: 431}
	}
	notToken := func(c rune) bool { return c <= ' ' || c > '~' }
	if id == "" || strings.ContainsFunc(id, notToken) {
		return "req-" + wire.NewUUID(), nil
	}
	if strings.HasPrefix(id, "req-") {
		return id, nil
	}
	return "req-" + id, nil
}
