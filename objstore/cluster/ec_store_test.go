// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/fragment"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
)

func ecRandom(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func ecBody(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// get reads a range of the object as opened with a hint.
func (f *ecFake) get(t *testing.T, hint string, offset, length int64) ([]byte, error) {
	t.Helper()
	ob, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{Ranges: hint})
	if err != nil {
		return nil, err
	}
	defer ob.Close()
	return io.ReadAll(ob.Range(offset, length))
}

func TestErasureRoundTrips(t *testing.T) {
	r := ecRandom(t)
	f := newECFake(t, Options{})
	for _, size := range []int{0, 1, 999, 1000, 1001, 3000, 12345} {
		body := ecBody(r, size)
		info := f.put(t, body, objstore.PutOptions{ContentType: "a/b", Metadata: objstore.Metadata{{Name: "X-Object-Meta-A", Value: "1"}}})
		require.Equal(t, fmt.Sprintf("%x", md5.Sum(body)), info.ETag)
		head, err := f.store.HeadObject(t.Context(), ecID, objstore.OpenOptions{})
		require.NoError(t, err)
		require.Equal(t, info, head)
		got, err := f.get(t, "", 0, int64(size))
		require.NoError(t, err)
		require.True(t, bytes.Equal(body, got))
		for range 20 {
			first := r.IntN(size + 1)
			length := r.IntN(size - first + 1)
			hints := []string{"", fmt.Sprintf("bytes=%d-", first), fmt.Sprintf("bytes=-%d", max(1, size-first)),
				fmt.Sprintf("bytes=%d-%d", first, first+max(0, length-1)), fmt.Sprintf("bytes=0-1,%d-%d", first, first), "bytes=999999-"}
			hint := hints[r.IntN(len(hints))]
			got, err := f.get(t, hint, int64(first), int64(length))
			require.NoError(t, err, "%s of %d bytes", hint, size)
			require.True(t, bytes.Equal(body[first:first+length], got), "%s: %d bytes at %d of %d", hint, length, first, size)
		}
	}
}

// TestErasureObject reads several ranges of an open object, each in the ways of
// a reader.
func TestErasureObject(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 5500)
	f.put(t, body, objstore.PutOptions{})
	ob, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{})
	require.NoError(t, err)
	for _, span := range [][2]int64{{0, 5500}, {10, 1500}, {1510, 100}, {5499, 1}, {0, 0}, {0, 5500}} {
		want := body[span[0] : span[0]+span[1]]
		require.NoError(t, iotest.TestReader(ob.Range(span[0], span[1]), want))
		var b bytes.Buffer
		n, err := ob.Range(span[0], span[1]).(io.WriterTo).WriteTo(&b)
		require.NoError(t, err)
		require.EqualValues(t, len(want), n)
		require.True(t, bytes.Equal(want, b.Bytes()))
	}
	_, err = ob.Range(0, 10).(io.WriterTo).WriteTo(refuser{})
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.NoError(t, ob.Close())
	require.NoError(t, ob.Close())
	_, err = ob.Range(0, 1).Read(make([]byte, 1))
	require.ErrorIs(t, err, errClosedObject)
}

type refuser struct{}

