package swift

import (
	"bytes"
	"context"
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

func TestStartLargeObject(t *testing.T) {
	for want, cause := range map[int]error{
		409: errors.New("any"), 503: &StatusError{Status: 503},
	} {
		p := pieces{list: []string{"abc"}, fail: map[int]error{0: cause}}
		err := StartLargeObject(NewSegmentBody(p.next, 0, 3))
		require.Equal(t, want, ErrorResponse(err).Status)
		require.ErrorIs(t, err, cause)
	}
	empty := pieces{}
	require.NoError(t, StartLargeObject(NewSegmentBody(empty.next, 0, 0)))
}

func TestOpenSegment(t *testing.T) {
	answer := func(status int, length int64) Handler {
		return HandlerFunc(func(r *Request) (*Response, error) {
			if status >= 400 {
				return nil, Status(status)
			}
			if want := map[int]string{200: "", 206: "bytes=2-4"}[status]; r.Header.Get("Range") != want {
				t.Errorf("status %d: Range %q", status, r.Header.Get("Range"))
			}
			return &Response{Status: status, ContentLength: length}, nil
		})
	}
	for _, c := range []struct {
		part   ByteRange
		status int
		length int64
		want   int // 0: no error
	}{
		{ByteRange{0, 10}, 200, 10, 0}, {ByteRange{2, 5}, 206, 3, 0},
		{ByteRange{0, 10}, 200, 9, 500}, {ByteRange{0, 10}, 200, -1, 500},
		{ByteRange{0, 10}, 404, 0, 404}, {ByteRange{0, 10}, 507, 0, 503},
	} {
		res, err := OpenSegment(answer(c.status, c.length), &Request{Path: "/v1/a/c/o"}, 10, c.part)
		if c.want == 0 {
			require.NoError(t, err)
			require.NotNil(t, res.Body)
			continue
		}
		require.Equal(t, c.want, ErrorResponse(err).Status, "%+v", c)
	}
	_, err := OpenSegment(answer(200, 9), &Request{}, 10, ByteRange{0, 10})
	require.ErrorIs(t, err, ErrSegmentChanged)
}

func TestHeartbeatAtOnce(t *testing.T) {
	res := HeartbeatAtOnce(&Request{}, "text/plain", func(context.Context) []byte { return []byte("result") })
	require.Equal(t, 202, res.Status)
	require.EqualValues(t, -1, res.ContentLength)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, " \r\n\r\nresult", string(b))
	require.NoError(t, res.Close())
}

func TestPlainText(t *testing.T) {
	require.Equal(t, "own", PlainText(Statusf(400, "own")))
	require.Equal(t, "Unprocessable Entity\nUnable to process the contained instructions", PlainText(Status(422)))
	require.Equal(t, "Internal Error\nThe server has either erred or is incapable of performing the requested operation.", PlainText(io.EOF))
}
