// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bytes"
	"compress/bzip2"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"strconv"

	"needletail/proxy/web"
)

// blockBytes is the unit of a tar stream.
const blockBytes = 512

// plain is the tar stream while it is unpacked. It counts the bytes and keeps
// the first block, to describe a broken archive in the words of Python's
// tarfile, which Swift sends.
type plain struct {
	r      io.Reader
	budget *budget
	bytes  int64
	first  [blockBytes]byte
}

func (p *plain) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if spent := p.budget.unpack(n); spent != nil {
		return 0, spent
	}
	if p.bytes < blockBytes {
		copy(p.first[p.bytes:], b[:n])
	}
	p.bytes += int64(n)
	return n, err
}

// whole reports whether a stream may end here. archive/tar accepts an end
// within the padding behind a file.
func (p *plain) whole() bool { return p.bytes > 0 && p.bytes%blockBytes == 0 }

// fault returns the fault of the archive, unless the request itself failed.
func (p *plain) fault(err error) error {
	var status *web.StatusError
	if errors.As(err, &status) {
		return err
	}
	return &web.StatusError{Status: 400, Body: "Invalid Tar File: " + p.words(err), Err: err}
}

func (p *plain) words(err error) string {
	var corrupt flate.CorruptInputError
	var structural bzip2.StructuralError
	switch {
	case errors.Is(err, gzip.ErrHeader):
		return "not a gzip file"
	case errors.As(err, &corrupt), errors.As(err, &structural), errors.Is(err, gzip.ErrChecksum):
		return "invalid compressed data"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		switch {
		case p.bytes == 0:
			return "empty file"
		case p.bytes < blockBytes:
			return "truncated header"
		}
		return "unexpected end of data"
	case errors.Is(err, tar.ErrHeader) && p.bytes == blockBytes:
		if sum := bytes.Trim(p.first[148:156], " \x00"); len(sum) > 0 {
			if _, err := strconv.ParseUint(string(sum), 8, 64); err != nil {
				return "invalid header"
			}
		}
		return "bad checksum"
	}
	return err.Error()
}
