// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestRangeLimits(t *testing.T) {
	list := func(n int, each func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = each(i)
		}
		return "bytes=" + strings.Join(parts, ",")
	}
	ascending := func(i int) string { return fmt.Sprintf("%d-%d", 2*i, 2*i) }
	same := func(int) string { return "0-9" }
	for _, tc := range []struct {
		header string
		ranges int // 0 is 416
	}{
		{list(50, ascending), 50},
		{list(51, ascending), 0},
		{list(51, ascending) + ",9999-", 0},
		{list(50, ascending) + ",9999-", 50}, // what cannot be satisfied does not count
		{list(7, func(i int) string { return ascending(7 - i) }), 7},
		{list(8, func(i int) string { return ascending(8 - i) }), 0},
		{"bytes=0-9,5-14,10-19,30-", 4},
		{"bytes=0-9,5-14,12-19,18-30", 0},
		{list(2, same), 2}, {list(3, same), 0}, // three pairs
	} {
		ranges, ok := ResolveRanges(tc.header, 1000)
		if !ok || len(ranges) != tc.ranges {
			t.Errorf("%s: %d ranges, %v; want %d", tc.header, len(ranges), ok, tc.ranges)
		}
	}
}

// slicer is a Ranger over bytes whose readers give a few bytes at a time.
type slicer struct {
	data   []byte
	closed bool
}

func (s *slicer) Range(offset, length int64) io.Reader {
	return &trickle{bytes.NewReader(s.data[offset : offset+length])}
}
func (s *slicer) Close() error { s.closed = true; return nil }

type trickle struct{ r io.Reader }

func (t *trickle) Read(p []byte) (int, error) { return t.r.Read(p[:min(len(p), 3)]) }

// A reply to any ranges holds the plain slices of the body.
func TestRangesAgainstSlices(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		data := make([]byte, 1+rng.IntN(40))
		for i := range data {
			data[i] = byte('a' + rng.IntN(26))
		}
		size := int64(len(data))
		var specs []string
		var want []string
		for range 1 + rng.IntN(3) {
			a, b := rng.Int64N(size+5), rng.Int64N(size+5)
			switch rng.IntN(3) {
			case 0:
				a, b = min(a, b), max(a, b)
				specs = append(specs, fmt.Sprintf("%d-%d", a, b))
				if a < size {
					want = append(want, string(data[a:min(b+1, size)]))
				}
			case 1:
				specs = append(specs, fmt.Sprintf("%d-", a))
				if a < size {
					want = append(want, string(data[a:]))
				}
			default:
				specs = append(specs, fmt.Sprintf("-%d", a))
				if a > 0 {
					want = append(want, string(data[max(0, size-a):]))
				}
			}
		}
		header := "bytes=" + strings.Join(specs, ",")
		ranges, ok := ResolveRanges(header, size)
		if !ok || len(ranges) != len(want) && len(ranges) != 0 {
			t.Fatalf("%s of %d: %v, %v; want %q", header, size, ranges, ok, want)
		}
		for i, r := range ranges {
			if got := string(data[r.Start:r.End]); got != want[i] {
				t.Fatalf("%s of %q: part %d is %q, want %q", header, data, i, got, want[i])
			}
		}
		if len(ranges) > 1 {
			checkMultipart(t, data, ranges, want)
		}
	}
}

// checkMultipart reads the body both ways.
func checkMultipart(t *testing.T, data []byte, ranges []ByteRange, parts []string) {
	t.Helper()
	for _, writeTo := range []bool{false, true} {
		src := &slicer{data: data}
		body, contentType, length := NewMultiRangeBody(src, ranges, "x/y", int64(len(data)))
		var got bytes.Buffer
		var err error
		if writeTo {
			_, err = body.(io.WriterTo).WriteTo(&got)
		} else {
			_, err = io.Copy(&got, struct{ io.Reader }{body})
		}
		if err != nil || int64(got.Len()) != length {
			t.Fatalf("%d bytes of %d, %v", got.Len(), length, err)
		}
		_, boundary, _ := strings.Cut(contentType, "boundary=")
		var want strings.Builder
		for i, r := range ranges {
			fmt.Fprintf(&want, "--%s\r\nContent-Type: x/y\r\nContent-Range: bytes %d-%d/%d\r\n\r\n%s\r\n",
				boundary, r.Start, r.End-1, len(data), parts[i])
		}
		want.WriteString("--" + boundary + "--")
		if got.String() != want.String() {
			t.Fatalf("multipart body %q, want %q", got.String(), want.String())
		}
		if err := body.Close(); err != nil || !src.closed {
			t.Fatalf("closing: %v, %v", err, src.closed)
		}
	}
}

// shortRanger gives less than was asked.
type shortRanger struct{}

func (shortRanger) Range(int64, int64) io.Reader { return strings.NewReader("x") }
func (shortRanger) Close() error                 { return nil }

func TestMultiRangeTellsShortPart(t *testing.T) {
	ranges := []ByteRange{{0, 5}, {6, 9}}
	body, _, _ := NewMultiRangeBody(shortRanger{}, ranges, "x/y", 10)
	if _, err := io.ReadAll(struct{ io.Reader }{body}); err != io.ErrUnexpectedEOF {
		t.Errorf("Read: %v", err)
	}
	body, _, _ = NewMultiRangeBody(shortRanger{}, ranges, "x/y", 10)
	if _, err := body.(io.WriterTo).WriteTo(io.Discard); err != io.ErrUnexpectedEOF {
		t.Errorf("WriteTo: %v", err)
	}
}

func FuzzResolveRanges(f *testing.F) {
	for _, s := range []string{"bytes=0-", "bytes=-0", "bytes=1-2,3-4,-5", "bytes=--0", "bytes=,",
		"bytes=99999999999999999999-", "bytes=0-9223372036854775807", "Bytes = 1 - 2"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		ranges, ok := ResolveRanges(header, size)
		if !ok && ranges != nil || len(ranges) > maxRanges {
			t.Fatalf("%q: %v, %v", header, ranges, ok)
		}
		for _, r := range ranges {
			if r.Start < 0 || r.Start >= r.End || r.End > size {
				t.Fatalf("%q of %d gives %v", header, size, r)
			}
		}
	})
}
