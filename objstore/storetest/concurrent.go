// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"needletail/objstore"
)

const writers = 8

// testConcurrentWriters lets writers collide on a few names, and recounts.
func testConcurrentWriters(e *env) {
	containers := []objstore.ContainerID{e.container("a"), e.container("b")}
	sizes := []int64{0, 10, 4096, 70_000, 300_000}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(w), 1))
			for i := range 40 {
				id := containers[rng.IntN(2)].Object(objstore.ObjectName(fmt.Sprint("o", rng.IntN(6))))
				var err error
				switch rng.IntN(4) {
				case 0:
					_, err = e.s.DeleteObject(e.ctx, id, objstore.DeleteOptions{})
				case 1:
					_, err = e.s.PostObject(e.ctx, id, objstore.PostOptions{Metadata: metadata("X-Object-Meta-W", "1")})
				default:
					body := makeBody(uint64(w*1000+i), sizes[rng.IntN(len(sizes))])
					_, err = e.s.PutObject(e.ctx, id, bytes.NewReader(body),
						objstore.PutOptions{SizeBytes: int64(len(body)), ETag: etagOf(body)})
					if errors.Is(err, objstore.KindNotFound) {
						e.Errorf("put: %v", err)
					}
				}
				if err != nil && !errors.Is(err, objstore.KindNotFound) && !e.overtaken(err) {
					e.Error(err)
				}
			}
		})
	}
	wg.Wait()
	CheckCounts(e, e.s, testAccount)
	for _, c := range containers {
		e.settle(e.g.ListedAtOnce, func(e *env) { e.wantListedAsStored(c) })
	}
}

// overtaken reports whether a write may have failed because of a write that
// began later.
func (e *env) overtaken(err error) bool {
	return !e.g.LastCommitWins && (errors.Is(err, objstore.KindConflict) || errors.Is(err, objstore.KindUnavailable))
}

// wantListedAsStored compares each entry of a listing with its object.
func (e *env) wantListedAsStored(c objstore.ContainerID) {
	e.Helper()
	for _, entry := range allObjects(e, e.s, c) {
		info, body := readObject(e, e.s, c.Object(objstore.ObjectName(entry.Name)))
		e.wantEqual("etag", info.ETag, etagOf(body))
		e.wantEqual("listed etag", entry.ETag, info.ETag)
		e.wantEqual("listed size", entry.SizeBytes, int64(len(body)))
		e.wantEqual("listed time", entry.Modified, info.Modified)
	}
}

func testConcurrentIfNoneMatch(e *env) {
	c := e.container("c")
	for round := range 5 {
		id := c.Object(objstore.ObjectName(fmt.Sprint(round)))
		var won atomic.Int64
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				body := makeBody(uint64(w), 5000)
				_, err := e.s.PutObject(e.ctx, id, bytes.NewReader(body), objstore.PutOptions{SizeBytes: 5000, IfNoneMatch: true})
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, objstore.KindPrecondition) {
					e.Error(err)
				}
			})
		}
		wg.Wait()
		if e.g.CompareAtCommit || won.Load() == 0 {
			e.wantEqual("writers that won", won.Load(), int64(1))
		}
		info, body := readObject(e, e.s, id)
		e.wantEqual("etag", info.ETag, etagOf(body))
		e.wantUsage(c, int64(round+1), int64(round+1)*5000)
	}
}

// testConcurrentContainerDelete races a PUT against the removal of its
// container: exactly one of the two must win. Without exact counts both may
// win.
func testConcurrentContainerDelete(e *env) {
	for round := range 10 {
		name := objstore.ContainerName("c")
		if !e.g.ExactCounts {
			name = objstore.ContainerName(fmt.Sprint("c", round))
		}
		c := e.container(name)
		var wg sync.WaitGroup
		var putErr, deleteErr error
		wg.Go(func() {
			_, putErr = e.s.PutObject(e.ctx, c.Object("o"), bytes.NewReader([]byte("x")), objstore.PutOptions{SizeBytes: 1})
		})
		wg.Go(func() { deleteErr = e.s.DeleteContainer(e.ctx, c) })
		wg.Wait()
		switch {
		case !e.g.ExactCounts && (putErr == nil || errors.Is(putErr, objstore.KindContainerNotFound)) &&
			(deleteErr == nil || errors.Is(deleteErr, objstore.KindNotEmpty)):
		case putErr == nil && errors.Is(deleteErr, objstore.KindNotEmpty):
			e.wantBody(c.Object("o"), []byte("x"))
			e.wantUsage(c, 1, 1)
			_, err := e.s.DeleteObject(e.ctx, c.Object("o"), objstore.DeleteOptions{})
			e.ok(err)
			e.ok(e.s.DeleteContainer(e.ctx, c))
		case deleteErr == nil && errors.Is(putErr, objstore.KindContainerNotFound):
			e.wantAbsent(c.Object("o"))
			CheckCounts(e, e.s, testAccount)
		default:
			e.Fatalf("put: %v; delete container: %v", putErr, deleteErr)
		}
	}
}
