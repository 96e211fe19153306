// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"io"

	"needletail/objstore/device"
)

// Verify reads every byte of a published file: nil, or as Open and Range.
func Verify(d *device.Device, id device.ID) error {
	r, err := Open(d, id)
	if err != nil {
		return err
	}
	defer r.Close()
	return r.Verify(io.Discard)
}

// Verify reads and checks every byte of the file. The body goes to w. w can
// slow the pass down, or end it with an error, which is returned unchanged.
func (r *Reader) Verify(w io.Writer) error {
	if _, err := r.Range(0, r.SizeBytes()).(io.WriterTo).WriteTo(w); err != nil {
		return err
	}
	return r.VerifyPadding()
}
