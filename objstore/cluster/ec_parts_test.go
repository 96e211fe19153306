// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/wire/wiretest"
)

const fragment42 = 80 + 1<<18 // bytes of a whole fragment of code42

func TestArchiveRanges(t *testing.T) {
	c := code42(t)
	f := func(hint, want string) {
		t.Helper()
		list, ok := c.archiveRanges(hint)
		require.True(t, ok, hint)
		require.Equal(t, want, rangeText(list), hint)
	}
	f("bytes=1048570-1048600", fmt.Sprintf("bytes=0-%d", 2*fragment42-1))
	f("bytes=1048576-1048576", fmt.Sprintf("bytes=%d-%d", fragment42, 2*fragment42-1))
	f("bytes=5-", "bytes=0-")
	f("bytes=2097152-", fmt.Sprintf("bytes=%d-", 2*fragment42))
	f("bytes=-1", fmt.Sprintf("bytes=-%d", 2*fragment42))
	f("bytes=-1048577", fmt.Sprintf("bytes=-%d", 3*fragment42))
	// Segments that follow one another are asked for once.
	f("bytes=0-10,20-30,40-50", fmt.Sprintf("bytes=0-%d", fragment42-1))
	f("bytes=0-0,1048576-1048576", fmt.Sprintf("bytes=0-%d", 2*fragment42-1))
	f("bytes=0-0,2097152-2097152", fmt.Sprintf("bytes=0-%d,%d-%d", fragment42-1, 2*fragment42, 3*fragment42-1))
	f("bytes=2097152-2097152,0-0", fmt.Sprintf("bytes=%d-%d,0-%d", 2*fragment42, 3*fragment42-1, fragment42-1))
	f("bytes=0-0,1-", "bytes=0-")
	f("bytes=1-,9999999-", fmt.Sprintf("bytes=0-,%d-", 9*fragment42))
	f("bytes=0-0,-1", fmt.Sprintf("bytes=0-%d,-%d", fragment42-1, 2*fragment42))
	f("bytes=0-3000000,2900000-3200000", fmt.Sprintf("bytes=0-%d", 4*fragment42-1))
	f("bytes=0-3000000,1-1", fmt.Sprintf("bytes=0-%d,0-%d", 3*fragment42-1, fragment42-1))
	for _, wrong := range []string{"bytes=-0", "bytes=-", "bytes=5", "bytes=6-5", "bytes=x-1", "bytes=1-x", "items=0-1", "", "bytes=", "bytes=1-2,", "bytes=0-1,-0"} {
		_, ok := c.archiveRanges(wrong)
		require.False(t, ok, wrong)
	}
	apart := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprint(i*3<<20, "-", i*3<<20)
		}
		return "bytes=" + strings.Join(list, ",")
	}
	list, ok := c.archiveRanges(apart(archiveRangesMax))
	require.True(t, ok)
	require.Len(t, list, archiveRangesMax)
	_, ok = c.archiveRanges(apart(archiveRangesMax + 1))
	require.False(t, ok)
}

func TestArchiveParts(t *testing.T) {
	c := code42(t)
	const size = 2_500_000 // two whole segments and a short one
	archive := c.ArchiveBytes(size)
	f := func(hint string, want ...archivePart) {
		t.Helper()
		list, ok := c.archiveRanges(hint)
		require.True(t, ok)
		require.Equal(t, want, c.parts(list, size), hint)
	}
	f("bytes=0-0,2097152-9999999", archivePart{0, fragment42, span{0, 1}, false}, archivePart{2 * fragment42, archive - 2*fragment42, span{2, 3}, false})
	// A suffix may begin inside of a fragment.
	f("bytes=-1", archivePart{archive - 2*fragment42, 2 * fragment42, span{1, 3}, true})
	f("bytes=-9999999", archivePart{0, archive, span{0, 3}, true})
	f("bytes=9999999-,0-0", archivePart{0, fragment42, span{0, 1}, false})
	f("bytes=9999999-")
	require.Equal(t, archivePart{0, archive, span{0, 3}, false}, c.wholePart(size))
	require.Equal(t, archivePart{0, 0, span{0, 0}, false}, c.wholePart(0))
	parts := []archivePart{{archive - 2*fragment42, 2 * fragment42, span{1, 3}, false}, {0, fragment42, span{0, 1}, false}}
	require.Equal(t, fmt.Sprintf("bytes=%d-%d,0-%d", 2*fragment42, archive-1, fragment42-1), rangeText(c.rest(parts, 2)))
}

// FuzzArchiveRanges: the parts of any ranges lie in the archive and have whole
// fragments, and their rest gives the same segments.
func FuzzArchiveRanges(f *testing.F) {
	f.Add("bytes=0-10,20-30,-5", int64(2_500_000))
	f.Add("bytes=9223372036854775807-,-9223372036854775807", int64(1))
	f.Fuzz(func(t *testing.T, text string, size int64) {
		c := code42(t)
		list, ok := c.archiveRanges(text)
		if size &= 1<<44 - 1; !ok || size == 0 {
			return
		}
		for i, p := range c.parts(list, size) {
			if p.first < 0 || p.length <= 0 || p.first+p.length > c.ArchiveBytes(size) || p.span.first < 0 || p.span.end > c.segments(size) {
				t.Fatalf("%q of %d: part %d is %+v", text, size, i, p)
			}
			if p.span.first >= p.span.end {
				continue
			}
			again := c.parts(c.rest([]archivePart{p}, p.span.first), size)
			if len(again) != 1 || again[0].span != p.span {
				t.Fatalf("%q of %d: the rest of %+v is %+v", text, size, p, again)
			}
		}
	})
}

