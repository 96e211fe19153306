// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bufio"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
	"needletail/objstore/pipe"
)

// newClient returns a client with timeouts that only a broken test reaches.
func newClient(t *testing.T, o wire.Options) *wire.Client {
	t.Helper()
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = time.Minute
	}
	if o.NodeTimeout == 0 {
		o.NodeTimeout = time.Minute
	}
	c := wire.New(o)
	t.Cleanup(c.Close)
	return c
}

func putRequest(addr string) *wire.Request {
	return &wire.Request{
		Method: "PUT", Addr: addr, Device: "sdb1",
		Path:   wire.Path("sdb1", 7, "AUTH_a", "c", "o", ""),
		Header: wire.Header{{Name: "x-timestamp", Value: "1796064047.55569"}},
	}
}

func readAll(t *testing.T, r *wire.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	return string(b)
}

func TestPutChunked(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{})
	for turn := 1; turn <= 2; turn++ {
		p, err := c.Put(t.Context(), putRequest(node.Addr))
		require.NoError(t, err)
		_, final, err := p.Continue(t.Context())
		require.NoError(t, err)
		require.Nil(t, final)
		require.NoError(t, p.Write([]byte("hello ")))
		require.NoError(t, p.Write(nil))
		require.NoError(t, p.Write([]byte("world")))
		r, err := p.Finish(t.Context())
		require.NoError(t, err)
		require.Equal(t, 201, r.Status)
		require.NoError(t, r.Body.Close())
	}
	rs := node.Requests()
	require.Len(t, rs, 2)
	require.Equal(t, "hello world", string(rs[1].Body))
	require.Equal(t, 2, rs[1].Turn, "the connection was not kept")
	want := "PUT /sdb1/7/AUTH_a/c/o HTTP/1.1\r\nHost: " + node.Addr + "\r\nX-Timestamp: 1796064047.55569\r\n" +
		"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"
	require.Equal(t, want, string(rs[1].Raw))
}

func TestPutStatedLength(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{})
	put := func(length int64, body string) error {
		req := putRequest(node.Addr)
		req.Length = length
		p, err := c.Put(t.Context(), req)
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		if err := p.Write([]byte(body)); err != nil {
			_, err2 := p.Finish(t.Context())
			require.Equal(t, err, err2)
			return err
		}
		r, err := p.Finish(t.Context())
		if err == nil {
			require.NoError(t, r.Body.Close())
		}
		return err
	}
	require.NoError(t, put(5, "hello"))
	require.ErrorIs(t, put(5, "hello!"), wire.KindRequest)
	require.ErrorIs(t, put(5, "hell"), wire.KindRequest)
	require.Contains(t, string(node.Requests()[0].Raw), "Content-Length: 5\r\n\r\nhello")
	require.NotContains(t, string(node.Requests()[0].Raw), "chunked")
}

func TestPutWithFooter(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{})
	for _, body := range []string{"", "data"} {
		req := putRequest(node.Addr)
		req.Footer, req.Length = true, int64(len(body))
		p, err := c.Put(t.Context(), req)
		require.NoError(t, err)
		got, _, err := p.Continue(t.Context())
		require.NoError(t, err)
		require.Equal(t, "yes", got.Get("x-obj-metadata-footer"))
		require.NoError(t, p.Write([]byte(body)))
		require.NoError(t, p.Footer(wire.Header{{Name: "Etag", Value: "a\"\\\xc3\xa9"}}))
		r, err := p.Finish(t.Context())
		require.NoError(t, err)
		require.Equal(t, 201, r.Status)
	}
	rs := node.Requests()
	require.Len(t, rs, 2)
	require.Equal(t, []int{1, 2}, []int{rs[0].Turn, rs[1].Turn})
	require.Empty(t, rs[0].Body)
	require.Equal(t, "data", string(rs[1].Body))
	// Swift's servers take fields as Latin-1 (PEP 3333).
	require.Equal(t, map[string]string{"Etag": "a\"\\\u00c3\u00a9"}, rs[1].Footer)
	require.Equal(t, "4", rs[1].Header.Get("X-Backend-Obj-Content-Length"))
	_, stated := rs[0].Header.Lookup("X-Backend-Obj-Content-Length")
	require.False(t, stated)
}

