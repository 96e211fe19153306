// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"strings"
	"testing"
)

func TestGetAndPutKeepAlive(t *testing.T) {
	r, addr := startRecorder(t, Options{})
	got := talk(t, addr, "PUT /v1/a%20b?x=1 HTTP/1.1\r\nHost: h\r\ncontent-length: 3\r\nx-object-meta-Ä: ü\r\n\r\nabc"+
		"GET / HTTP/1.1\r\nHost: h\r\n\r\nPUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
	if n := strings.Count(got, "HTTP/1.1 200 OK\r\n"); n != 3 {
		t.Fatalf("%d answers: %q", n, got)
	}
	calls := r.calls()
	if len(calls) != 3 || calls[0].body != "abc" || calls[0].path != "/v1/a b" || calls[0].query != "x=1" || calls[2].body != "abcde" {
		t.Fatalf("%+v", calls)
	}
	if v := calls[0].header.Get("X-Object-Meta-Ä"); v != "ü" {
		t.Errorf("%+v", calls[0].header)
	}
}
