// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
)

const boundary = "0123456789abcdef0123456789abcdef"

// multipart is a body of a 206 in the form of Swift's object servers
// (swift/common/swob.py: multi_range_iterator).
func multipart(object string, ranges ...[2]int) string {
	var b strings.Builder
	for _, r := range ranges {
		fmt.Fprintf(&b, "--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes %d-%d/%d\r\n\r\n%s\r\n",
			boundary, r[0], r[1], len(object), object[r[0]:r[1]+1])
	}
	return b.String() + "--" + boundary + "--"
}

func multipartAnswer(body string) *wiretest.Answer {
	return &wiretest.Answer{
		Status: 206, Body: []byte(body),
		Header: wire.Header{{Name: "Content-Type", Value: "multipart/byteranges;boundary=" + boundary}},
	}
}

// parts asks a node that gives the answer for its parts.
func parts(t *testing.T, a *wiretest.Answer) (*wire.Parts, *wiretest.Server, error) {
	t.Helper()
	node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer { return a }})
	r, err := newClient(t, wire.Options{}).Do(t.Context(), getRequest(node.Addr))
	require.NoError(t, err)
	p, err := r.Parts()
	return p, node, err
}

func readParts(p *wire.Parts) (text []string, err error) {
	for {
		part, err := p.Next()
		if err != nil {
			return text, err
		}
		b, err := io.ReadAll(p)
		text = append(text, fmt.Sprintf("%d-%d/%d %s %s", part.Range.First, part.Range.Last, part.Range.Size, part.Header.Get("content-type"), b))
		if err != nil {
			return text, err
		}
	}
}

func TestParts(t *testing.T) {
	object := "0123456789\r\n--" + boundary + "--\r\nabc" // the boundary is no mark inside a part
	for _, chunked := range []bool{false, true} {
		for _, epilogue := range []string{"", "\r\n", strings.Repeat("\n", 16)} {
			a := multipartAnswer(multipart(object, [2]int{0, len(object) - 1}, [2]int{3, 3}) + epilogue)
			a.Chunked = chunked
			p, _, err := parts(t, a)
			require.NoError(t, err)
			got, err := readParts(p)
			require.Equal(t, io.EOF, err)
			size := len(object)
			require.Equal(t, []string{
				fmt.Sprintf("0-%d/%d text/plain %s", size-1, size, object),
				fmt.Sprintf("3-3/%d text/plain 3", size),
			}, got)
			_, err = p.Next()
			require.Equal(t, io.EOF, err)
			require.NoError(t, p.Close())
		}
	}
}

func TestPartsKeepTheConnection(t *testing.T) {
	node := wiretest.New(t, wiretest.Handler{Final: func(*wiretest.Request) *wiretest.Answer {
		return multipartAnswer(multipart(strings.Repeat("x", 300_000), [2]int{0, 200_000}, [2]int{1, 2}))
	}})
	c := newClient(t, wire.Options{})
	ask := func() *wire.Parts {
		r, err := c.Do(t.Context(), getRequest(node.Addr))
		require.NoError(t, err)
		p, err := r.Parts()
		require.NoError(t, err)
		return p
	}
	p := ask()
	for range 2 { // a part that nobody reads is skipped
		_, err := p.Next()
		require.NoError(t, err)
	}
	_, err := p.Next()
	require.Equal(t, io.EOF, err)
	require.NoError(t, p.Close())
	p = ask()
	require.Equal(t, 1, node.Connections())
	_, err = p.Next()
	require.NoError(t, err)
	require.NoError(t, p.Close()) // inside a part
	_, err = p.Next()
	require.Error(t, err)
	_, err = p.Read(make([]byte, 1))
	require.Error(t, err)
	ask()
	require.Equal(t, 2, node.Connections())
}

func TestBrokenParts(t *testing.T) {
	whole := multipart("0123456789", [2]int{0, 3}, [2]int{5, 6})
	require.Len(t, strings.Split(whole, "\r\n"), 11)
	f := func(name, body string, kind wire.Kind, cut bool) {
		t.Run(name, func(t *testing.T) {
			a := multipartAnswer(body)
			if cut {
				a.Header.Add("Content-Length", "9999")
				a.Close = true
			}
			p, node, err := parts(t, a)
			require.NoError(t, err)
			_, err = readParts(p)
			require.ErrorIs(t, err, kind)
			var e *wire.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, node.Addr, e.Addr)
			_, again := p.Next()
			require.Equal(t, err, again)
			require.NoError(t, p.Close())
		})
	}
	for n := range len(whole) {
		f(fmt.Sprintf("ends after %d bytes", n), whole[:n], wire.KindProtocol, false)
		f(fmt.Sprintf("breaks after %d bytes", n), whole[:n], wire.KindBroken, true)
	}
	f("another boundary", strings.ReplaceAll(whole, boundary, strings.ToUpper(boundary)), wire.KindProtocol, false)
	f("a part longer than its range", strings.Replace(whole, "0123", "01234", 1), wire.KindProtocol, false)
	f("no range", strings.ReplaceAll(whole, "Content-Range", "Range"), wire.KindProtocol, false)
	f("a bad range", strings.ReplaceAll(whole, "0-3", "3-0"), wire.KindProtocol, false)
	f("a bad field", strings.ReplaceAll(whole, "Content-Type:", "Content-Type"), wire.KindProtocol, false)
	f("text behind the end", whole+"x", wire.KindProtocol, false)
}

func TestPartsLimits(t *testing.T) {
	read := func(body string) error {
		p, _, err := parts(t, multipartAnswer(body))
		require.NoError(t, err)
		_, err = readParts(p)
		return err
	}
	ranges := make([][2]int, 50)
	require.Equal(t, io.EOF, read(multipart("x", ranges...)))
	require.ErrorIs(t, read(multipart("x", append(ranges, [2]int{})...)), wire.KindProtocol)

	one := multipart("x", [2]int{})
	require.Equal(t, io.EOF, read(one+strings.Repeat("\n", 16)))
	require.ErrorIs(t, read(one+strings.Repeat("\n", 17)), wire.KindProtocol)

	fields := func(n int) string {
		return strings.Replace(one, "Content-Range", strings.Repeat("A: b\r\n", n-2)+"Content-Range", 1)
	}
	require.Equal(t, io.EOF, read(fields(16)))
	require.ErrorIs(t, read(fields(17)), wire.KindProtocol)

	head := len("Content-Type: text/plain\r\nContent-Range: bytes 0-0/1\r\n\r\n")
	long := func(n int) string {
		return strings.Replace(one, "text/plain", "text/plain"+strings.Repeat("x", n-head), 1)
	}
	require.Equal(t, io.EOF, read(long(16<<10)))
	require.ErrorIs(t, read(long(16<<10+1)), wire.KindProtocol)

	typed := func(value string) error {
		a := multipartAnswer("")
		a.Header.Set("Content-Type", value)
		_, _, err := parts(t, a)
		return err
	}
	require.NoError(t, typed("multipart/byteranges; boundary="+strings.Repeat("b", 70)))
	require.ErrorIs(t, typed("multipart/byteranges; boundary="+strings.Repeat("b", 71)), wire.KindProtocol)
	require.ErrorIs(t, typed("multipart/byteranges"), wire.KindProtocol)
	require.ErrorIs(t, typed("multipart/mixed; boundary=b"), wire.KindProtocol)
	require.ErrorIs(t, typed("/"), wire.KindProtocol)
}
