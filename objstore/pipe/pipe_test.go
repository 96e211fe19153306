// SPDX-License-Identifier: Apache-2.0

package pipe

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

// sockets returns the two ends of a connection.
func sockets(t testing.TB) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	out, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = out.Close(), in.Close() })
	return out.(*net.TCPConn), in.(*net.TCPConn)
}

func raw(t *testing.T, c *net.TCPConn) syscall.RawConn {
	t.Helper()
	r, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func source(t *testing.T, c *net.TCPConn) *Source {
	t.Helper()
	return NewSource(raw(t, c))
}

// pool is the pool of the tests that need any pipe.
var pool = NewPool(4)

func take(t *testing.T) *Pipe {
	t.Helper()
	p := pool.Take()
	if p == nil {
		t.Fatal("no pipe is free")
	}
	return p
}

// TestRelay moves a body of every length in pieces between two connections.
func TestRelay(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	body := make([]byte, 3<<20+rng.IntN(1<<20))
	for i := range body {
		body[i] = byte(rng.Uint32())
	}
	client, in := sockets(t)
	out, sink := sockets(t)
	go func() {
		_, _ = client.Write(body)
		_ = client.Close()
	}()
	got := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(sink)
		got <- all
	}()
	p := take(t)
	defer p.Give()
	for {
		n, err := source(t, in).Fill(p, 1+rng.IntN(2*BytesMax))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n <= 0 || n > BytesMax || n != p.Held() {
			t.Fatalf("fill: %d of %d held, %v", n, p.Held(), err)
		}
		if m, err := p.Drain(raw(t, out)); m != n || err != nil || p.Held() != 0 {
			t.Fatalf("drain: %d of %d, %d left, %v", m, n, p.Held(), err)
		}
	}
	_ = out.Close()
	if all := <-got; !bytes.Equal(all, body) {
		t.Errorf("%d bytes of %d arrived, or others", len(all), len(body))
	}
}

