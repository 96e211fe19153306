// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pieces is a list of segments that counts what is open.
type pieces struct {
	list  []string
	asked int // how many segments were asked for
	open  int
	fail  map[int]error // by the segment's index
	short int           // the segment that ends early, or -1
}

func (p *pieces) next() (Segment, error) {
	i := p.asked
	if i == len(p.list) {
		return Segment{}, io.EOF
	}
	p.asked++
	return Segment{Bytes: int64(len(p.list[i])), Open: func(part ByteRange) (io.ReadCloser, error) {
		if err := p.fail[i]; err != nil {
			return nil, err
		}
		s := p.list[i][part.Start:part.End]
		if i == p.short {
			s = s[:len(s)-1]
		}
		p.open++
		return &piece{strings.NewReader(s), p}, nil
	}}, nil
}

type piece struct {
	io.Reader
	p *pieces
}

func (p *piece) Close() error { p.p.open--; return nil }

// readBoth reads in both ways, which must agree.
func readBoth(t *testing.T, p pieces, skip, length int64) (string, error) {
	t.Helper()
	first, second := p, p
	a := NewSegmentBody(first.next, skip, length)
	got, err := io.ReadAll(struct{ io.Reader }{a})
	require.NoError(t, a.Close())
	b := NewSegmentBody(second.next, skip, length)
	var buf bytes.Buffer
	_, err2 := b.WriteTo(&buf)
	require.NoError(t, b.Close())
	require.Equal(t, string(got), buf.String())
	require.Equal(t, err == nil, err2 == nil, "%v, %v", err, err2)
	require.Zero(t, first.open+second.open)
	return string(got), err
}

func TestSegmentBody(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		p := pieces{short: -1}
		for range rng.IntN(6) {
			p.list = append(p.list, strings.Repeat(string(rune('a'+rng.IntN(26))), rng.IntN(5)))
		}
		whole := strings.Join(p.list, "")
		skip := rng.IntN(len(whole) + 1)
		length := rng.IntN(len(whole) - skip + 1)
		got, err := readBoth(t, p, int64(skip), int64(length))
		require.NoError(t, err)
		require.Equal(t, whole[skip:skip+length], got)
		got, err = readBoth(t, p, int64(skip), -1)
		require.NoError(t, err)
		require.Equal(t, whole[skip:], got)
	}
}

func TestSegmentBodyFails(t *testing.T) {
	broken := errors.New("broken")
	got, err := readBoth(t, pieces{list: []string{"abc", "def", "g"}, short: -1, fail: map[int]error{1: broken}}, 0, 7)
	require.ErrorIs(t, err, broken)
	require.Equal(t, "abc", got)
	got, err = readBoth(t, pieces{list: []string{"abc", "def", "g"}, short: 1}, 0, 7)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, "abcde", got)
	_, err = readBoth(t, pieces{list: []string{"abc"}, short: -1}, 0, 4)
	require.ErrorIs(t, err, ErrSegmentChanged)
}

func TestSegmentBodyAsksForNoMoreThanItNeeds(t *testing.T) {
	p := pieces{list: []string{"abc", "def", "ghi"}, short: -1}
	b := NewSegmentBody(p.next, 1, 4)
	require.NoError(t, b.Advance())
	require.Equal(t, 1, p.asked)
	got, err := io.ReadAll(b)
	require.NoError(t, err)
	require.Equal(t, "bcde", string(got))
	require.Equal(t, 2, p.asked)
}

func TestPlainText(t *testing.T) {
	require.Equal(t, "own", PlainText(Statusf(400, "own")))
	require.Equal(t, "Unprocessable Entity\nUnable to process the contained instructions", PlainText(Status(422)))
	require.Equal(t, "Internal Error\nThe server has either erred or is incapable of performing the requested operation.", PlainText(io.EOF))
}
