// SPDX-License-Identifier: Apache-2.0

//go:build interop

package fragment

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests ask OpenStack's own code: python3-pyeclib over liberasurecode,
// with libisal2 and libjerasure2. `make fragment-interop` runs them.

var rewrite = flag.Bool("rewrite", false, "write the golden file")

// pyeclib is a running testdata/erasurecode.py.
type pyeclib struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Reader
}

// question is a question to erasurecode.py, and answer the answer.
type question struct {
	Op      string  `json:"op"`
	Type    string  `json:"type"`
	Data    int     `json:"k"`
	Parity  int     `json:"m"`
	Index   int     `json:"index"`
	Lost    []int   `json:"lost"`
	Seconds float64 `json:"seconds"`
	Lengths []int   `json:"lengths"`
}

type answer struct {
	Error    string  `json:"error"`
	Metadata string  `json:"metadata"`
	Encode   float64 `json:"encode"`
	Decode   float64 `json:"decode"`
	Lengths  []int   `json:"lengths"`
}

// startPyeclib starts erasurecode.py, with more variables of the environment.
func startPyeclib(t testing.TB, env ...string) *pyeclib {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "testdata/erasurecode.py")
	cmd.Env = append(append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1"), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		require.NoError(t, cmd.Wait())
	})
	return &pyeclib{t, in, bufio.NewReader(out)}
}

func (p *pyeclib) ask(q question, parts ...[]byte) (answer, [][]byte) {
	p.t.Helper()
	for _, part := range parts {
		q.Lengths = append(q.Lengths, len(part))
	}
	line, err := json.Marshal(q)
	require.NoError(p.t, err)
	for _, part := range append([][]byte{append(line, '\n')}, parts...) {
		_, err := p.in.Write(part)
		require.NoError(p.t, err)
	}
	line, err = p.out.ReadBytes('\n')
	require.NoError(p.t, err)
	var a answer
	require.NoError(p.t, json.Unmarshal(line, &a))
	var answered [][]byte
	for _, n := range a.Lengths {
		part := make([]byte, n)
		_, err := io.ReadFull(p.out, part)
		require.NoError(p.t, err)
		answered = append(answered, part)
	}
	return a, answered
}

func about(op string, c *Codec) question {
	return question{Op: op, Type: c.ecType.name, Data: c.data, Parity: c.parity}
}

// must asks, and wants no error.
func (p *pyeclib) must(q question, parts ...[]byte) [][]byte {
	p.t.Helper()
	a, answered := p.ask(q, parts...)
	require.Empty(p.t, a.Error, "%s %s %d+%d", q.Op, q.Type, q.Data, q.Parity)
	return answered
}

// TestInteropFragments compares whole fragments of both sides, and lets each
// side decode and rebuild the fragments of the other.
func TestInteropFragments(t *testing.T) {
	rng := newRand(t)
	library := startPyeclib(t)
	cases := 0
	for _, ecType := range Types() {
		for _, shape := range goldenShapes {
			c := newCodec(t, ecType, shape[0], shape[1])
			for _, n := range goldenLengths {
				compareFragments(t, rng, library, c, randomBytes(rng, n))
				cases++
			}
			for range 4 {
				compareFragments(t, rng, library, c, randomBytes(rng, 1+rng.IntN(20_000)))
				cases++
			}
		}
	}
	t.Logf("%d segments have equal fragments, decoded both ways", cases)
}

func compareFragments(t *testing.T, rng *rand.Rand, library *pyeclib, c *Codec, segment []byte) {
	t.Helper()
	name := fmt.Sprintf("%s, %d bytes", c.Scheme(), len(segment))
	ours := encode(t, c, segment)
	theirs := library.must(about("encode", c), segment)
	require.Len(t, theirs, len(ours), name)
	for i := range ours {
		require.True(t, string(masked(ours[i])) == string(masked(theirs[i])), "%s, fragment %d", name, i)
	}
	pick := func(from [][]byte) (kept [][]byte) {
		for _, i := range rng.Perm(len(from))[:c.Data()] {
			kept = append(kept, from[i])
		}
		return kept
	}
	got, err := c.Decode(pick(theirs), nil)
	require.NoError(t, err, name)
	require.True(t, string(segment) == string(got), "%s: decoding of their fragments", name)
	answered := library.must(about("decode", c), pick(ours)...)
	require.True(t, string(segment) == string(answered[0]), "%s: their decoding", name)
	index := rng.IntN(len(ours))
	q := about("reconstruct", c)
	q.Index = index
	answered = library.must(q, pick(ours)...)
	require.True(t, string(masked(ours[index])) == string(masked(answered[0])), "%s: their rebuilding of %d", name, index)
	got, err = c.Reconstruct(pick(theirs), index, nil)
	require.NoError(t, err, name)
	require.True(t, string(masked(ours[index])) == string(masked(got)), "%s: rebuilding of %d", name, index)
}