// TestTwoPhaseDialogue holds the dialogue of an erasure-coded PUT to the bytes
// that Swift's proxy sends (swift/proxy/controllers/obj.py: MIMEPutter).
func TestTwoPhaseDialogue(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	const continues = "HTTP/1.1 100 Continue\r\nX-Obj-Multiphase-Commit: yes\r\nX-Obj-Metadata-Footer: yes\r\n\r\n"
	first, second := make(chan string, 1), make(chan string, 1)
	go func() {
		defer close(second)
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		in := bufio.NewReader(nc)
		until := func(end string) string {
			var b strings.Builder
			for !strings.HasSuffix(b.String(), end) {
				c, err := in.ReadByte()
				if err != nil {
					return b.String() + err.Error()
				}
				b.WriteByte(c)
			}
			return b.String()
		}
		text := until("\r\n\r\n")
		_, _ = io.WriteString(nc, continues)
		first <- text + until("\r\n0\r\n\r\n")
		_, _ = io.WriteString(nc, continues)
		second <- until("\r\n0\r\n\r\n")
		_, _ = io.WriteString(nc, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nEtag: \"e\"\r\n\r\n")
	}()

	req := putRequest(l.Addr().String())
	req.Commit, req.Length = true, 9
	req.Header.Add("X-Backend-Obj-Content-Length", "9")
	p, err := newClient(t, wire.Options{}).Put(t.Context(), req)
	require.NoError(t, err)
	h, _, err := p.Continue(t.Context())
	require.NoError(t, err)
	require.Equal(t, "yes", h.Get("X-Obj-Multiphase-Commit"))
	require.NoError(t, p.Write([]byte("fragments")))
	require.NoError(t, p.Footer(wire.Header{{Name: "Etag", Value: "e"}, {Name: "X-Object-Sysmeta-Ec-Frag-Index", Value: "3"}}))
	_, final, err := p.Continue(t.Context())
	require.NoError(t, err)
	require.Nil(t, final)
	require.NoError(t, p.Commit())
	r, err := p.Finish(t.Context())
	require.NoError(t, err)
	require.Equal(t, 201, r.Status)

	got := <-first
	_, after, _ := strings.Cut(got, "X-Backend-Obj-Multipart-Mime-Boundary: ")
	boundary, _, _ := strings.Cut(after, "\r\n")
	require.Regexp(t, "^[0-9a-f]{64}$", boundary)
	document := `{"Etag": "e", "X-Object-Sysmeta-Ec-Frag-Index": "3"}`
	body := "--" + boundary + "\r\nX-Document: object body\r\n\r\n"
	footer := "\r\n--" + boundary + "\r\nX-Document: object metadata\r\nContent-MD5: " +
		fmt.Sprintf("%x", md5.Sum([]byte(document))) + "\r\n\r\n" + document + "\r\n--" + boundary + "\r\n"
	commit := "X-Document: put commit\r\n\r\nput_commit_confirmation\r\n--" + boundary + "--"
	chunk := func(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }
	require.Equal(t, "PUT /sdb1/7/AUTH_a/c/o HTTP/1.1\r\nHost: "+req.Addr+"\r\nX-Timestamp: 1796064047.55569\r\n"+
		"X-Backend-Obj-Content-Length: 9\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n"+
		"X-Backend-Obj-Multipart-Mime-Boundary: "+boundary+"\r\nX-Backend-Obj-Metadata-Footer: yes\r\n"+
		"X-Backend-Obj-Multiphase-Commit: yes\r\n\r\n"+
		chunk(body)+chunk("fragments")+chunk(footer)+"0\r\n\r\n", got)
	require.Equal(t, chunk(commit)+"0\r\n\r\n", <-second)
}

func TestPutTwoPhasesKeepTheConnection(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{})
	for range 2 {
		req := putRequest(node.Addr)
		req.Commit = true
		p, err := c.Put(t.Context(), req)
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.Write([]byte("x")))
		require.NoError(t, p.Footer(nil))
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.Commit())
		_, err = p.Finish(t.Context())
		require.NoError(t, err)
		p.Abort() // does nothing after the end
	}
	rs := node.Requests()
	require.True(t, rs[1].Committed)
	require.Equal(t, 2, rs[1].Turn)
}

