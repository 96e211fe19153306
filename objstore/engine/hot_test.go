// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

func newHot(t *testing.T) *hot {
	t.Helper()
	h := &hot{}
	h.init()
	return h
}

func hotID(n int) objstore.ObjectID {
	return objstore.ObjectID{Account: "a", Container: "c", Object: objstore.ObjectName(strconv.Itoa(n))}
}

// keep offers an object twice, as two reads do.
func (h *hot) keep(id objstore.ObjectID, body []byte) {
	for range 2 {
		_, stamp := h.get(id)
		h.offer(id, &objstore.ObjectInfo{SizeBytes: int64(len(body))}, body, stamp)
	}
}

func TestHotKeepsWhatIsReadAgain(t *testing.T) {
	h, id := newHot(t), hotID(1)
	_, stamp := h.get(id)
	h.offer(id, &objstore.ObjectInfo{}, []byte("x"), stamp)
	o, _ := h.get(id)
	require.Nil(t, o, "after one read")
	body := []byte("x")
	h.offer(id, &objstore.ObjectInfo{}, body, stamp)
	body[0] = 'y' // the reader's buffer is used again
	o, _ = h.get(id)
	require.NotNil(t, o)
	require.Equal(t, "x", string(o.body))
}

// TestHotForgetsChanges: what was read before, or while, an object changes is
// not kept after it.
func TestHotForgetsChanges(t *testing.T) {
	h, id := newHot(t), hotID(1)
	h.keep(id, []byte("old"))
	_, before := h.get(hotID(2))
	h.begin(id)
	o, during := h.get(id)
	require.Nil(t, o)
	h.offer(id, &objstore.ObjectInfo{}, []byte("old"), before)
	h.offer(id, &objstore.ObjectInfo{}, []byte("old"), during)
	o, _ = h.get(id)
	require.Nil(t, o, "while it changes")
	h.end(id)
	h.offer(id, &objstore.ObjectInfo{}, []byte("old"), before)
	h.offer(id, &objstore.ObjectInfo{}, []byte("old"), during)
	o, _ = h.get(id)
	require.Nil(t, o, "read before the change was done")
	h.keep(id, []byte("new"))
	o, _ = h.get(id)
	require.Equal(t, "new", string(o.body))
	require.Empty(t, h.changing)
}

// TestHotIsBounded holds the limit at N and N+1.
func TestHotIsBounded(t *testing.T) {
	h := newHot(t)
	const each = 1 << 20
	body := make([]byte, each-hotEntryBytes)
	for n := range hotBytesMax / each {
		h.keep(hotID(n), body)
	}
	require.Equal(t, hotBytesMax, h.bytes)
	require.Equal(t, hotBytesMax/each, h.objects.Len())
	h.keep(hotID(-1), nil)
	require.Equal(t, hotBytesMax-each+hotEntryBytes, h.bytes)
	o, _ := h.get(hotID(0))
	require.Nil(t, o, "the oldest goes")
	o, _ = h.get(hotID(-1))
	require.NotNil(t, o)
	h = newHot(t)
	for n := range hotBytesMax/hotEntryBytes + 1 {
		h.keep(hotID(n), nil)
	}
	require.Equal(t, hotBytesMax, h.bytes)
	require.Equal(t, hotBytesMax/hotEntryBytes, h.objects.Len())
}

