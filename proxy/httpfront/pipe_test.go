// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"bufio"
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
	p := pipe.NewPool(1).Take()
	defer p.Give()
	var sent int64
	for {
		_, err := from.Fill(p, pipe.BytesMax)
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
func (b *pipedBody) socket() *pipe.Source {
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
	return pipe.NewSource(raw)
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

// pipeReader reads a body through pipes as far as the body goes into pipes.
type pipeReader struct {
	piped int
	err   error
	sink  *net.TCPConn
	raw   syscall.RawConn
}

func (r *pipeReader) Serve(req *web.Request) (*web.Response, error) {
	from := req.Body.(pipe.Reader)
	p := pipe.NewPool(1).Take()
	defer p.Give()
	buf := make([]byte, 8<<10)
	for r.err == nil {
		var n int
		if n, r.err = from.FillPipe(p, pipe.BytesMax); n > 0 {
			r.piped += n
			if _, err := p.Drain(r.raw); err != nil {
				return nil, err
			}
			continue
		}
		if r.err == nil {
			n, r.err = from.Read(buf)
			if _, err := r.sink.Write(buf[:n]); err != nil {
				return nil, err
			}
		}
	}
	_ = r.sink.CloseWrite()
	if r.err != io.EOF {
		return nil, r.err
	}
	return web.NewBytes(201, "text/plain", nil), nil
}

// TestBodyIntoPipe: the body of a plain request goes into pipes and is counted.
// A chunked body is read.
func TestBodyIntoPipe(t *testing.T) {
	text := strings.Repeat("0123456789", 100_000)
	for _, c := range []struct {
		name, head, body string
		piped            bool
	}{
		{"length", "Content-Length: 1000000\r\n", text, true},
		{"continue", "Expect: 100-continue\r\nContent-Length: 1000000\r\n", text, true},
		{"chunked", "Transfer-Encoding: chunked\r\n", "f4240\r\n" + text + "\r\n0\r\n\r\n", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			r := &pipeReader{sink: dial(t, l.Addr().String())}
			if r.raw, err = r.sink.SyscallConn(); err != nil {
				t.Fatal(err)
			}
			from, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			got := make(chan string, 1)
			go func() {
				all, _ := io.ReadAll(from)
				got <- string(all)
			}()
			done := make(chan Done, 1)
			_, addr := start(t, Options{Handler: r, OnDone: func(d Done) { done <- d }})
			client := dial(t, addr)
			write(t, client, "PUT /a HTTP/1.1\r\nHost: h\r\n"+c.head+"\r\n"+c.body)
			br := bufio.NewReader(client)
			a := readAnswer(t, br, "PUT")
			if a.StatusCode == 100 {
				a = readAnswer(t, br, "PUT")
			}
			if d := <-done; a.StatusCode != 201 || d.BytesIn != int64(len(text)) || (r.piped > 0) != c.piped {
				t.Errorf("status %d, %d bytes in, %d piped, %v", a.StatusCode, d.BytesIn, r.piped, d.Err)
			}
			if all := <-got; all != text {
				t.Errorf("%d bytes of %d came, or others", len(all), len(text))
			}
		})
	}
}
