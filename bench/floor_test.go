// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"unsafe"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"
)

// floorEnv makes the test binary a floor server: "discard" or "direct".
const floorEnv = "NEEDLETAIL_BENCH_FLOOR"

const (
	alignBytes      = 4096
	floorBufferSize = 1 << 20
)

// startNoDigest starts needletail as it is in all but the MD5, which a build tag
// leaves out: what the digest costs is the difference.
func startNoDigest(tb testing.TB) *server {
	tb.Helper()
	return startBuilt(tb, "nodigest", "")
}

// runFloor serves until the process is ended. Its first line says where.
func runFloor(kind, dir string) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening on http://%s\n", ln.Addr())
	f := floor{dir: dir, direct: kind == "direct"}
	f.buffers.New = func() any { b := alignedBuffer(floorBufferSize); return &b }
	server := fasthttp.Server{
		Handler: f.handle, StreamRequestBody: true, MaxRequestBodySize: 8 << 10,
		ReadBufferSize: 64 << 10, WriteBufferSize: 64 << 10,
	}
	return server.Serve(ln)
}

type floor struct {
	dir     string
	direct  bool
	buffers sync.Pool
}

// alignedBuffer gives memory that O_DIRECT accepts.
func alignedBuffer(size int) []byte {
	b := make([]byte, size+alignBytes)
	off := alignBytes - int(uintptr(unsafe.Pointer(&b[0]))%alignBytes)
	return b[off : off+size : off+size]
}

func (f *floor) handle(ctx *fasthttp.RequestCtx) {
	path := filepath.Join(f.dir, filepath.Base(string(ctx.Path())))
	if ctx.IsDelete() {
		if err := os.Remove(path); err != nil {
			ctx.Error(err.Error(), 500)
			return
		}
		ctx.SetStatusCode(204)
		return
	}
	buf := f.buffers.Get().(*[]byte)
	defer f.buffers.Put(buf)
	body := ctx.RequestBodyStream()
	if body == nil {
		body = io.MultiReader()
	}
	var err error
	if f.direct {
		err = f.store(body, *buf, path)
	} else {
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, *buf)
	}
	if err != nil {
		ctx.Error(err.Error(), 500)
		return
	}
	ctx.SetStatusCode(201)
}

// store writes the body with O_DIRECT and fdatasync over the old file.
func (f *floor) store(body io.Reader, buf []byte, path string) (err error) {
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_WRONLY|unix.O_DIRECT|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	for offset := int64(0); ; {
		n, rerr := io.ReadFull(body, buf)
		padded := (n + alignBytes - 1) &^ (alignBytes - 1)
		for done := 0; done < padded; {
			w, err := unix.Pwrite(fd, buf[done:padded], offset+int64(done))
			if err != nil {
				return err
			}
			done += w
		}
		offset += int64(n)
		if rerr != nil {
			if !errors.Is(rerr, io.EOF) && !errors.Is(rerr, io.ErrUnexpectedEOF) {
				return rerr
			}
			return unix.Fdatasync(fd)
		}
	}
}