// TestFillIsBounded: Fill takes no more than the caller wants.
func TestFillIsBounded(t *testing.T) {
	client, in := sockets(t)
	if _, err := client.Write([]byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	out, sink := sockets(t)
	p := take(t)
	defer p.Give()
	if n, err := source(t, in).Fill(p, 4); n != 4 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := p.Drain(raw(t, out)); n != 4 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	rest := make([]byte, 6)
	if _, err := io.ReadFull(in, rest); err != nil || string(rest) != "456789" {
		t.Errorf("%q, %v", rest, err)
	}
	first := make([]byte, 4)
	if _, err := io.ReadFull(sink, first); err != nil || string(first) != "0123" {
		t.Errorf("%q, %v", first, err)
	}
}

// TestDeadlines: a source without bytes and a destination without room end at
// their own deadlines, and the pipe knows what it still holds.
func TestDeadlines(t *testing.T) {
	client, in := sockets(t)
	p := take(t)
	past := time.Now().Add(-time.Second)
	if err := in.SetReadDeadline(past); err != nil {
		t.Fatal(err)
	}
	if n, err := source(t, in).Fill(p, 10); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || p.Held() != 0 {
		t.Errorf("fill: %d, %v, %d held", n, err, p.Held())
	}
	if err := in.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	if n, err := source(t, in).Fill(p, 10); n != 3 || err != nil {
		t.Fatalf("fill: %d, %v", n, err)
	}
	out, _ := sockets(t)
	if err := out.SetWriteDeadline(past); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Drain(raw(t, out)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || p.Held() != 3 {
		t.Errorf("drain: %d, %v, %d held", n, err, p.Held())
	}
	p.Give()
	if pool.left == 0 || slices.Contains(pool.idle, p) {
		t.Error("a pipe with bytes in it was kept")
	}
}

// TestPoolIsBounded: a pool has as many pipes as allowed, and not one more. After
// Close a pool has none.
func TestPoolIsBounded(t *testing.T) {
	const most = 5
	small := NewPool(most)
	var all []*Pipe
	for range most {
		all = append(all, small.Take())
	}
	if slices.Contains(all, nil) {
		t.Error("a pipe is missing")
	}
	if p := small.Take(); p != nil {
		t.Error("a pipe over the limit")
	}
	for _, p := range all[1:] {
		p.Give()
	}
	if p := small.Take(); p != all[most-1] {
		t.Error("the last idle pipe was not used again")
	} else {
		p.Give()
	}
	small.Close()
	all[0].Give()
	if p := small.Take(); p != nil || len(small.idle) > 0 || small.left != most {
		t.Errorf("a closed pool has %d pipes, and may make %d", len(small.idle), small.left)
	}
}

// TestNoPool: a nil Pool has no pipe.
func TestNoPool(t *testing.T) {
	var none *Pool
	if none.Take() != nil {
		t.Error("a pipe of no pool")
	}
	none.Close()
}

// TestGone: a destination that has closed ends Drain, and a source that was
// closed here ends Fill.
func TestGone(t *testing.T) {
	client, in := sockets(t)
	out, sink := sockets(t)
	_ = sink.Close()
	p := take(t)
	defer p.Give()
	var err error
	for err == nil { // the first bytes may still find room
		if _, err = client.Write([]byte("abc")); err != nil {
			t.Fatal(err)
		}
		if _, err = source(t, in).Fill(p, 10); err != nil {
			t.Fatal(err)
		}
		_, err = p.Drain(raw(t, out))
	}
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("drain: %v", err)
	}
	q := take(t)
	defer q.Give()
	other, closed := sockets(t)
	r := source(t, closed)
	_ = closed.Close()
	if _, err := r.Fill(q, 10); !errors.Is(err, net.ErrClosed) {
		t.Errorf("fill: %v", err)
	}
	_ = other.Close()
}

// BenchmarkRelay tells the processor time of a relay of 64 KiB, with its source
// and its sink: through a pipe, and by copying.
func BenchmarkRelay(b *testing.B) {
	b.Run("pipe", func(b *testing.B) { relay(b, pipeAll) })
	b.Run("copy", func(b *testing.B) { relay(b, copyAll) })
}

func pipeAll(out, in *net.TCPConn) error {
	p := pool.Take()
	defer p.Give()
	raw, _ := in.SyscallConn()
	from := NewSource(raw)
	to, err := out.SyscallConn()
	if err == nil {
		err = from.Gather(BytesMax)
	}
	for err == nil {
		if _, err = from.Fill(p, BytesMax); err == nil {
			_, err = p.Drain(to)
		}
	}
	return err
}

func copyAll(out, in *net.TCPConn) error {
	_, err := io.CopyBuffer(struct{ io.Writer }{out}, struct{ io.Reader }{in}, make([]byte, 64<<10))
	return err
}

func relay(b *testing.B, all func(out, in *net.TCPConn) error) {
	client, in := sockets(b)
	out, sink := sockets(b)
	piece := make([]byte, 64<<10)
	b.SetBytes(int64(len(piece)))
	begin := processorTime()
	go func() {
		for range b.N {
			if _, err := client.Write(piece); err != nil {
				break
			}
		}
		_ = client.Close()
	}()
	done := make(chan error)
	go func() {
		_, err := io.Copy(io.Discard, sink)
		done <- err
	}()
	b.ResetTimer()
	if err := all(out, in); err != nil && err != io.EOF {
		b.Fatal(err)
	}
	_ = out.Close()
	<-done
	b.ReportMetric(float64(processorTime()-begin)/float64(b.N), "cpu-ns/op")
}

func processorTime() time.Duration {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestTee: two pipes have the same bytes, and each is drained alone.
func TestTee(t *testing.T) {
	client, in := sockets(t)
	p, q := take(t), take(t)
	if _, err := client.Write([]byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	if n, err := source(t, in).Fill(p, 7); n != 7 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	if n, err := p.Tee(q); n != 7 || err != nil || p.Held() != 7 || q.Held() != 7 {
		t.Fatalf("%d, %v; %d and %d held", n, err, p.Held(), q.Held())
	}
	for _, full := range []*Pipe{p, q} {
		out, sink := sockets(t)
		if n, err := full.Drain(raw(t, out)); n != 7 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		got := make([]byte, 7)
		if _, err := io.ReadFull(sink, got); err != nil || string(got) != "0123456" {
			t.Errorf("%q, %v", got, err)
		}
		full.Give()
	}
}

// TestGather: Fill waits for as many bytes as Gather has said, and takes fewer at
// the deadline and at the end. After Gather(1) a read wakes at the first byte.
func TestGather(t *testing.T) {
	client, in := sockets(t)
	out, sink := sockets(t)
	go func() { _, _ = io.Copy(io.Discard, sink) }()
	p, src := take(t), source(t, in)
	defer p.Give()
	if err := src.Gather(1000); err != nil {
		t.Fatal(err)
	}
	write := func(n int) {
		t.Helper()
		if _, err := client.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	fill := func(want int, wantErr error) {
		t.Helper()
		n, err := src.Fill(p, BytesMax)
		if n != want || !errors.Is(err, wantErr) {
			t.Errorf("got %d, %v; want %d, %v", n, err, want, wantErr)
		}
		if _, err := p.Drain(raw(t, out)); err != nil {
			t.Fatal(err)
		}
	}
	write(600)
	go func() { _, _ = client.Write(make([]byte, 600)) }()
	fill(1200, nil)
	past := time.Now().Add(-time.Second)
	for _, arrived := range []int{0, 999} {
		write(arrived)
		if err := in.SetReadDeadline(past); err != nil {
			t.Fatal(err)
		}
		if arrived == 0 {
			fill(0, os.ErrDeadlineExceeded)
		} else {
			fill(arrived, nil)
		}
	}
	if err := errors.Join(in.SetReadDeadline(time.Time{}), src.Gather(1)); err != nil {
		t.Fatal(err)
	}
	write(1)
	fill(1, nil)
	if err := src.Gather(1000); err != nil {
		t.Fatal(err)
	}
	write(10)
	_ = client.Close()
	fill(10, nil)
	fill(0, io.EOF)
}

// TestGatherOfNothing: a connection without a socket has nothing to ask.
func TestGatherOfNothing(t *testing.T) {
	if err := (*Source)(nil).Gather(1); err != nil {
		t.Error(err)
	}
}
