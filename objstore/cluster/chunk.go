// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"sync"
	"sync/atomic"
)

// chunkBytes is the most of a body that is read and sent at once. Of a slow client's
// body enoughBytes are sent at once, Swift's client_chunk_size: a node waits not too
// long for them.
const (
	chunkBytes  = 256 << 10
	enoughBytes = 64 << 10
)

// load is what the lanes of an upload get at once: the same piece of the body,
// or a fragment each. A load counts its users.
type load interface {
	write(l *lane) error // sends the lane's part to its node
	// writeNow is write for a lane that does nothing, by the goroutine of the
	// upload and without a wait. False: the lane is to call write for the rest.
	writeNow(l *lane) bool
	use()
	release()
}

// chunk is a piece of a body on its way to several nodes.
type chunk struct {
	buf  [chunkBytes]byte
	n    int
	refs atomic.Int32
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// newChunk returns a chunk with a single user.
func newChunk() *chunk {
	c := chunks.Get().(*chunk)
	c.n = 0
	c.refs.Store(1)
	return c
}

func (c *chunk) bytes() []byte { return c.buf[:c.n] }

// write sends the same to all nodes.
func (c *chunk) write(l *lane) error { return l.write(c.bytes()) }

// writeNow is never possible: the socket may make the writer wait.
func (c *chunk) writeNow(*lane) bool { return false }

func (c *chunk) use() { c.refs.Add(1) }

// release ends a use; the last ends the chunk.
func (c *chunk) release() {
	if c.refs.Add(-1) == 0 {
		chunks.Put(c)
	}
}