// TestHotReadsAreCurrent: readers of an object that is written, posted to and
// deleted all the time never see an older state than was answered, or than they
// saw before.
func TestHotReadsAreCurrent(t *testing.T) {
	ctx := context.Background()
	e, err := Open(t.TempDir(), Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	id := objstore.ContainerID{Account: "a", Container: "c"}
	_, err = e.PutContainer(ctx, id, objstore.PutContainerOptions{})
	require.NoError(t, err)
	object := id.Object("o")
	var answered atomic.Int64
	put := func(n int64) {
		text := strconv.FormatInt(n, 10)
		_, err := e.PutObject(ctx, object, strings.NewReader(text), objstore.PutOptions{SizeBytes: int64(len(text))})
		require.NoError(t, err)
		answered.Store(n)
	}
	put(1)
	done := make(chan struct{})
	var fromMemory atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for last := int64(0); ; {
				select {
				case <-done:
					return
				default:
				}
				least := max(last, answered.Load())
				obj, err := e.OpenObject(ctx, object, objstore.OpenOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				if obj.(*inlineObject).buf == nil {
					fromMemory.Add(1)
				}
				text, _ := io.ReadAll(obj.Range(0, 100))
				last, err = strconv.ParseInt(string(text), 10, 64)
				if closeErr := obj.Close(); err != nil || closeErr != nil || last < least {
					t.Errorf("read %q, at least %d was there: %v, %v", text, least, err, closeErr)
					return
				}
			}
		})
	}
	for n := int64(2); n < 400; n++ {
		put(n)
	}
	for deadline := time.Now().Add(10 * time.Second); fromMemory.Load() == 0 && time.Now().Before(deadline); {
		put(answered.Load() + 1)
	}
	close(done)
	wg.Wait()
	require.NotZero(t, fromMemory.Load())
}

// TestHotFollowsPostDeleteAndExpiry asks for an object that is kept.
func TestHotFollowsPostDeleteAndExpiry(t *testing.T) {
	ctx := context.Background()
	e, err := Open(t.TempDir(), Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	id := objstore.ContainerID{Account: "a", Container: "c"}
	_, err = e.PutContainer(ctx, id, objstore.PutContainerOptions{})
	require.NoError(t, err)
	object := id.Object("o")
	open := func() (objstore.Object, error) { return e.OpenObject(ctx, object, objstore.OpenOptions{}) }
	warm := func() objstore.Object {
		for range 3 {
			obj, err := open()
			require.NoError(t, err)
			require.NoError(t, obj.Close())
		}
		obj, err := open()
		require.NoError(t, err)
		require.Nil(t, obj.(*inlineObject).buf)
		return obj
	}
	_, err = e.PutObject(ctx, object, bytes.NewReader([]byte("body")), objstore.PutOptions{SizeBytes: 4})
	require.NoError(t, err)
	warm()
	_, err = e.PostObject(ctx, object, objstore.PostOptions{Metadata: objstore.Metadata{{Name: "X-Object-Meta-A", Value: "v"}}})
	require.NoError(t, err)
	obj := warm()
	require.Equal(t, "v", obj.Info().Metadata.Get("X-Object-Meta-A"))
	obj.Info().Metadata[0].Value = "the caller's own"
	require.Equal(t, "v", warm().Info().Metadata.Get("X-Object-Meta-A"))
	info, err := e.HeadObject(ctx, object, objstore.OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, *warm().Info(), info)
	_, err = e.DeleteObject(ctx, object, objstore.DeleteOptions{})
	require.NoError(t, err)
	_, err = open()
	require.ErrorIs(t, err, objstore.KindNotFound)

	kept := &hotObject{info: objstore.ObjectInfo{DeleteAt: 1}}
	e.hot.objects.Add(object, kept)
	_, err = open()
	require.ErrorIs(t, err, objstore.KindNotFound, "it has expired")
	_, err = e.HeadObject(ctx, object, objstore.OpenOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound, "it has expired")
}

// BenchmarkGetInline reads one object of 4 KiB again and again.
func BenchmarkGetInline(b *testing.B) {
	ctx := context.Background()
	e, err := Open(b.TempDir(), Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, e.Close()) }()
	id := objstore.ContainerID{Account: "a", Container: "c"}
	_, err = e.PutContainer(ctx, id, objstore.PutContainerOptions{})
	require.NoError(b, err)
	for _, objects := range []int{1, 2 * hotSeenSlots} {
		body := make([]byte, 4<<10)
		for n := range objects {
			_, err = e.PutObject(ctx, id.Object(hotID(n).Object), bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
			require.NoError(b, err)
		}
		b.Run(fmt.Sprintf("objects=%d", objects), func(b *testing.B) {
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				obj, err := e.OpenObject(ctx, id.Object(hotID(n%objects).Object), objstore.OpenOptions{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, obj.Range(0, 4<<10)); err != nil || obj.Close() != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
