// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"needletail/objstore/cluster/wire"
)

// scriptConn is a node that has said all its bytes already.
type scriptConn struct{ said *strings.Reader }

func (c scriptConn) Read(b []byte) (int, error)       { return c.said.Read(b) }
func (c scriptConn) Write(b []byte) (int, error)      { return len(b), nil }
func (c scriptConn) Close() error                     { return nil }
func (c scriptConn) LocalAddr() net.Addr              { return nil }
func (c scriptConn) RemoteAddr() net.Addr             { return nil }
func (c scriptConn) SetDeadline(time.Time) error      { return nil }
func (c scriptConn) SetReadDeadline(time.Time) error  { return nil }
func (c scriptConn) SetWriteDeadline(time.Time) error { return nil }

// scripted returns a client whose nodes say text.
func scripted(text string) *wire.Client {
	return wire.New(wire.Options{IdlePerNode: -1, Dial: func(context.Context, string) (net.Conn, error) {
		return scriptConn{strings.NewReader(text)}, nil
	}})
}

// FuzzChunked reads a chunked body, and wants a whole body or an error that
// names the node.
func FuzzChunked(f *testing.F) {
	f.Add("3\r\nabc\r\n0\r\n\r\n")
	f.Add("3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n")
	f.Add("ffffffffffffffff\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := scripted("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+text).Do(t.Context(), getRequest("n:1"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		if len(b) > len(text) {
			t.Fatalf("%d bytes out of %d", len(b), len(text))
		}
		checkNamed(t, err)
		if err == nil && !strings.Contains(text, "\r\n\r\n") {
			t.Fatal("the end of a body without the end of its trailer")
		}
	})
}

// FuzzParts reads the parts of an answer.
func FuzzParts(f *testing.F) {
	f.Add(multipart("0123456789", [2]int{0, 3}, [2]int{5, 6}))
	f.Add("--" + boundary + "\r\nContent-Range: bytes 0-0/*\r\n\r\nx\r\n--" + boundary + "--\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		a := multipartAnswer(text)
		r, err := scripted("HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\nContent-Type: "+
			a.Header.Get("Content-Type")+"\r\n\r\n"+chunked(text)).Do(t.Context(), getRequest("n:1"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := r.Parts()
		if err != nil {
			t.Fatal(err)
		}
		got, err := readParts(p)
		if len(got) > 50 {
			t.Fatalf("%d parts", len(got))
		}
		if !errors.Is(err, io.EOF) {
			checkNamed(t, err)
		}
	})
}

// FuzzPut has a node say anything during an upload in two phases.
func FuzzPut(f *testing.F) {
	const again = "HTTP/1.1 100 Continue\r\nX-Obj-Multiphase-Commit: yes\r\nX-Obj-Metadata-Footer: yes\r\n\r\n"
	f.Add(again + again + "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
	f.Add("HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno")
	f.Fuzz(func(t *testing.T, text string) {
		req := putRequest("n:1")
		req.Commit = true
		p, err := scripted(text).Put(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Abort()
		steps := []func() (*wire.Response, error){
			func() (*wire.Response, error) { _, r, err := p.Continue(t.Context()); return r, err },
			func() (*wire.Response, error) { return nil, p.Write([]byte("x")) },
			func() (*wire.Response, error) { return nil, p.Footer(nil) },
			func() (*wire.Response, error) { _, r, err := p.Continue(t.Context()); return r, err },
			func() (*wire.Response, error) { return nil, p.Commit() },
			func() (*wire.Response, error) { return p.Finish(t.Context()) },
		}
		for _, step := range steps {
			r, err := step()
			checkNamed(t, err)
			if r != nil {
				_, err := io.Copy(io.Discard, r.Body)
				checkNamed(t, err)
				return
			}
			if err != nil {
				return
			}
		}
		t.Fatal("neither an answer nor an error")
	})
}

// checkNamed wants an error that names the node, or none.
func checkNamed(t *testing.T, err error) {
	t.Helper()
	var e *wire.Error
	if err != nil && (!errors.As(err, &e) || e.Addr != "n:1" || errors.Is(err, io.EOF)) {
		t.Fatalf("%v", err)
	}
}

func chunked(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i += 10 {
		piece := text[i:min(i+10, len(text))]
		b.WriteString(string("0123456789a"[len(piece)]) + "\r\n" + piece + "\r\n")
	}
	return b.String() + "0\r\n\r\n"
}
