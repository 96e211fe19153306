// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPath(t *testing.T) {
	f := func(want, device string, partition int, account, container, object, query string) {
		t.Helper()
		require.Equal(t, want, Path(device, partition, account, container, object, query))
	}
	f("/sdb1/0/AUTH_a", "sdb1", 0, "AUTH_a", "", "", "")
	f("/sdb1/1023/AUTH_a/c?format=json", "sdb1", 1023, "AUTH_a", "c", "", "format=json")
	f("/d%201/7/a/c%3Fx/o/p//q/..", "d 1", 7, "a", "c?x", "o/p//q/..", "")
	f("/d/7/a/%00versions%00c/%00o%000", "d", 7, "a", "\x00versions\x00c", "\x00o\x000", "")
	f("/d/7/a/c/%C3%A9%FF%0D%0A", "d", 7, "a", "c", "\u00e9\xff\r\n", "")
}

// TestQuoteLeavesPythonsBytes holds the table to urllib.parse.quote.
func TestQuoteLeavesPythonsBytes(t *testing.T) {
	for c := range 256 {
		s := string([]byte{byte(c)})
		plain := strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~/")
		if got := Quote(s); plain {
			require.Equal(t, s, got)
		} else {
			require.Regexp(t, "^%[0-9A-F]{2}$", got)
		}
	}
}

func TestHeader(t *testing.T) {
	h := Header{{"a", "1"}, {"B", "2"}, {"A", "3"}, {"b", "4"}}
	require.Equal(t, "1", h.Get("A"))
	other := h.Clone()
	h.Set("A", "x")
	require.Equal(t, Header{{"a", "x"}, {"B", "2"}, {"b", "4"}}, h)
	h.Set("c", "y")
	h.Del("b")
	require.Equal(t, Header{{"a", "x"}, {"c", "y"}}, h)
	_, ok := h.Lookup("b")
	require.False(t, ok)
	require.Equal(t, "3", other[2].Value)
	b := Header{{"x-object-META-fooBar", "v"}, {"etag", ""}, {"X-\xc3\xa9a", "\xff"}}.appendTo(nil)
	require.Equal(t, "X-Object-Meta-Foobar: v\r\nEtag: \r\nX-\xc3\xa9a: \xff\r\n", string(b))
}

func defaults() *Options {
	o := Options{}.withDefaults()
	return &o
}

func TestParseHead(t *testing.T) {
	f := func(text string, want head, wantErr error) {
		t.Helper()
		got, err := readHead(bufio.NewReaderSize(strings.NewReader(text), 16), defaults())
		require.Equal(t, wantErr, err)
		if wantErr == nil {
			require.Equal(t, want, got)
		}
	}
	f("HTTP/1.1 200 OK\r\nA:1\r\nb: \t2 \t\r\nC:\r\n\r\n",
		head{1, 200, "OK", Header{{"A", "1"}, {"b", "2"}, {"C", ""}}}, nil)
	f("HTTP/1.1 404 Not Found\r\n\r\n", head{1, 404, "Not Found", Header{}}, nil)
	f("HTTP/1.1 507\r\n\r\n", head{1, 507, "", Header{}}, nil)
	f("HTTP/1.0 400 Headers Too Large\r\n\r\n", head{0, 400, "Headers Too Large", Header{}}, nil)
	f("HTTP/1.1 200 \r\nX-\xc3\xa9: \xc3\xa9\x01\r\n\r\n", head{1, 200, "", Header{{"X-\xc3\xa9", "\xc3\xa9\x01"}}}, nil)

	for _, bad := range []string{
		"HTTP/2 200 OK", "HTTP/1.2 200 OK", "http/1.1 200 OK", "HTTP/1.1  200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 0200 OK",
		"HTTP/1.1 099 OK", "HTTP/1.1 +20 OK", "HTTP/1.1 2x0 OK", "HTTP/1.1", "", "ICY 200 OK", "HTTP/1.1 200 O\x00K",
	} {
		f(bad+"\r\n\r\n", head{}, errNoStatus)
	}
	for _, bad := range []string{"no colon", ": v", "a b: v", " a: v", "a : v", "a: v\rw", "a: v\x00"} {
		f("HTTP/1.1 200 OK\r\n"+bad+"\r\n\r\n", head{}, errFieldLine)
	}
	f("HTTP/1.1 200 OK\n\r\n", head{}, errBareLF)
	f("HTTP/1.1 200 OK\r\nA: 1\n\r\n", head{}, errBareLF)
	f("\n", head{}, errBareLF)
}

