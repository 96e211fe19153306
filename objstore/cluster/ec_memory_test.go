// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/wire/wiretest"
)

// code1000 is the code of ecConf.
func code1000(t *testing.T) *coding {
	c, err := newCoding(objstore.Policy{Name: "ec", ECType: "isa_l_rs_vand", DataFragments: 4, ParityFragments: 2, SegmentBytes: ecSegment})
	require.NoError(t, err)
	return c
}

// TestCodedMemory: as many bytes as the limit are given, and not a byte more.
func TestCodedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := newCodedMemory(100)
		first, err := m.take(ctx, 60)
		require.NoError(t, err)
		second, err := m.take(ctx, 40)
		require.NoError(t, err)
		began := time.Now()
		_, err = m.take(ctx, 1)
		require.ErrorIs(t, err, objstore.ErrBusy)
		require.Equal(t, codedWait, time.Since(began))
		second()
		time.AfterFunc(codedWait/2, first)
		all, err := m.take(ctx, 1000)
		require.NoError(t, err, "a body above the limit takes all")
		gone, cancel := context.WithCancelCause(ctx)
		cancel(io.ErrClosedPipe)
		_, err = m.take(gone, 1)
		require.ErrorIs(t, err, io.ErrClosedPipe)
		all()
		_, err = m.take(ctx, 100)
		require.NoError(t, err)
	})
	require.EqualValues(t, codedBytesDefault, newCodedMemory(0).limit)
}

// TestCodedUploadsAreBounded: the upload that finds no memory is refused before its
// body is read, and a later upload finds what the first gave back.
func TestCodedUploadsAreBounded(t *testing.T) {
	f := newECFake(t, Options{CodedBytes: 2 * code1000(t).uploadBytes(-1)})
	f.store.coded.wait = 0
	put := func(body io.Reader) error {
		_, err := f.store.PutObject(t.Context(), ecID, body, objstore.PutOptions{SizeBytes: -1})
		return err
	}
	var writers []*io.PipeWriter
	done := make(chan error, 2)
	for range 2 {
		r, w := io.Pipe()
		writers = append(writers, w)
		go func() { done <- put(r) }()
		_, err := w.Write([]byte("x")) // the upload reads, so it holds its memory
		require.NoError(t, err)
	}
	third := &countingReader{}
	err := put(third)
	require.ErrorIs(t, err, objstore.KindUnavailable)
	require.ErrorIs(t, err, objstore.ErrBusy)
	require.Zero(t, third.reads)
	require.NoError(t, writers[0].Close())
	require.NoError(t, <-done)
	require.NoError(t, put(strings.NewReader("y")))
	require.NoError(t, writers[1].CloseWithError(io.ErrClosedPipe))
	require.Error(t, <-done)
	require.True(t, f.store.coded.free.TryAcquire(f.store.coded.limit), "all is given back")
}

type countingReader struct{ reads int }

func (r *countingReader) Read([]byte) (int, error) { r.reads++; return 0, io.EOF }

// TestCodedReadsAreBounded: an open object holds memory until Close, over all its
// ranges.
func TestCodedReadsAreBounded(t *testing.T) {
	size := int64(5500)
	f := newECFake(t, Options{CodedBytes: 2*code1000(t).readBytes(size) + 1})
	f.put(t, ecBody(ecRandom(t), int(size)), objstore.PutOptions{})
	f.store.coded.wait = 0
	open := func() (objstore.Object, error) {
		return f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{Ranges: "bytes=0-9"})
	}
	first, err := open()
	require.NoError(t, err)
	second, err := open()
	require.NoError(t, err)
	_, err = open()
	require.ErrorIs(t, err, objstore.ErrBusy)
	_, err = io.ReadAll(first.Range(3000, 10)) // another GET
	require.NoError(t, err)
	require.NoError(t, second.Close())
	require.NoError(t, second.Close())
	third, err := open()
	require.NoError(t, err)
	require.NoError(t, third.Close())
	require.NoError(t, first.Close())
	require.True(t, f.store.coded.free.TryAcquire(f.store.coded.limit), "all is given back")
}

// TestRefusedReadsGiveMemoryBack: an object whose body cannot be decrypted.
func TestRefusedReadsGiveMemoryBack(t *testing.T) {
	f := newECFake(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{})})
	body := ecBody(ecRandom(t), 5500)
	f.put(t, body, objstore.PutOptions{})
	nodes := f.having()
	spoil := func(n *ecNode, change func(a *wiretest.Answer)) {
		n.set(func(n *ecNode) { n.spoil = change })
	}
	for _, n := range nodes {
		spoil(n, func(a *wiretest.Answer) {
			const name = "X-Object-Sysmeta-Crypto-Body-Meta"
			a.Header.Set(name, strings.Replace(a.Header.Get(name), "body_key", "no_key", 1))
		})
	}
	_, err := f.store.OpenObject(t.Context(), ecID, objstore.OpenOptions{})
	require.ErrorIs(t, err, objstore.KindCorrupt)
	require.True(t, f.store.coded.free.TryAcquire(f.store.coded.limit), "all is given back")
	f.store.coded.free.Release(f.store.coded.limit)
	for _, n := range nodes {
		spoil(n, nil)
	}
	got, err := f.get(t, "", 0, int64(len(body)))
	require.NoError(t, err)
	require.Equal(t, body, got)
}

// TestCodedBytes holds the weights of bodies to the buffers that they use.
func TestCodedBytes(t *testing.T) {
	c := code42(t)
	const whole = 80 + 1<<18
	require.EqualValues(t, 3*(1<<20+6*whole), c.uploadBytes(-1))
	require.EqualValues(t, 3*(1<<20+6*whole), c.uploadBytes(smallCodedBytes+1))
	require.EqualValues(t, smallCodedBytes+6*(80+smallCodedBytes/4), c.uploadBytes(smallCodedBytes))
	require.EqualValues(t, 3<<20+10*whole, c.readBytes(1<<30))
	require.EqualValues(t, 3<<20+10*whole, c.readBytes(smallCodedBytes+1))
	require.EqualValues(t, 3*smallCodedBytes+10*(80+smallCodedBytes/4), c.readBytes(smallCodedBytes))
	require.Zero(t, c.uploadBytes(0))
	require.Nil(t, c.newBuffer(smallCodedBytes).of)
	require.NotNil(t, c.newBuffer(smallCodedBytes+1).of)
	require.True(t, c.newStripe(smallCodedBytes).own)
	require.False(t, c.newStripe(-1).own)
}
