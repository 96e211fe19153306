// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"needletail/objstore/pipe"
	"needletail/proxy/web"
)

// pipedBody is a body that comes out of a socket, as the body of a cluster's
// object does.
type pipedBody struct {
	t     *testing.T
	text  string
	piped bool // what WriteTo did
}

func (b *pipedBody) Read([]byte) (int, error) { return 0, errors.New("the body was read") }
func (b *pipedBody) Close() error             { return nil }

func (b *pipedBody) WriteTo(w io.Writer) (int64, error) {
	to, ok := w.(pipe.Writer)
	if !ok || !to.TakesPipes() {
		return io.Copy(w, strings.NewReader(b.text))
	}
	b.piped = true
	from := b.socket()
	p := pipe.Take()
	defer p.Give()
	var sent int64
	for {
		_, err := p.Fill(from, pipe.BytesMax)
		if err == io.EOF {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
		n, err := to.WritePipe(p)
		sent += int64(n)
		if err != nil {
			return sent, err
		}
	}
}

// socket is a socket that has the text, and then the end.
func (b *pipedBody) socket() syscall.RawConn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	out := dial(b.t, l.Addr().String())
	in, err := l.Accept()
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = in.Close() })
	go func() {
		_, _ = io.WriteString(out, b.text)
		_ = out.CloseWrite()
	}()
	raw, err := in.(*net.TCPConn).SyscallConn()
	if err != nil {
		b.t.Fatal(err)
	}
	return raw
}

// TestPipedBody: a body goes out of a pipe behind its head, and is counted. A
// body without a length goes in chunks, and not out of a pipe.
func TestPipedBody(t *testing.T) {
	text := strings.Repeat("0123456789", 50_000)
	for _, c := range []struct {
		name   string
		length int64
		piped  bool
	}{
		{"length", int64(len(text)), true},
		{"chunks", -1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &pipedBody{t: t, text: text}
			raw, d, _ := answerWith(t, get, &web.Response{Status: 200, ContentLength: c.length, Body: b}, nil)
			if b.piped != c.piped || d.BytesOut != int64(len(text)) || d.Err != nil {
				t.Errorf("piped %v, %d bytes counted, %v", b.piped, d.BytesOut, d.Err)
			}
			if c.piped && !strings.HasSuffix(raw, "\r\n\r\n"+text) {
				t.Errorf("%d bytes came", len(raw))
			}
		})
	}
}

// TestPipedBodyOfAnotherLength: a pipe with more than the Content-Length is not
// sent, and an error page goes out in its place. A body that ends early closes
// the connection.
func TestPipedBodyOfAnotherLength(t *testing.T) {
	for _, c := range []struct {
		length int64
		want   error
		status int
	}{{9, errLongBody, 500}, {11, errShortBody, 200}} {
		b := &pipedBody{t: t, text: "0123456789"}
		_, d, _ := answerWith(t, get, &web.Response{Status: 200, ContentLength: c.length, Body: b}, nil)
		if !errors.Is(d.Err, c.want) || d.Status != c.status {
			t.Errorf("length %d: %v, status %d", c.length, d.Err, d.Status)
		}
	}
}
