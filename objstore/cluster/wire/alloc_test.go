// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/wire"
)

// TestBlocksAllocateNothing counts the allocations of a block that is written,
// and of a block that is read. wiretest's node allocates in the same process,
// so the nodes here are bare.
func TestBlocksAllocateNothing(t *testing.T) {
	const blocks = 1000
	block := make([]byte, 64<<10)

	t.Run("write", func(t *testing.T) {
		for _, length := range []int64{0, 1 << 40} {
			addr := serve(t, func(nc io.ReadWriter) {
				_, _ = io.WriteString(nc, "HTTP/1.1 100 Continue\r\n\r\n")
				buf := make([]byte, 1<<20)
				for {
					if _, err := nc.Read(buf); err != nil {
						return
					}
				}
			})
			req := putRequest(addr)
			req.Length = length
			p, err := newClient(t, wire.Options{}).Put(t.Context(), req)
			require.NoError(t, err)
			_, _, err = p.Continue(t.Context())
			require.NoError(t, err)
			require.Zero(t, testing.AllocsPerRun(blocks, func() {
				if err := p.Write(block); err != nil {
					panic(err)
				}
			}))
			p.Abort()
		}
	})
	t.Run("read", func(t *testing.T) {
		addr := serve(t, func(nc io.ReadWriter) {
			_, _ = nc.Read(make([]byte, 4096))
			_, _ = io.WriteString(nc, "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n")
			for {
				if _, err := nc.Write(block); err != nil {
					return
				}
			}
		})
		r, err := newClient(t, wire.Options{}).Do(t.Context(), getRequest(addr))
		require.NoError(t, err)
		into := make([]byte, 64<<10)
		require.Zero(t, testing.AllocsPerRun(blocks, func() {
			if _, err := io.ReadFull(r.Body, into); err != nil {
				panic(err)
			}
		}))
		require.NoError(t, r.Body.Close())
	})
}

// serve runs a node of a single connection.
func serve(t testing.TB, node func(io.ReadWriter)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan bool)
	go func() {
		defer close(done)
		nc, err := l.Accept()
		_ = l.Close()
		if err == nil {
			node(nc)
			_ = nc.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

func BenchmarkGet(b *testing.B) {
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\nContent-Type: text/plain\r\nEtag: \"e\"\r\nX-Timestamp: 1.0\r\n\r\n" + strings.Repeat("x", 4096)
	addr := serve(b, func(nc io.ReadWriter) {
		buf := make([]byte, 4096)
		for {
			if _, err := nc.Read(buf); err != nil {
				return
			}
			if _, err := io.WriteString(nc, answer); err != nil {
				return
			}
		}
	})
	c := wire.New(wire.Options{})
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		r, err := c.Do(b.Context(), getRequest(addr))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			b.Fatal(err)
		}
		_ = r.Body.Close()
	}
}

// BenchmarkPut writes 64 MiB in blocks of 64 KiB.
func BenchmarkPut(b *testing.B) {
	node := serve(b, func(nc io.ReadWriter) {
		buf := make([]byte, 1<<20)
		for {
			n, err := nc.Read(buf)
			if err != nil {
				return
			}
			switch {
			case bytes.HasSuffix(buf[:n], []byte("\r\n0\r\n\r\n")):
				_, _ = io.WriteString(nc, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
			case bytes.HasPrefix(buf[:n], []byte("PUT ")):
				_, _ = io.WriteString(nc, "HTTP/1.1 100 Continue\r\n\r\n")
			}
		}
	})
	c := wire.New(wire.Options{})
	defer c.Close()
	block := make([]byte, 64<<10)
	b.SetBytes(64 << 20)
	b.ReportAllocs()
	for b.Loop() {
		p, err := c.Put(b.Context(), putRequest(node))
		if err != nil {
			b.Fatal(err)
		}
		_, _, err = p.Continue(b.Context())
		for range (64 << 20) / len(block) {
			if err == nil {
				err = p.Write(block)
			}
		}
		if err == nil {
			_, err = p.Finish(b.Context())
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
