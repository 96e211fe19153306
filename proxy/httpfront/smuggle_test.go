// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"fmt"
	"strings"
	"testing"
)

// inner is what must never reach the handler as a request of its own.
const inner = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

// smuggle is one payload: the handler is called want times for it (once, or
// not at all for what is refused), and never for inner.
type smuggle struct {
	raw  string
	want int
}

func smuggles() []smuggle {
	const put = "PUT /a HTTP/1.1\r\nHost: h\r\n"
	n := len(inner)
	list := []smuggle{
		// inner is the body.
		{put + fmt.Sprintf("Content-Length: %d\r\n\r\n", n) + inner, 1},
		{put + fmt.Sprintf("Content-Length: %03d\r\n\r\n", n) + inner, 1},
		{put + "Transfer-Encoding: chunked\r\n\r\n" + hex(n) + "\r\n" + inner + "\r\n0\r\n\r\n", 1},
		{put + "Transfer-Encoding: CHUNKED\r\n\r\n" + hex(n) + "\r\n" + inner + "\r\n0\r\n\r\n", 1},
		{put + "Transfer-Encoding: \t chunked \r\n\r\n" + hex(n) + "\r\n" + inner + "\r\n0\r\n\r\n", 1},
		{put + "transfer-encoding: chunked\r\n\r\n" + hex(n) + ";a=b\r\n" + inner + "\r\n0;c\r\n\r\n", 1},
		{put + "Transfer-Encoding: chunked\r\n\r\n000" + hex(n) + "\r\n" + inner + "\r\n000\r\nX-Auth-Token: t\r\n\r\n", 1},
		{put + fmt.Sprintf("Expect: 100-continue\r\nContent-Length: %d\r\n\r\n", n) + inner, 1},
		{put + "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n" + hex(n) + "\r\n" + inner + "\r\n0\r\n\r\n", 1},
		{strings.Replace(put, "PUT", "GET", 1) + fmt.Sprintf("Content-Length: %d\r\n\r\n", n) + inner, 1},
		{strings.Replace(put, "PUT", "HEAD", 1) + fmt.Sprintf("Content-Length: %d\r\n\r\n", n) + inner, 1},
		{strings.Replace(put, "PUT", "DELETE", 1) + fmt.Sprintf("Content-Length: %d\r\n\r\n", n) + inner, 1},
		{"PUT /a HTTP/1.0\r\nConnection: keep-alive\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", n) + inner, 1},
		{"POST /a HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=B\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", n+14) + "--B\r\n\r\n" + inner + "--B--\r\n", 1},
		{put + "Connection: close\r\nContent-Length: 0\r\n\r\n" + inner, 1},
		{"\r\n" + put + "Connection: close\r\nContent-Length: 0\r\n\r\n" + inner, 1},
		{"\r\n\r\n" + put + "Content-Length: 0\r\n\r\n" + inner, 0},
		{"\n" + put + "Content-Length: 0\r\n\r\n" + inner, 0},
	}
	// Heads whose length two servers could read differently.
	for _, lines := range []string{
		"Content-Length: 0\r\nContent-Length: %d", "Content-Length: %d\r\nContent-Length: %[1]d",
		"Content-Length: %d, %[1]d", "Content-Length: +%d", "Content-Length: -%d", "Content-Length: 0x%x",
		"Content-Length: %d ;", "Content-Length: %d.0", "Content-Length: %de0", "Content-Length: 1_%d",
		"Content-Length: '%d'", "Content-Length: 18446744073709551616%d", "Content-Length: \v%d",
		"Content-Length : %d", "Content-Length\t: %d", " Content-Length: %d", "X: y\r\n Content-Length: %d",
		"Content_Length: %d", "Content-Length: %d\r\nContent_Length: 0", "Content\x00-Length: %d",
		"Content-Length: %d\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: %d",
		"Content-Length: %d\r\nTransfer-Encoding: identity", "Content-Length: %d\r\nTransfer_Encoding: chunked",
		"Content-Length: %d\r\nTransfer-Encoding : chunked", "Content-Length: %d\r\nTransfer-Encoding:\vchunked",
		"Content-Length: %d\r\nTransfer-Encoding: xchunked", "Content-Length: %d\r\nTransfer-Encoding: chunked\x00",
		"Content-Length: %d\r\nTransfer-Encoding:\r\n chunked", "Content-Length: %d\r\nX: a\nTransfer-Encoding: chunked",
		"Content-Length: %d\r\nX: a\rTransfer-Encoding: chunked", "Content-Length: %d\nX: y",
	} {
		list = append(list, smuggle{put + fmt.Sprintf(lines, n) + "\r\n\r\n" + inner, 0})
	}
	for _, coding := range []string{
		"gzip, chunked", "chunked, gzip", "chunked, identity", "chunked;q=1", "\"chunked\"", "identity", "",
		"chunke", "chunked\r\nTransfer-Encoding: identity", "chunked\r\nTransfer-Encoding: chunked", "x\r\nTransfer-Encoding: chunked",
	} {
		list = append(list, smuggle{put + "Transfer-Encoding: " + coding + "\r\n\r\n0\r\n\r\n" + inner, 0})
	}
	// Chunks whose end two servers could see elsewhere: the handler runs once,
	// its body fails, and the connection closes.
	for _, chunks := range []string{
		"5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n",
		"0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n",
		"5 \r\nhello\r\n0\r\n\r\n", "5\t;x\r\nhello\r\n0\r\n\r\n", ";x\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n",
		"5;a\nb\r\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n", "5;\x00\r\nhello\r\n0\r\n\r\n", "5_0\r\nhello\r\n0\r\n\r\n",
		"10000000000000005\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "g\r\nhello\r\n0\r\n\r\n",
		"5;" + strings.Repeat("x", maxChunkLineBytes) + "\r\nhello\r\n0\r\n\r\n", "0\n\n", "0\r\n\n", "0\r\nX: y\n\r\n",
		"0\r\n" + strings.Repeat("T: t\r\n", maxTrailerBytes/6+1) + "\r\n", "5\r\nhel", "5\r\nhello\r\n0\r\nT: \x00\r\n\r\n",
	} {
		list = append(list, smuggle{put + "Transfer-Encoding: chunked\r\n\r\n" + chunks + inner, 1})
	}
	return list
}

func TestSmuggling(t *testing.T) {
	list := smuggles()
	if len(list) < 80 {
		t.Fatalf("only %d payloads", len(list))
	}
	r, addr := startRecorder(t, Options{})
	for _, s := range list {
		before := len(r.calls())
		got := talkAnyhow(t, addr, s.raw)
		calls := r.calls()[before:]
		if len(calls) != s.want {
			t.Errorf("%q: %d calls, want %d", s.raw, len(calls), s.want)
		}
		for _, c := range calls {
			if strings.Contains(c.path, "smuggled") {
				t.Errorf("%q: smuggled", s.raw)
			}
		}
		if n := strings.Count(got, "HTTP/1.1 "); n != 1 && !strings.HasPrefix(got, continueLine) {
			t.Errorf("%q: %d answers: %q", s.raw, n, got)
		}
	}
}