func (refuser) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestErasureReadsWithoutAnyTwo has each two of the six archives away, in each
// way of being away.
func TestErasureReadsWithoutAnyTwo(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 3210)
	f.put(t, body, objstore.PutOptions{})
	list := f.having()
	require.Len(t, list, 6)
	ways := map[string]func(n *ecNode){
		"missing": func(n *ecNode) {
			n.script = func(string, *wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Status: 404} }
		},
		"failing": func(n *ecNode) {
			n.script = func(string, *wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Status: 503} }
		},
		"leaving": func(n *ecNode) {
			n.script = func(string, *wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Break: true} }
		},
		"without a time": func(n *ecNode) {
			n.spoil = func(a *wiretest.Answer) { a.Header.Set("X-Backend-Timestamp", "x") }
		},
		"without a length":  func(n *ecNode) { n.spoil = func(a *wiretest.Answer) { a.Header.Del(ecLength) } },
		"of another object": func(n *ecNode) { n.spoil = func(a *wiretest.Answer) { a.Header.Set(ecLength, "77") } },
		"without an index":  func(n *ecNode) { n.spoil = func(a *wiretest.Answer) { a.Header.Del(ecIndex) } },
		"of another length": func(n *ecNode) {
			n.spoil = func(a *wiretest.Answer) { a.Body = append(bytes.Clone(a.Body), 0) }
		},
		"cut in the first header": func(n *ecNode) { n.spoil = cutAt(40) },
		"cut in a payload":        func(n *ecNode) { n.spoil = cutAt(500) },
		"cut at a border":         func(n *ecNode) { n.spoil = cutAt(660) },
		"cut in the last":         func(n *ecNode) { n.spoil = cutAt(4*330 - 200) },
		"with a damaged header":   func(n *ecNode) { n.spoil = flipAt(330 + 20) },
		"with a damaged magic":    func(n *ecNode) { n.spoil = flipAt(330 + 59) },
		"of another index": func(n *ecNode) {
			n.spoil = func(a *wiretest.Answer) {
				a.Body = bytes.Clone(a.Body)
				// A sound fragment of index 6 does not exist in this code.
				a.Body[330]++
			}
		},
	}
	for name, spoil := range ways {
		t.Run(name, func(t *testing.T) {
			for i := range list {
				for j := range i {
					f.forgive()
					list[i].set(spoil)
					list[j].set(spoil)
					got, err := f.get(t, "", 0, int64(len(body)))
					require.NoError(t, err, "without %d and %d", i, j)
					require.True(t, bytes.Equal(body, got), "without %d and %d", i, j)
					for _, n := range f.nodes {
						n.set(func(n *ecNode) { n.script, n.spoil = nil, nil })
					}
				}
			}
		})
	}
}

func cutAt(n int) func(*wiretest.Answer) {
	return func(a *wiretest.Answer) { a.Cut, a.CutAfter = true, n }
}

func flipAt(n int) func(*wiretest.Answer) {
	return func(a *wiretest.Answer) {
		if a.Body = bytes.Clone(a.Body); n < len(a.Body) {
			a.Body[n] ^= 1
		}
	}
}

// TestErasureTooFew has three archives away.
func TestErasureTooFew(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 3210)
	f.put(t, body, objstore.PutOptions{})
	list := f.having()
	for _, n := range list[:3] {
		n.answers(503)
	}
	_, err := f.get(t, "", 0, 1)
	require.ErrorIs(t, err, objstore.KindUnavailable)
	for _, n := range list[:3] {
		// The node breaks after two segments, and cannot go on later either.
		n.set(func(n *ecNode) {
			n.script, n.spoil = nil, func(a *wiretest.Answer) {
				if a.Cut, a.CutAfter = true, 700; a.Status == 206 {
					a.CutAfter = 0
				}
			}
		})
	}
	f.forgive()
	got, err := f.get(t, "", 0, int64(len(body)))
	require.ErrorIs(t, err, objstore.KindUnavailable)
	require.ErrorIs(t, err, errFewArchives)
	require.True(t, bytes.Equal(body[:len(got)], got))
	require.Len(t, got, 2*ecSegment)
}

// TestErasureDamagedPayload: a flipped bit has no checksum of its own, and the
// last segment of a whole object is never handed on with a wrong MD5.
func TestErasureDamagedPayload(t *testing.T) {
	for _, segment := range []int{0, 3} {
		f := newECFake(t, Options{})
		body := ecBody(ecRandom(t), 3210)
		f.put(t, body, objstore.PutOptions{})
		for _, n := range f.having()[:1] {
			n.set(func(n *ecNode) { n.archives[0].body[segment*330+fragment.HeaderBytes] ^= 1 })
		}
		for _, n := range f.having()[4:] {
			n.answers(404)
		}
		got, err := f.get(t, "", 0, int64(len(body)))
		require.ErrorIs(t, err, objstore.KindCorrupt)
		require.ErrorIs(t, err, errBadMD5)
		require.Len(t, got, 3*ecSegment)
	}
}