// readSpans opens an object with a hint and reads spans of offset and length.
func (f *ecFake) readSpans(t *testing.T, body []byte, hint string, spans [][2]int64) {
	t.Helper()
	ob, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{Ranges: hint})
	require.NoError(t, err, hint)
	defer ob.Close()
	require.EqualValues(t, len(body), ob.Info().SizeBytes)
	require.Equal(t, "a/b", ob.Info().ContentType)
	for _, s := range spans {
		got, err := io.ReadAll(ob.Range(s[0], s[1]))
		require.NoError(t, err, "%s: %v", hint, s)
		require.True(t, bytes.Equal(body[s[0]:s[0]+s[1]], got), "%s: other bytes in %v", hint, s)
	}
}

func (f *ecFake) count(method string) (n int) {
	for _, node := range f.nodes {
		for _, r := range node.Requests() {
			if r.Method == method && strings.Count(r.Path, "/") == 5 {
				n++
			}
		}
	}
	return n
}

// TestErasureSeveralRanges: several ranges take a GET of k servers, as a single
// range does.
func TestErasureSeveralRanges(t *testing.T) {
	proxy := DefaultOptions()
	proxy.ConcurrentGets = false
	f := newECFake(t, Options{Proxy: proxy})
	r := ecRandom(t)
	body := ecBody(r, 12_345)
	f.put(t, body, objstore.PutOptions{ContentType: "a/b"})
	for range 60 {
		var texts []string
		var spans [][2]int64
		for range 2 + r.IntN(3) {
			first, length := r.Int64N(12_345), 1+r.Int64N(3000)
			length = min(length, 12_345-first)
			switch r.IntN(4) {
			case 0:
				length = 12_345 - first
				texts = append(texts, fmt.Sprintf("%d-", first))
			case 1:
				length = 12_345 - first
				texts = append(texts, fmt.Sprintf("-%d", length))
			default:
				texts = append(texts, fmt.Sprintf("%d-%d", first, first+length-1))
			}
			spans = append(spans, [2]int64{first, length})
		}
		gets, heads := f.count("GET"), f.count("HEAD")
		f.readSpans(t, body, "bytes="+strings.Join(texts, ","), spans)
		require.Equal(t, 4, f.count("GET")-gets, "%s", texts)
		require.Equal(t, heads, f.count("HEAD"))
	}
	// What follows may be read in another way all the same.
	f.readSpans(t, body, "bytes=0-9,5000-5009", [][2]int64{{5000, 10}, {0, 10}, {3000, 5000}})
	f.readSpans(t, body, "bytes=0-2999,9000-9009", [][2]int64{{0, 10}, {9000, 10}})
	f.readSpans(t, body, "bytes=99999-,88888-", [][2]int64{{7, 7}}) // 416
}

// TestErasurePartsThatBreak: two of the archives break at each place of an answer
// with several parts.
func TestErasurePartsThatBreak(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 12_345)
	f.put(t, body, objstore.PutOptions{ContentType: "a/b"})
	ways := map[string]func(a *wiretest.Answer){
		"another boundary": func(a *wiretest.Answer) { a.Header.Set("Content-Type", "multipart/byteranges;boundary=x") },
		"the whole": func(a *wiretest.Answer) {
			a.Status, a.Body = 200, make([]byte, f.store.codings[0].ArchiveBytes(12_345))
		},
		"a part of another place": func(a *wiretest.Answer) {
			a.Body = bytes.Replace(a.Body, []byte("bytes 3300-"), []byte("bytes 2970-"), 1)
		},
	}
	for _, after := range []int{0, 50, 130, 300, 460, 500, 580, 700, 900, 1300, 1500} {
		ways[fmt.Sprint("cut after ", after)] = cutAt(after)
	}
	list := f.having()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			f.forgive()
			for _, n := range list[:2] {
				n.set(func(n *ecNode) {
					first := true
					n.spoil = func(a *wiretest.Answer) {
						if first {
							way(a)
						}
						first = false
					}
				})
			}
			f.readSpans(t, body, "bytes=10-29,10000-10999,-5", [][2]int64{{10, 20}, {10_000, 1000}, {12_340, 5}})
			for _, n := range list {
				n.set(func(n *ecNode) { n.spoil = nil })
			}
		})
	}
}

// TestErasureNewest: a GET of the newest asks k servers and no more, as in Swift; a
// HEAD asks all.
func TestErasureNewest(t *testing.T) {
	proxy := DefaultOptions()
	proxy.ConcurrentGets = false
	f := newECFake(t, Options{Proxy: proxy})
	body := ecBody(ecRandom(t), 10)
	f.put(t, body, objstore.PutOptions{})
	ob, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{Newest: true})
	require.NoError(t, err)
	require.NoError(t, ob.Close())
	require.Equal(t, 4, f.count("GET"))
	require.Equal(t, 0, f.count("HEAD"))
	_, err = f.store.HeadObject(t.Context(), ecID, objstore.OpenOptions{Newest: true})
	require.NoError(t, err)
	require.Equal(t, 8, f.count("HEAD"))
}