func TestFraming(t *testing.T) {
	f := func(method string, status int, fields string, want int64, ok bool) {
		t.Helper()
		h, err := parseHead("HTTP/1.1 200 OK\r\n"+fields, 10)
		require.NoError(t, err)
		h.status = status
		got, err := h.framing(method)
		require.Equal(t, ok, err == nil, err)
		require.Equal(t, want, got)
	}
	f("GET", 200, "Content-Length: 12\r\n", 12, true)
	f("GET", 200, "content-length: 12\r\nContent-Length: 12\r\n", 12, true)
	f("GET", 200, "Content-Length: 12\r\nContent-Length: 13\r\n", 0, false)
	f("GET", 200, "Content-Length: 12, 12\r\n", 0, false)
	f("GET", 200, "Content-Length: -1\r\n", 0, false)
	f("GET", 200, "Content-Length: +1\r\n", 0, false)
	f("GET", 200, "Content-Length:\r\n", 0, false)
	f("GET", 200, "Content-Length: 9223372036854775807\r\n", 1<<63-1, true)
	f("GET", 200, "Content-Length: 9223372036854775808\r\n", 0, false)
	f("GET", 200, "Transfer-Encoding: Chunked\r\n", -1, true)
	f("GET", 200, "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", 0, false)
	f("GET", 200, "Transfer-Encoding: gzip, chunked\r\n", 0, false)
	f("GET", 200, "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 0, false)
	f("GET", 200, "", 0, false)
	f("HEAD", 200, "Content-Length: 12\r\n", 0, true)
	f("HEAD", 200, "", 0, true)
	f("DELETE", 204, "", 0, true)
	f("GET", 304, "Content-Length: 12\r\n", 0, true)
}

func TestKeepsAlive(t *testing.T) {
	f := func(minor int, fields Header, want bool) {
		t.Helper()
		h := head{minor: minor, header: fields}
		require.Equal(t, want, h.keepsAlive())
	}
	f(1, nil, true)
	f(0, nil, false)
	f(0, Header{{"Connection", "keep-alive"}}, false)
	f(1, Header{{"connection", "Close"}}, false)
	f(1, Header{{"Connection", "x, close"}}, false)
	f(1, Header{{"Connection", "closed"}}, true)
	f(1, Header{{"Connection", "x"}, {"Connection", "close"}}, false)
}

// TestHeadLimits has each limit of a head at N and at N+1.
func TestHeadLimits(t *testing.T) {
	const line = "HTTP/1.1 200 OK\r\n"
	read := func(text string, o Options) error {
		_, err := readHead(bufio.NewReaderSize(strings.NewReader(text), 16), &o)
		return err
	}
	big := Options{HeadBytes: 1 << 20, HeadFields: 1000, LineBytes: 1 << 20}

	o, text := big, line+strings.Repeat("A: 1\r\n", 5)+"\r\n"
	o.HeadFields = 5
	require.NoError(t, read(text, o))
	o.HeadFields = 4
	require.Equal(t, errTooMany, read(text, o))

	o = big
	o.HeadBytes = len(text)
	require.NoError(t, read(text, o))
	o.HeadBytes--
	require.Equal(t, errHeadTooBig, read(text, o))

	o, text = big, line+"A: "+strings.Repeat("x", 100)+"\r\n\r\n"
	o.LineBytes = len("A: ") + 100 + len("\r\n")
	require.NoError(t, read(text, o))
	o.LineBytes--
	require.Equal(t, errLineTooLong, read(text, o))
	// The line is refused before its end has come.
	require.Equal(t, errLineTooLong, read(line+strings.Repeat("x", 200), o))
}

func TestChunkLimits(t *testing.T) {
	next := func(text string) error {
		_, err := nextChunk(bufio.NewReaderSize(strings.NewReader(text), 16), false)
		return err
	}
	extension := func(n int) string { return "1;" + strings.Repeat("x", n-2) + "\r\n" }
	require.NoError(t, next(extension(chunkLineBytesMax)))
	require.Equal(t, errChunkLine, next(extension(chunkLineBytesMax+1)))
	require.NoError(t, next(strings.Repeat("f", chunkDigitsMax)+"\r\n"))
	require.Equal(t, errChunkLine, next(strings.Repeat("f", chunkDigitsMax+1)+"\r\n"))
	trailer := func(n int) string { return "0\r\n" + strings.Repeat("x", n) + "\r\n\r\n" }
	require.NoError(t, next(trailer(trailerBytesMax)))
	require.Equal(t, errTrailerSize, next(trailer(trailerBytesMax+1)))
	require.NoError(t, next("0\r\n"+strings.Repeat("12345678901234\r\n", trailerBytesMax/16)+"\r\n"))
	require.Equal(t, errTrailerSize, next("0\r\n"+strings.Repeat("12345678901234\r\n", trailerBytesMax/16)+"1\r\n\r\n"))
}

func TestParseContentRange(t *testing.T) {
	f := func(s string, want ContentRange, ok bool) {
		t.Helper()
		got, gotOK := ParseContentRange(s)
		require.Equal(t, ok, gotOK, s)
		if ok {
			require.Equal(t, want, got)
		}
	}
	f("bytes 0-0/1", ContentRange{0, 0, 1}, true)
	f("bytes 5-9/*", ContentRange{5, 9, -1}, true)
	require.EqualValues(t, 5, ContentRange{5, 9, -1}.Length())
	for _, bad := range []string{
		"", "bytes */10", "bytes 0-10/10", "bytes 3-2/10", "bytes -1/10", "bytes 0-/10", "0-1/2", "bytes=0-1/2",
		"bytes 0-1", "bytes +0-1/2", "bytes 0-1/+2", "bytes 0-1/", "bytes 0-9223372036854775808/*",
	} {
		f(bad, ContentRange{}, false)
	}
}

func FuzzHead(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nEtag: \"x\"\r\n\r\n")
	f.Add("HTTP/1.1 100 Continue\r\nX-Obj-Multiphase-Commit: yes\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		o := Options{HeadBytes: 1 << 12, HeadFields: 20, LineBytes: 200}
		h, err := readHead(bufio.NewReaderSize(strings.NewReader(text), 16), &o)
		if err != nil {
			return
		}
		if len(h.header) > o.HeadFields || h.status < 100 || h.status > 999 {
			t.Fatalf("%+v", h)
		}
		for _, field := range h.header {
			if !validName(field.Name) || !validValue(field.Value) {
				t.Fatalf("%q", field)
			}
		}
		_ = h.keepsAlive()
		if n, err := h.framing("GET"); err == nil && n < -1 {
			t.Fatal(n)
		}
	})
}