func TestErasureTwoFragmentsOnANode(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 3210)
	f.put(t, body, objstore.PutOptions{})
	list := f.having()
	var first []*ecArchive
	list[0].set(func(n *ecNode) { first = n.archives })
	list[1].set(func(n *ecNode) { n.archives = append(n.archives, first...) })
	for _, i := range []int{0, 4, 5} {
		list[i].set(func(n *ecNode) { n.archives = nil })
	}
	got, err := f.get(t, "", 0, int64(len(body)))
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
}

func TestErasureNotDurable(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 3210)
	f.put(t, body, objstore.PutOptions{})
	list := f.having()
	for _, n := range list {
		n.set(func(n *ecNode) { n.archives[0].durable = false })
	}
	_, err := f.get(t, "", 0, 1)
	require.ErrorIs(t, err, objstore.KindNotFound)
	list[3].set(func(n *ecNode) { n.archives[0].durable = true })
	got, err := f.get(t, "", 0, int64(len(body)))
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
}

// TestErasureOverwritten: bytes of two versions never meet in one read.
func TestErasureOverwritten(t *testing.T) {
	f := newECFake(t, Options{})
	r := ecRandom(t)
	f.put(t, ecBody(r, 3000), objstore.PutOptions{})
	ob, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{Ranges: "bytes=0-9"})
	require.NoError(t, err)
	defer ob.Close()
	f.put(t, ecBody(r, 3000), objstore.PutOptions{})
	_, err = io.ReadAll(ob.Range(2000, 10))
	require.ErrorIs(t, err, objstore.KindUnavailable)
	require.ErrorIs(t, err, errOtherVersion)
}

// TestErasureHungNode: a node that says nothing does not hold a read up.
func TestErasureHungNode(t *testing.T) {
	proxy := DefaultOptions()
	proxy.RecoverableNodeTimeout = time.Hour
	f := newECFake(t, Options{Proxy: proxy})
	body := ecBody(ecRandom(t), 3210)
	f.put(t, body, objstore.PutOptions{})
	f.store.after = func(time.Duration) <-chan time.Time {
		c := make(chan time.Time, 1)
		c <- time.Time{}
		return c
	}
	for _, n := range f.having()[2:4] {
		n.set(func(n *ecNode) {
			n.script = func(string, *wiretest.Request) *wiretest.Answer { return &wiretest.Answer{Hang: true} }
		})
	}
	got, err := f.get(t, "", 0, int64(len(body)))
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
}

// TestErasurePutFooter holds the footer of an archive to Swift's fields
// (swift/proxy/controllers/obj.py: trailing_metadata).
func TestErasurePutFooter(t *testing.T) {
	f := newECFake(t, Options{})
	body := ecBody(ecRandom(t), 3210)
	etag := fmt.Sprintf("%x", md5.Sum(body))
	f.put(t, body, objstore.PutOptions{ETag: etag})
	var hosts int
	for i, n := range f.having() {
		var r *wiretest.Request
		for _, q := range n.Requests() {
			if q.Method == "PUT" {
				r = q
			}
		}
		require.Equal(t, map[string]string{
			"Etag":                                     fmt.Sprintf("%x", md5.Sum(r.Body)),
			"X-Object-Sysmeta-Ec-Etag":                 etag,
			"X-Object-Sysmeta-Ec-Content-Length":       "3210",
			"X-Object-Sysmeta-Ec-Frag-Index":           fmt.Sprint(i),
			"X-Object-Sysmeta-Ec-Scheme":               "isa_l_rs_vand 4+2",
			"X-Object-Sysmeta-Ec-Segment-Size":         "1000",
			"X-Backend-Container-Update-Override-Etag": etag,
			"X-Backend-Container-Update-Override-Size": "3210",
		}, r.Footer)
		require.EqualValues(t, fmt.Sprint(f.store.codings[0].ArchiveBytes(3210)), r.Header.Get("X-Backend-Obj-Content-Length"))
		require.Empty(t, r.Header.Get("Etag"))
		require.True(t, r.Committed)
		if r.Header.Get("X-Container-Host") != "" {
			hosts++
		}
	}
	// 3 containers, 6 object servers, quorum 5: three rows (cluster of 4+2).
	require.Equal(t, 3, hosts)

	// What a Finish adds comes along, but not over the fields of the coding.
	info := f.put(t, body, objstore.PutOptions{Finish: func(i *objstore.ObjectInfo) error {
		require.Equal(t, etag, i.ETag)
		i.Metadata.Set("X-Object-Sysmeta-X", "1")
		i.Metadata.Set("X-Object-Sysmeta-Ec-Etag", "forged")
		return nil
	}})
	require.Equal(t, etag, info.ETag)
	got, err := f.store.HeadObject(t.Context(), ecID, objstore.OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, etag, got.ETag)
	require.Equal(t, objstore.Metadata{{Name: "X-Object-Sysmeta-X", Value: "1"}}, got.Metadata)
}

