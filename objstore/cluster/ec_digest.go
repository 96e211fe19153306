// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/md5"
	"errors"
	"hash"
	"io"

	"needletail/objstore/checksum"
)

// plainDigestBytesMax is the largest object whose digests are taken alone. Larger
// ones are taken side by side with those of all other bodies, which is worth the
// wait for one another.
const plainDigestBytesMax = 64 << 10

func plainDigests(objectBytes int64) bool {
	return objectBytes >= 0 && objectBytes <= plainDigestBytesMax
}

// archiveDigest is the MD5 of an archive.
type archiveDigest interface {
	io.Writer // never fails
	sum() string
	Release()
}

// newArchiveDigest returns the digest of an empty archive of an object; -1 is a size
// that is not known.
func newArchiveDigest(objectBytes int64) archiveDigest {
	if plainDigests(objectBytes) {
		return plainDigest{md5.New()}
	}
	return sharedDigest{checksum.New(false)}
}

type plainDigest struct{ hash.Hash }

func (d plainDigest) sum() string { return sumOf(d.Hash) }

func (d plainDigest) Release() {}

type sharedDigest struct{ *checksum.Hash }

func (d sharedDigest) sum() string { return d.Sum().MD5 }

// objectDigest is the MD5 of an object that comes in segments. The digest of a
// segment is taken while the caller goes on to the next.
type objectDigest struct {
	archiveDigest
	shared *checksum.Hash // nil: the digest is plain
	waits  bool           // a segment was added whose digest was not waited for
	held   load           // of that segment, or nil
	told   chan struct{}
}

func newObjectDigest(objectBytes int64) *objectDigest {
	d := &objectDigest{archiveDigest: newArchiveDigest(objectBytes)}
	if s, ok := d.archiveDigest.(sharedDigest); ok {
		d.shared, d.told = s.Hash, make(chan struct{}, 1)
	}
	return d
}

// add adds a segment, after the digest of the segment before was taken. The bytes
// must not change until the next call of add, sum or Release has returned. held, if
// not nil, is used until the digest is taken.
func (d *objectDigest) add(segment []byte, held load) {
	if d.shared == nil {
		_, _ = d.Write(segment) // never fails
		return
	}
	d.await()
	if held != nil {
		held.use()
	}
	d.waits, d.held = true, held
	d.shared.Add(segment, d)
}

// soFar is the MD5 of all segments that were added, for a digest that goes on
// apart.
func (d *objectDigest) soFar() (hash.Hash, error) {
	if d.shared != nil {
		d.await()
		return d.shared.MD5(), nil
	}
	cloner, ok := d.archiveDigest.(plainDigest).Hash.(hash.Cloner)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return cloner.Clone()
}

func (d *objectDigest) await() {
	if !d.waits {
		return
	}
	d.shared.Hurry()
	<-d.told
	d.waits = false
}

// Hashed ends the use of a segment.
func (d *objectDigest) Hashed() {
	if d.held != nil {
		d.held.release()
	}
	d.told <- struct{}{} // there is room: a single segment is under way
}