// TestPutFinalAnswers has the node refuse at each moment.
func TestPutFinalAnswers(t *testing.T) {
	refuse := func(status int) func(*wiretest.Request) *wiretest.Answer {
		return func(*wiretest.Request) *wiretest.Answer {
			return &wiretest.Answer{Status: status, Body: []byte("no"), KeepOpen: true}
		}
	}
	c := newClient(t, wire.Options{})

	t.Run("instead of the first 100", func(t *testing.T) {
		node := wiretest.New(t, wiretest.Handler{Expect: refuse(409)})
		p, err := c.Put(t.Context(), putRequest(node.Addr))
		require.NoError(t, err)
		_, final, err := p.Continue(t.Context())
		require.NoError(t, err)
		require.Equal(t, 409, final.Status)
		require.Equal(t, "no", readAll(t, final))
		require.ErrorIs(t, p.Write([]byte("x")), wire.KindRequest)
		_, err = p.Finish(t.Context())
		require.ErrorIs(t, err, wire.KindRequest)
		// The node may still take what comes next for the body.
		p, err = c.Put(t.Context(), putRequest(node.Addr))
		require.NoError(t, err)
		_, final, err = p.Continue(t.Context())
		require.NoError(t, err)
		require.NoError(t, final.Body.Close())
		require.Equal(t, 2, node.Connections())
	})
	t.Run("instead of the second 100", func(t *testing.T) {
		node := wiretest.New(t, wiretest.Handler{Stored: refuse(422)})
		req := putRequest(node.Addr)
		req.Commit = true
		p, err := c.Put(t.Context(), req)
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.Footer(nil))
		_, final, err := p.Continue(t.Context())
		require.NoError(t, err)
		require.Equal(t, 422, final.Status)
		require.ErrorIs(t, p.Commit(), wire.KindRequest)
	})
	t.Run("inside the body", func(t *testing.T) {
		// The node reads nothing more after its answer.
		addr := serve(t, func(nc io.ReadWriter) {
			_, _ = nc.Read(make([]byte, 4096))
			_, _ = io.WriteString(nc, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 507 Full\r\nContent-Length: 4\r\n\r\nfull")
			<-t.Context().Done()
		})
		p, err := c.Put(t.Context(), putRequest(addr))
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		block := make([]byte, 64<<10)
		for err == nil {
			err = p.Write(block)
		}
		require.ErrorIs(t, err, wire.KindAnswered)
		require.ErrorIs(t, p.Write(block), wire.KindAnswered)
		r, err := p.Finish(t.Context())
		require.NoError(t, err)
		require.Equal(t, 507, r.Status)
		require.Equal(t, "full", readAll(t, r))
	})
	t.Run("inside the body, and the node leaves", func(t *testing.T) {
		node := wiretest.New(t, wiretest.Handler{MidBody: func(*wiretest.Request, int) *wiretest.Answer {
			return &wiretest.Answer{Break: true}
		}})
		p, err := c.Put(t.Context(), putRequest(node.Addr))
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		for err == nil {
			err = p.Write(make([]byte, 64<<10))
		}
		require.ErrorIs(t, err, wire.KindBroken)
		_, again := p.Finish(t.Context())
		require.Equal(t, err, again)
	})
	t.Run("at the end", func(t *testing.T) {
		node := wiretest.New(t, wiretest.Handler{Final: refuse(422)})
		p, err := c.Put(t.Context(), putRequest(node.Addr))
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		r, err := p.Finish(t.Context())
		require.NoError(t, err)
		require.Equal(t, 422, r.Status)
		require.Equal(t, "no", readAll(t, r))
	})
}

