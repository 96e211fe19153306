// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"io"

	"needletail/proxy/web"
)

const (
	// maxUnpackRatio is how many bytes may be unpacked for each received byte.
	// deflate makes at most 1032 bytes of a byte. bzip2 makes a million, in
	// seconds of a processor.
	maxUnpackRatio = 1100
	// maxPassRatio is the same for bytes without a stored object: headers,
	// entries of another kind than files, files outside of any container, and
	// refused files.
	maxPassRatio = 100
	// unpackFloorBytes may be unpacked from an archive of any length.
	unpackFloorBytes = 64 << 20
)

var (
	errRatio  = errors.New("the archive unpacks to too much for its length")
	errPassed = errors.New("too much of the archive is not stored")
)

// budget bounds the unpacking of an archive, and ends with the request too. A
// used-up budget stays used up.
type budget struct {
	ctx      context.Context
	received int64 // bytes of the body
	unpacked int64 // bytes of the archive
	passed   int64 // those of them that are not stored
	fileRead int64 // bytes of files that are stored, with the holes of sparse ones
	storing  bool
}

// unpack counts n unpacked bytes.
func (b *budget) unpack(n int) error {
	if err := b.ctx.Err(); err != nil {
		return &web.StatusError{Status: 499, Err: err}
	}
	b.unpacked += int64(n)
	if !b.storing {
		b.passed += int64(n)
	}
	return b.check()
}

func (b *budget) check() error {
	switch {
	case max(b.unpacked, b.fileRead) > max(unpackFloorBytes, b.received*maxUnpackRatio):
		return refuse(errRatio)
	case b.passed > max(unpackFloorBytes, b.received*maxPassRatio):
		return refuse(errPassed)
	}
	return nil
}

func refuse(err error) error {
	return &web.StatusError{Status: 413, Body: "Invalid Tar File: " + err.Error(), Err: err}
}

// received is the body, counted.
type received struct {
	r      io.Reader
	budget *budget
}

func (c *received) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.budget.received += int64(n)
	return n, err
}

// stored is a file of the archive on its way to the store. The count includes
// holes, which a sparse file makes of nothing.
type stored struct {
	r      io.Reader
	budget *budget
}

func (c *stored) Read(p []byte) (int, error) {
	c.budget.storing = true
	n, err := c.r.Read(p)
	c.budget.storing = false
	c.budget.fileRead += int64(n)
	if spent := c.budget.check(); spent != nil {
		return 0, spent
	}
	return n, err
}
