package engine

import (
	"errors"
	"fmt"
	"io"

	"needletail/objstore"
)

// bodyReader gives the body of a PUT and no byte more than was stated, and
// remembers what is wrong with it: a stated length that is not reached, a limit
// that is passed, or an error of the client's reader.
type bodyReader struct {
	src    io.Reader
	stated int64 // bytes, or -1
	max    int64 // bytes, or 0
	taken  int64 // bytes
	kind   objstore.Kind
	err    error // of src, or what says more; with kind
	failed bool
}

var errBody = errors.New("the body cannot be stored")

func (b *bodyReader) fail(k objstore.Kind, cause error) error {
	b.kind, b.err, b.failed = k, cause, true
	if cause == nil {
		cause = errBody
	}
	return cause
}

// Read gives io.EOF only after the whole body.
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

// emptyReadsMax is the number of reads without bytes or error, one after
// another, that make a reader broken.
const emptyReadsMax = 100

// readFull fills p: io.EOF if the body ended before p was full, which an empty
// body does too.
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