func TestPutUnconfirmedContinue(t *testing.T) {
	f := func(confirmed string, commit bool, want error) {
		t.Helper()
		node := wiretest.New(t, wiretest.Handler{PlainContinue: true, Continue: wire.Header{{Name: confirmed, Value: "yes"}}})
		req := putRequest(node.Addr)
		req.Footer, req.Commit = true, commit
		p, err := newClient(t, wire.Options{}).Put(t.Context(), req)
		require.NoError(t, err)
		defer p.Abort()
		_, _, err = p.Continue(t.Context())
		require.Equal(t, want == nil, err == nil, err)
		if want != nil {
			require.ErrorIs(t, err, want)
			require.ErrorIs(t, p.Write([]byte("x")), want)
		}
	}
	f("X-Obj-Metadata-Footer", false, nil)
	f("X-Obj-Metadata-Footer", true, wire.KindProtocol)
	f("X-Obj-Multiphase-Commit", true, wire.KindProtocol)
	f("X-Else", false, wire.KindProtocol)
}

// TestPutAbort gives uploads up at any moment, from another goroutine too.
func TestPutAbort(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{})
	p, err := c.Put(t.Context(), putRequest(node.Addr))
	require.NoError(t, err)
	p.Abort()
	_, _, err = p.Continue(t.Context())
	require.ErrorIs(t, err, wire.KindCanceled)
	require.ErrorIs(t, p.Write([]byte("x")), wire.KindCanceled)
	p.Abort()

	hangs := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
		return &wiretest.Answer{Hang: true}
	}})
	p, err = c.Put(t.Context(), putRequest(hangs.Addr))
	require.NoError(t, err)
	_, _, err = p.Continue(t.Context())
	require.NoError(t, err)
	time.AfterFunc(time.Millisecond, p.Abort)
	_, err = p.Finish(t.Context())
	require.ErrorIs(t, err, wire.KindCanceled)

	// Nothing goes out after Abort, or after the end of the context.
	for turn := range 200 {
		ctx, cancel := context.WithCancel(t.Context())
		req := putRequest(node.Addr)
		req.Commit = true
		p, err := c.Put(ctx, req)
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.Footer(nil))
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		if cancel(); turn%2 == 0 {
			p.Abort()
		}
		require.ErrorIs(t, p.Commit(), wire.KindCanceled)
	}
	for _, r := range node.Requests() {
		require.False(t, r.Committed)
	}

	// Each turn the end of the dialogue and Abort race. A connection that was
	// given back stays usable.
	for range 200 {
		p, err := c.Put(t.Context(), putRequest(node.Addr))
		require.NoError(t, err)
		aborted := make(chan bool)
		go func() {
			defer close(aborted)
			p.Abort()
		}()
		_, _, err = p.Continue(t.Context())
		if err == nil {
			_, err = p.Finish(t.Context())
		}
		if err != nil {
			require.ErrorIs(t, err, wire.KindCanceled)
		}
		<-aborted
		r, err := c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
	}
}

func TestPutOnAStaleConnection(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{Final: func(r *wiretest.Request) *wiretest.Answer {
		return &wiretest.Answer{Status: 201}
	}, Expect: func(r *wiretest.Request) *wiretest.Answer {
		if r.Turn == 2 {
			return &wiretest.Answer{Break: true}
		}
		return nil
	}})
	c := newClient(t, wire.Options{})
	for range 2 {
		p, err := c.Put(t.Context(), putRequest(node.Addr))
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		require.NoError(t, p.Write([]byte("x")))
		_, err = p.Finish(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, 2, node.Connections())
}