// TestErasurePutFailures has nodes fail at each stage of an upload.
func TestErasurePutFailures(t *testing.T) {
	say := func(stage string, status int) func(*ecNode) {
		return func(n *ecNode) {
			n.script = func(s string, r *wiretest.Request) *wiretest.Answer {
				if s != stage || r.Method != "PUT" {
					return nil
				}
				return &wiretest.Answer{Status: status}
			}
		}
	}
	f := func(name string, nodes int, spoil func(*ecNode), want error, durable int) {
		t.Run(name, func(t *testing.T) {
			f := newECFake(t, Options{})
			probe := newECFake(t, Options{}) // finds the primaries: both have the same rings
			probe.put(t, nil, objstore.PutOptions{})
			var primaries []int
			for i, n := range probe.nodes {
				n.set(func(n *ecNode) {
					if len(n.archives) > 0 {
						primaries = append(primaries, i)
					}
				})
			}
			for _, i := range primaries[:min(nodes, 6)] {
				f.nodes[i].set(spoil)
			}
			if nodes == 8 {
				for _, n := range f.nodes {
					n.set(spoil)
				}
			}
			_, err := f.store.PutObject(t.Context(), ecID, strings.NewReader(strings.Repeat("x", 2500)), objstore.PutOptions{SizeBytes: 2500})
			if want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, want)
			}
			require.Equal(t, durable, f.durable())
		})
	}
	f("control", 0, say("", 0), nil, 6)
	f("two primaries refuse: handoffs", 2, say("expect", 503), nil, 6)
	f("three refuse: two handoffs", 3, say("expect", 503), nil, 5)
	f("four refuse", 4, say("expect", 503), objstore.KindUnavailable, 0)
	f("all are full", 8, say("expect", 507), objstore.KindNoSpace, 0)
	f("a newer object", 1, say("expect", 409), objstore.KindConflict, 0)
	f("one does not store", 1, say("stored", 500), nil, 5)
	f("two do not store", 2, say("stored", 500), objstore.KindUnavailable, 0)
	f("two find another MD5", 2, say("stored", 422), objstore.KindUnavailable, 0)
	f("one does not commit", 1, say("final", 500), nil, 5)
	f("two do not commit", 2, say("final", 500), objstore.KindUnavailable, 4)
}

// TestErasurePutBodies has bodies that fail; no archive becomes durable.
func TestErasurePutBodies(t *testing.T) {
	f := newECFake(t, Options{})
	broken := errors.New("broken")
	body := func() io.Reader { return strings.NewReader(strings.Repeat("x", 2500)) }
	for name, c := range map[string]struct {
		body io.Reader
		o    objstore.PutOptions
		want error
	}{
		"short":        {body(), objstore.PutOptions{SizeBytes: 2501}, objstore.KindShortBody},
		"too large":    {body(), objstore.PutOptions{SizeBytes: -1, MaxBytes: 2499}, objstore.KindTooLarge},
		"broken":       {io.MultiReader(body(), iotest.ErrReader(broken)), objstore.PutOptions{SizeBytes: -1}, broken},
		"another MD5":  {body(), objstore.PutOptions{SizeBytes: -1, ETag: strings.Repeat("0", 32)}, objstore.KindETagMismatch},
		"Finish fails": {body(), objstore.PutOptions{SizeBytes: -1, Finish: func(*objstore.ObjectInfo) error { return broken }}, broken},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.store.PutObject(t.Context(), ecID, c.body, c.o)
			require.ErrorIs(t, err, c.want)
			require.Zero(t, f.durable())
		})
	}
	// A body may be longer than stated: the rest is not read.
	_, err := f.store.PutObject(t.Context(), ecID, body(), objstore.PutOptions{SizeBytes: 1500, MaxBytes: 1500})
	require.NoError(t, err)
	require.Equal(t, 6, f.durable())
}

