// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Load is a round of equal requests. Each of Streams connections sends OpsPerStream
// requests in a row, or fewer requests if For ends before.
type Load struct {
	Addr string // HOST:PORT
	// Dial connects to Addr; nil means net.Dial.
	Dial   func(network, addr string) (net.Conn, error)
	Token  string // X-Auth-Token, or ""
	Method string // PUT, GET, HEAD or DELETE
	// Path is the target of a stream's n-th request. Safe for concurrent use.
	Path         func(stream, n int) string
	Streams      int
	OpsPerStream int
	For          time.Duration // no request begins later; 0: no end
	SizeBytes    int64         // of each body; -1 for a GET: any size
}

// Result counts what a round moved, and in which time.
type Result struct {
	Ops     int
	Bytes   int64
	Elapsed time.Duration
	// Latencies are sorted. A latency runs from the first byte of a request to the
	// last byte of the answer.
	Latencies []time.Duration
}

// Percentile returns the latency that p percent of the requests did not exceed.
func (r Result) Percentile(p float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	i := int(p/100*float64(len(r.Latencies))+0.5) - 1
	return r.Latencies[min(max(i, 0), len(r.Latencies)-1)]
}

// MBPerSecond returns the rate of the bodies, in units of 10^6 bytes.
func (r Result) MBPerSecond() float64 { return float64(r.Bytes) / 1e6 / r.Elapsed.Seconds() }

// chunkBytes is the length of a client's write. Large writes keep the client's own
// cost out of the measurement.
const chunkBytes = 1 << 20

// filler holds the bytes of all bodies: random bytes, which no server can compress.
var filler = sync.OnceValue(func() []byte {
	b := make([]byte, chunkBytes)
	_, _ = rand.Read(b) // crypto/rand.Read does not fail
	return b
})

// Run sends the round's requests and returns the sums. An answer other than 2xx is
// an error.
func (l Load) Run() (Result, error) {
	filler()
	dial := l.Dial
	if dial == nil {
		dial = net.Dial
	}
	conns := make([]net.Conn, l.Streams)
	for i := range conns {
		c, err := dial("tcp", l.Addr)
		if err != nil {
			return Result{}, err
		}
		defer c.Close()
		conns[i] = c
	}
	errs := make([]error, l.Streams)
	latencies := make([][]time.Duration, l.Streams)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range conns {
		wg.Go(func() { latencies[i], errs[i] = l.stream(conns[i], i, start) })
	}
	wg.Wait()
	elapsed := time.Since(start)
	all := slices.Concat(latencies...)
	slices.Sort(all)
	return Result{Ops: len(all), Bytes: int64(len(all)) * l.SizeBytes, Elapsed: elapsed, Latencies: all}, errors.Join(errs...)
}

func (l Load) stream(c net.Conn, stream int, start time.Time) (latencies []time.Duration, err error) {
	lines := " HTTP/1.1\r\nHost: " + l.Addr + "\r\n"
	if l.Token != "" {
		lines += "X-Auth-Token: " + l.Token + "\r\n"
	}
	if l.Method == "PUT" {
		lines += "Content-Type: application/octet-stream\r\nContent-Length: " + strconv.FormatInt(l.SizeBytes, 10) + "\r\n"
	}
	lines += "\r\n"
	br := bufio.NewReaderSize(c, 64<<10)
	sink := make([]byte, chunkBytes)
	for n := range l.OpsPerStream {
		path := l.Path(stream, n)
		begin := time.Now()
		if l.For > 0 && begin.Sub(start) >= l.For {
			break
		}
		if err := l.send(c, l.Method+" "+path+lines); err != nil {
			return latencies, fmt.Errorf("%s %s: %w", l.Method, path, err)
		}
		if err := l.receive(br, sink); err != nil {
			return latencies, fmt.Errorf("%s %s: %w", l.Method, path, err)
		}
		latencies = append(latencies, time.Since(begin))
	}
	return latencies, nil
}

func (l Load) send(c net.Conn, head string) error {
	if l.Method != "PUT" {
		_, err := io.WriteString(c, head)
		return err
	}
	first := append([]byte(head), filler()[:min(l.SizeBytes, 8<<10)]...)
	if _, err := c.Write(first); err != nil {
		return err
	}
	for left := l.SizeBytes - int64(len(first)-len(head)); left > 0; {
		n, err := c.Write(filler()[:min(left, chunkBytes)])
		if err != nil {
			return err
		}
		left -= int64(n)
	}
	return nil
}

func (l Load) receive(br *bufio.Reader, sink []byte) error {
	line, err := br.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "HTTP/1.1 2") {
		return fmt.Errorf("answer %q", strings.TrimSpace(line))
	}
	length := int64(0)
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil {
				return err
			}
		}
	}
	if l.Method == "HEAD" {
		return nil
	}
	if l.Method == "GET" && l.SizeBytes >= 0 && length != l.SizeBytes {
		return fmt.Errorf("%d bytes came, not %d", length, l.SizeBytes)
	}
	for length > 0 {
		n, err := br.Read(sink[:min(length, chunkBytes)])
		length -= int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}
