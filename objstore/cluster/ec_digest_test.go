// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/md5"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// countedLoad counts its users.
type countedLoad struct{ users atomic.Int32 }

func (c *countedLoad) write(*lane) error   { return nil }
func (c *countedLoad) writeNow(*lane) bool { return false }
func (c *countedLoad) use()                { c.users.Add(1) }
func (c *countedLoad) release()            { c.users.Add(-1) }

// Objects of several segments, of any length, have their MD5s side by side, and no
// segment is held after its turn. Objects up to plainDigestBytesMax have a plain MD5.
func TestObjectDigests(t *testing.T) {
	const segment = 128 << 10
	var all sync.WaitGroup
	for _, size := range []int{0, 1, plainDigestBytesMax, plainDigestBytesMax + 1, segment, segment + 64, 5*segment + 77} {
		body := seededBody(t, size)
		for _, known := range []int64{int64(size), -1} {
			all.Go(func() {
				d := newObjectDigest(known)
				defer d.Release()
				var held countedLoad
				buf := make([]byte, segment)
				for rest := body; len(rest) > 0; {
					n := copy(buf, rest)
					d.add(buf[:n], &held)
					buf = make([]byte, segment) // the old one is under way
					rest = rest[n:]
				}
				if got, want := d.sum(), fmt.Sprintf("%x", md5.Sum(body)); got != want {
					t.Errorf("%d bytes: %s, want %s", size, got, want)
				}
				if n := held.users.Load(); n != 0 {
					t.Errorf("%d bytes: a segment has %d users at the end", size, n)
				}
			})
		}
	}
	all.Wait()
	require.Nil(t, newObjectDigest(plainDigestBytesMax).shared)
	require.NotNil(t, newObjectDigest(plainDigestBytesMax+1).shared)
	require.NotNil(t, newObjectDigest(-1).shared)
}
