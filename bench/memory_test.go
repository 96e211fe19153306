// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
)

const (
	uploadsAtOnce  = 256
	uploadsMaxRSS  = 512 << 20
	uploadsGrowRSS = 64 << 20 // what larger bodies may add
)

// TestMemoryOfManyUploads holds 256 uploads at once, twice: the server's peak of
// resident memory stays under 512 MiB and does not follow the size of the bodies.
// With NEEDLETAIL_BENCH_LARGE_UPLOADS set these are 16 and 64 MiB long, which take
// 20 GiB of disk; from 16 MiB on the first uploads have the longest buffers.
func TestMemoryOfManyUploads(t *testing.T) {
	s := startNeedletail(t)
	size, larger := int64(2<<20), int64(4<<20)
	if os.Getenv("NEEDLETAIL_BENCH_LARGE_UPLOADS") != "" {
		size, larger = 16<<20, 64<<20
	}
	small := s.peakOfUploads(t, size)
	large := s.peakOfUploads(t, larger)
	t.Logf("%d uploads at once: %d MB with %d MiB each, %d MB with %d MiB", uploadsAtOnce, small/1e6, size>>20, large/1e6, larger>>20)
	if small > uploadsMaxRSS || large > uploadsMaxRSS {
		t.Errorf("over %d MiB", uploadsMaxRSS>>20)
	}
	if large > small+uploadsGrowRSS {
		t.Errorf("memory follows the size of the bodies")
	}
}

// peakOfUploads sends all bodies but for their last bytes, and those only when
// every upload is so far.
func (s *server) peakOfUploads(t *testing.T, size int64) int64 {
	t.Helper()
	if err := s.ResetPeakRSS(); err != nil {
		t.Fatal(err)
	}
	var nearlyAll, all sync.WaitGroup
	nearlyAll.Add(uploadsAtOnce)
	for i := range uploadsAtOnce {
		all.Go(func() {
			if err := s.upload(i, size, &nearlyAll); err != nil {
				t.Errorf("upload %d: %v", i, err)
			}
		})
	}
	all.Wait()
	peak, err := s.PeakRSSBytes()
	if err != nil {
		t.Fatal(err)
	}
	return peak
}

func (s *server) upload(i int, size int64, nearlyAll *sync.WaitGroup) error {
	c, err := net.Dial("tcp", s.addr)
	if err == nil {
		defer c.Close()
		_, err = fmt.Fprintf(c, "PUT %s HTTP/1.1\r\nHost: h\r\nX-Auth-Token: %s\r\nContent-Length: %d\r\n\r\n", s.streamPath(i, 0), s.token, size)
	}
	for left := size - 1; left > 0 && err == nil; {
		var n int
		n, err = c.Write(filler()[:min(left, chunkBytes)])
		left -= int64(n)
	}
	nearlyAll.Done()
	if err != nil {
		return err
	}
	nearlyAll.Wait()
	if _, err := io.WriteString(c, "x"); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "HTTP/1.1 201") {
		err = fmt.Errorf("answer %q", line)
	}
	return err
}