func TestPutEndsWithItsContexts(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
		return &wiretest.Answer{Hang: true}
	}})
	c := newClient(t, wire.Options{})
	begin := func(ctx context.Context) *wire.Put {
		p, err := c.Put(ctx, putRequest(node.Addr))
		require.NoError(t, err)
		_, _, err = p.Continue(ctx)
		require.NoError(t, err)
		return p
	}
	t.Run("of the wait", func(t *testing.T) {
		p := begin(t.Context())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		_, err := p.Finish(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, wire.KindCanceled)
	})
	t.Run("before the wait", func(t *testing.T) {
		// The answer has come already, and may be read before the watch of the
		// context runs.
		node := wiretest.New(t, wiretest.Handler{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 100 {
			p, err := c.Put(t.Context(), putRequest(node.Addr))
			require.NoError(t, err)
			_, _, err = p.Continue(ctx)
			require.ErrorIs(t, err, context.Canceled)
		}
	})
	t.Run("of the Put", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := begin(ctx)
		cancel()
		_, err := p.Finish(t.Context())
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("before a Write", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := begin(ctx)
		cancel()
		var err error
		for err == nil { // the watch runs in a goroutine of its own
			err = p.Write([]byte("x"))
		}
		require.ErrorIs(t, err, context.Canceled)
	})
}

// countedConn counts the bytes that are sent.
type countedConn struct {
	net.Conn
	sent int
}

func (c *countedConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent += n
	return n, err
}

// TestSmallPiecesGoWithTheFooter: pieces of a document up to 16 KiB wait for the
// footer, and a piece more sends all.
func TestSmallPiecesGoWithTheFooter(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	var counted *countedConn
	c := newClient(t, wire.Options{IdlePerNode: -1, Dial: func(ctx context.Context, addr string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		counted = &countedConn{Conn: nc}
		return counted, err
	}})
	held := func(size int) bool {
		body := strings.Repeat("x", size)
		req := putRequest(node.Addr)
		req.Footer = true
		p, err := c.Put(t.Context(), req)
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		before := counted.sent
		for _, piece := range []string{body[:size/2], body[size/2:]} {
			require.NoError(t, p.Write([]byte(piece)))
		}
		waits := counted.sent == before
		require.NoError(t, p.Footer(wire.Header{{Name: "Etag", Value: "e"}}))
		r, err := p.Finish(t.Context())
		require.NoError(t, err)
		require.Equal(t, 201, r.Status)
		rs := node.Requests()
		require.Equal(t, body, string(rs[len(rs)-1].Body))
		return waits
	}
	const most = 16 << 10
	size := most
	for !held(size) {
		size -= 2
	}
	require.Greater(t, size, most-200, "the framing takes the rest")
	require.False(t, held(size+2))
	require.True(t, held(2))
}

func TestBuffered(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
		return &wiretest.Answer{Body: []byte("12345")}
	}})
	r, err := newClient(t, wire.Options{}).Do(t.Context(), getRequest(node.Addr))
	require.NoError(t, err)
	_, err = io.ReadFull(r.Body, make([]byte, 2))
	require.NoError(t, err)
	require.EqualValues(t, 3, r.Buffered())
	require.Equal(t, "345", readAll(t, r))
	require.Zero(t, r.Buffered())
}

// The bytes of a pipe are the body of a plain upload. A chunked body, and a body
// longer than stated, end the upload.
func TestPutPipe(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{})
	c := newClient(t, wire.Options{})
	for _, test := range []struct {
		stated int64
		text   string
		kind   wire.Kind
	}{
		{5, "hello", 0},
		{4, "hello", wire.KindRequest},
		{0, "hello", wire.KindRequest}, // chunked
	} {
		req := putRequest(node.Addr)
		req.Length = test.stated
		p, err := c.Put(t.Context(), req)
		require.NoError(t, err)
		_, _, err = p.Continue(t.Context())
		require.NoError(t, err)
		from := filled(t, test.text)
		err = p.WritePipe(from)
		held := from.Held()
		from.Give()
		if test.kind != 0 {
			require.ErrorIs(t, err, test.kind)
			require.Equal(t, len(test.text), held)
			continue
		}
		require.NoError(t, err)
		require.Zero(t, held)
		r, err := p.Finish(t.Context())
		require.NoError(t, err)
		require.Equal(t, 201, r.Status)
		require.NoError(t, r.Body.Close())
		rs := node.Requests()
		require.Equal(t, test.text, string(rs[len(rs)-1].Body))
	}
}

// filled returns a pipe with a text in it.
func filled(t *testing.T, text string) *pipe.Pipe {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	out, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	in, err := l.Accept()
	require.NoError(t, err)
	defer func() { _, _ = out.Close(), in.Close() }()
	_, err = io.WriteString(out, text)
	require.NoError(t, err)
	raw, err := in.(*net.TCPConn).SyscallConn()
	require.NoError(t, err)
	p := pipe.NewPool(1).Take()
	_, err = pipe.NewSource(raw).Fill(p, len(text))
	require.NoError(t, err)
	return p
}
