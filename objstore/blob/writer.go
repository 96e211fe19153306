// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"io"

	"needletail/objstore/datafile"
)

// Writer streams a body to its devices. Like a datafile.Writer it belongs to a
// single goroutine. Finish or Abort must end a Writer; a further Abort does
// nothing. After an error every call but Abort returns the same error.
type Writer struct {
	single *datafile.Writer // of a body with one copy, on disk
	disk   *disk
	many   *upload // of all others
}

// Write adds p.
func (w *Writer) Write(p []byte) (int, error) {
	if w.many != nil {
		return w.many.Write(p)
	}
	n, err := w.single.Write(p)
	return n, w.blame(err)
}

// ReadFrom adds all bytes of r, as datafile.Writer.ReadFrom does.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	if w.many != nil {
		return w.many.ReadFrom(r)
	}
	n, err := w.single.ReadFrom(r)
	return n, w.blame(err)
}

// Sum returns the digests of the body and completes the body. Sum must not be
// called after Finish or Abort.
func (w *Writer) Sum() datafile.Digests {
	if w.many != nil {
		return w.many.Sum()
	}
	return w.single.Sum()
}

// Finish publishes the files side by side, and returns nil only when the quorum
// of files is on stable storage. The placement names the devices; slots without
// a file are device.None. After an error no file is left, as far as the devices
// obey.
func (w *Writer) Finish(f datafile.Footer) (Placement, error) {
	if w.many != nil {
		return w.many.Finish(f)
	}
	if err := w.blame(w.single.Finish(f)); err != nil {
		return nil, err
	}
	return Placement{w.disk.spec.Index}, nil
}

// Abort gives up the body and removes the files.
func (w *Writer) Abort() error {
	if w.many != nil {
		w.many.Abort()
		return nil
	}
	return w.single.Abort()
}

func (w *Writer) blame(err error) error {
	if err != nil {
		w.disk.monitor.Blame(faultOf(err))
	}
	return err
}

var (
	_ io.Writer     = (*Writer)(nil)
	_ io.ReaderFrom = (*Writer)(nil)
)
