// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"errors"

	"needletail/proxy/glance/imageformat"
	"needletail/proxy/glance/wire"
)

// checkFormat compares data with the image's disk_format and returns the size of
// the disk, nil if the size is unknown. Only data in the container format "bare"
// is compared. The rules are Glance's since 2025 (glance/location.py set_data,
// require_image_format_match). Glance 25 is laxer: raw data, or no data, passes
// for a qcow2.
func (s *service) checkFormat(m *image, found imageformat.Finding) (virtualBytes *int64, err error) {
	if deref(m.ContainerFormat) != "bare" {
		return nil, nil
	}
	if s.AnyPartitions && found.Format == imageformat.GPT {
		found.Unsafe = ""
	}
	n, err := found.Check(deref(m.DiskFormat))
	var mismatch *imageformat.MismatchError
	switch {
	case errors.Is(err, imageformat.ErrUnsafe):
		s.Logger.Warn("image refused", "image", m.ID, "err", err)
		return nil, &wire.Error{Status: 415, Message: "Image failed safety checks", Err: err}
	case errors.As(err, &mismatch) && s.AnyFormat:
		return nil, nil
	case errors.As(err, &mismatch):
		return nil, &wire.Error{Status: 415, Message: mismatch.Error(), Err: err}
	case err != nil || n == 0:
		return nil, err
	}
	return &n, nil
}
