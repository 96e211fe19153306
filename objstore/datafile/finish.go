// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"errors"

	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// Finish writes the footer, and returns nil only when the file is published and
// on stable storage. After an error the file is not published, and Abort
// removes the rest.
func (w *Writer) Finish(f Footer) error {
	if w.err != nil {
		return w.err
	}
	if err := w.finish(&f); err != nil {
		return w.fail(err)
	}
	w.out.release()
	w.ended = true
	w.err = ErrDone
	return nil
}

func (w *Writer) finish(f *Footer) error {
	sum := w.Sum()
	if sum.SizeBytes > SizeMaxBytes {
		return ErrTooLarge
	}
	f.Info.SizeBytes, f.Info.ETag, f.Info.SHA512 = sum.SizeBytes, sum.MD5, sum.SHA512
	tail, err := encodeTail(w.id, f, w.sums.Blocks)
	if err != nil {
		return err
	}
	w.pad()
	if err := w.emit(tail); err != nil {
		return err
	}
	if err := w.out.writeLast(w.filled); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	file := w.file
	w.file = nil
	if err := file.Close(); err != nil {
		return err
	}
	return w.device.Publish(w.id)
}

// encodeTail returns the footer, padding and trailer of the file id, whose
// content has the sums blocks. encodeTail reads the result back as a check.
func encodeTail(id device.ID, f *Footer, blocks []uint64) ([]byte, error) {
	if err := f.checkLimits(); err != nil {
		return nil, err
	}
	tail, err := appendFooter(nil, f, blocks)
	if err != nil {
		return nil, err
	}
	t := trailer{version: versionBody, footerOffset: device.Align(f.StoredBytes()), footerBytes: int64(len(tail))}
	if f.Fragment.Data > 0 {
		t.version = versionFragment
	}
	padded := device.Align(t.footerBytes+trailerBytes) - trailerBytes
	tail = append(tail, make([]byte, padded-t.footerBytes)...)
	t.footerSum = checksum.Block(tail)
	tail = appendTrailer(tail, id, t)

	readT, err := parseTrailer(tail[padded:], id, t.footerOffset+int64(len(tail)))
	if err != nil {
		return nil, err
	}
	readF, sums, err := parseFooter(tail[:readT.footerBytes])
	if err != nil {
		return nil, err
	}
	again, err := appendFooter(nil, &readF, blocks)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, tail[:t.footerBytes]) || int64(len(sums)) != 8*blockCount(readF.StoredBytes()) {
		return nil, errors.New("datafile: footer does not read back as it was written")
	}
	return tail, nil
}

// pad fills the current buffer with zeros up to an aligned length.
func (w *Writer) pad() {
	end := int(device.Align(int64(w.filled)))
	clear(w.out.cur.bytes[w.filled:end])
	w.filled = end
}

// emit adds bytes outside the body.
func (w *Writer) emit(p []byte) error {
	for len(p) > 0 {
		if w.filled == len(w.out.cur.bytes) {
			w.filled = 0
			if err := w.out.next(); err != nil {
				return err
			}
		}
		n := copy(w.out.cur.bytes[w.filled:], p)
		w.filled += n
		p = p[n:]
	}
	return nil
}