func TestObjectOfArchive(t *testing.T) {
	c := code42(t)
	h := wire.Header{{Name: "Etag", Value: `"archive"`}, {Name: "x-object-sysmeta-ec-etag", Value: "object"},
		{Name: "X-Object-Sysmeta-Ec-Content-Length", Value: "7"}, {Name: "X-Object-Sysmeta-Ecology", Value: "1"}}
	got, size, err := c.objectOfArchive(h)
	require.NoError(t, err)
	require.EqualValues(t, 7, size)
	require.Equal(t, wire.Header{{Name: "X-Object-Sysmeta-Ecology", Value: "1"}, {Name: "Etag", Value: "object"}}, got)
	_, _, err = c.objectOfArchive(h[:2])
	require.ErrorIs(t, err, errECLength)
	_, _, err = c.objectOfArchive(append(h, wire.Field{Name: ecSegmentBytes, Value: "1000"}))
	require.ErrorIs(t, err, errECSegment)
}

// TestErasurePutHungNode: a node that hangs at any stage of an upload does not hold
// the upload up. Before the body a handoff takes the archive.
func TestErasurePutHungNode(t *testing.T) {
	for _, stage := range []string{"expect", "stored", "final"} {
		t.Run(stage, func(t *testing.T) {
			proxy := unhedged()
			f := newECFake(t, Options{Proxy: proxy, after: only()})
			f.put(t, nil, objstore.PutOptions{})
			hung, fire := 1, []time.Duration{proxy.PostQuorumTimeout}
			if stage == "expect" {
				// An upload does not bear two hung nodes without a handoff. For the
				// later stages all six connects are waited for: five lanes answer.
				hung, fire = 2, append(fire, proxy.ConcurrencyTimeout)
			}
			for _, n := range f.having()[:hung] {
				n.set(func(n *ecNode) {
					n.script = func(s string, r *wiretest.Request) *wiretest.Answer {
						if s != stage || r.Method != "PUT" {
							return nil
						}
						return &wiretest.Answer{Hang: true}
					}
				})
			}
			f.store.after = only(fire...)
			body := ecBody(ecRandom(t), 3210)
			f.put(t, body, objstore.PutOptions{})
			got, err := f.get(t, "", 0, int64(len(body)))
			require.NoError(t, err)
			require.True(t, bytes.Equal(body, got))
			require.GreaterOrEqual(t, f.durable(), 5)
		})
	}
}

// TestErasureShorterVersion: a range behind the end has the size of the version that
// the range is not in, and an open version that gave way to a shorter one is gone.
func TestErasureShorterVersion(t *testing.T) {
	f := newECFake(t, Options{})
	long := ecBody(ecRandom(t), 5*ecSegment)
	f.put(t, long, objstore.PutOptions{})
	ob, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{Ranges: "bytes=0-9"})
	require.NoError(t, err)
	defer ob.Close()
	f.put(t, long[:10], objstore.PutOptions{})
	_, err = io.ReadAll(ob.Range(4*ecSegment, 10))
	require.ErrorIs(t, err, objstore.KindUnavailable)
	require.ErrorIs(t, err, errOtherVersion)

	for _, n := range f.nodes {
		n.set(func(n *ecNode) {
			n.script = func(_ string, r *wiretest.Request) *wiretest.Answer {
				if r.Method == "HEAD" {
					return &wiretest.Answer{Status: 500}
				}
				return nil
			}
		})
	}
	beyond, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{Ranges: "bytes=4000-4009"})
	require.NoError(t, err, "no HEAD is needed")
	defer beyond.Close()
	require.Equal(t, int64(10), beyond.Info().SizeBytes)
}