// TestInteropLegacyCRC reads headers with the CRC of old libraries, and lets the
// library judge headers of ours.
func TestInteropLegacyCRC(t *testing.T) {
	rng := newRand(t)
	library := startPyeclib(t, "LIBERASURECODE_WRITE_LEGACY_CRC=1")
	c := newCodec(t, "liberasurecode_rs_vand", 4, 2)
	differ := 0
	for range 200 {
		segment := randomBytes(rng, 1+rng.IntN(5000))
		old := library.must(about("encode", c), segment)
		now := encode(t, c, segment)
		for i := range old {
			if string(old[i][crcAt:paddingAt]) != string(now[i][crcAt:paddingAt]) {
				differ++
			}
		}
		got, err := c.Decode(old[2:], nil)
		require.NoError(t, err)
		require.True(t, string(segment) == string(got))
		library.must(about("metadata", c), now[rng.IntN(6)])
	}
	require.Positive(t, differ, "the library wrote no legacy CRC")
}

// TestInteropHeaders lets both sides judge damaged headers.
func TestInteropHeaders(t *testing.T) {
	rng := newRand(t)
	library := startPyeclib(t)
	c := newCodec(t, "isa_l_rs_cauchy", 4, 2)
	sums := []func([]byte) uint32{crc32.ChecksumIEEE, legacyCRC, func([]byte) uint32 { return rng.Uint32() }}
	orders := []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}
	sound := 0
	for range 3000 {
		f := encode(t, c, []byte("the bytes of a segment"))[rng.IntN(6)]
		if rng.IntN(2) == 0 {
			f = append(swapped(f[:HeaderBytes], crc32.ChecksumIEEE), f[HeaderBytes:]...)
		}
		for range rng.IntN(3) {
			f[rng.IntN(HeaderBytes)] ^= 1 << rng.IntN(8)
		}
		if rng.IntN(3) == 0 {
			clear(f[libraryVersionAt+rng.IntN(4) : crcAt])
		}
		if rng.IntN(2) == 0 {
			seal(f, orders[rng.IntN(2)], sums[rng.IntN(3)])
		}
		if f[checksumKindAt] == checksumCRC32 {
			continue // the library would believe any length of the payload
		}
		a, _ := library.ask(about("metadata", c), f)
		_, err := ParseHeader(f)
		require.Equal(t, a.Error == "", err == nil, "%x: we say %v, the library %q", f[:HeaderBytes], err, a.Error)
		if err == nil {
			sound++
		}
	}
	t.Logf("%d headers were sound", sound)
}

// TestInteropGolden compares the golden file with the library.
func TestInteropGolden(t *testing.T) {
	library := startPyeclib(t)
	var golden strings.Builder
	for _, ecType := range Types() {
		for _, shape := range goldenShapes {
			for _, n := range goldenLengths {
				c := newCodec(t, ecType, shape[0], shape[1])
				sum := goldenSum(library.must(about("encode", c), goldenSegment(n)))
				fmt.Fprintln(&golden, ecType, shape[0], shape[1], n, sum)
			}
		}
	}
	if *rewrite {
		require.NoError(t, os.WriteFile(goldenPath, []byte(golden.String()), 0o644))
	}
	kept, err := os.ReadFile(goldenPath)
	require.NoError(t, err)
	require.Equal(t, golden.String(), string(kept))
}

// BenchmarkPyeclib measures pyeclib with the segments of BenchmarkEncode and
// BenchmarkDecode.
func BenchmarkPyeclib(b *testing.B) {
	library := startPyeclib(b)
	segment := goldenSegment(benchSegmentBytes)
	forTypesAndShapes(b, func(b *testing.B, c *Codec) {
		q := about("bench", c)
		q.Lost, q.Seconds = []int{0, 1}, 0.5
		var a answer
		for range b.N {
			a, _ = library.ask(q, segment)
			require.Empty(b, a.Error)
		}
		b.ReportMetric(a.Encode/1e6, "MB/cpu-s-encode")
		b.ReportMetric(a.Decode/1e6, "MB/cpu-s-decode")
		b.ReportMetric(0, "ns/op")
	})
}
