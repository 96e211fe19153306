// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"io"

	"needletail/objstore"
)

// bodyReader reads the body of a PUT, and no byte beyond the stated length.
// bodyReader remembers the first fault: a body shorter than stated, a body above
// the limit, or an error of the client's reader.
type bodyReader struct {
	src    io.Reader
	stated int64 // bytes; -1: the client stated no length
	max    int64 // bytes; 0: no limit
	taken  int64 // bytes
	kind   objstore.Kind
	err    error // the cause for kind
	failed bool
}

var errBody = errors.New("the body cannot be stored")

// fail notes the fault for the answer to the client, and returns an error for
// the caller of Read. Later reads return the same error.
func (b *bodyReader) fail(k objstore.Kind, cause error) error {
	b.kind, b.err, b.failed = k, cause, true
	if cause == nil {
		cause = errBody
	}
	return cause
}

// Read returns io.EOF only after the whole body.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.failed {
		return 0, b.fail(b.kind, b.err)
	}
	left := int64(len(p))
	switch {
	case b.stated >= 0:
		left = min(left, b.stated-b.taken)
		if left == 0 && len(p) > 0 {
			return 0, io.EOF
		}
	case b.max > 0:
		left = min(left, b.max+1-b.taken)
	}
	n, err := b.src.Read(p[:left])
	if n < 0 || int64(n) > left {
		return 0, b.fail(objstore.KindBody, fmt.Errorf("reader gave %d bytes of %d", n, left))
	}
	b.taken += int64(n)
	if b.max > 0 && b.taken > b.max {
		return 0, b.fail(objstore.KindTooLarge, nil)
	}
	if err == io.EOF {
		if b.taken < b.stated {
			return n, b.fail(objstore.KindShortBody, fmt.Errorf("%d of %d bytes", b.taken, b.stated))
		}
		return n, io.EOF
	}
	if err != nil {
		return n, b.fail(objstore.KindBody, err)
	}
	return n, nil
}

// emptyReadsMax is how many reads in a row without bytes and without error make
// a reader broken.
const emptyReadsMax = 100

// readFull fills p. io.EOF: the body ended before p was full. An empty body
// gives io.EOF too.
func readFull(b *bodyReader, p []byte) (n int, err error) {
	for empty := 0; n < len(p); {
		k, err := b.Read(p[n:])
		n += k
		if err != nil {
			return n, err
		}
		if k > 0 {
			empty = 0
		} else if empty++; empty == emptyReadsMax {
			return n, b.fail(objstore.KindBody, io.ErrNoProgress)
		}
	}
	return n, nil
}
