// SPDX-License-Identifier: Apache-2.0

package device

import "fmt"

// Space is how full a device is.
type Space struct {
	TotalBytes int64
	FreeBytes  int64 // what ordinary users may still write
}

// Space asks the file system how full the disk is.
func (d *Device) Space() (Space, error) {
	u, err := d.fs.GetDiskUsage(d.dir)
	if err != nil {
		return Space{}, opError("free space", err)
	}
	return Space{TotalBytes: int64(u.TotalBytes), FreeBytes: int64(u.AvailBytes)}, nil
}

// Reserve checks, before a write of sizeBytes, that the device takes writes and
// that the write leaves the reserve free: ErrSealed, ErrNoSpace. An unknown
// size is negative and counts as zero. Nothing is set aside; a file of known
// size is preallocated when it is created.
func (d *Device) Reserve(sizeBytes int64) error {
	if err := d.Sealed(); err != nil {
		return err
	}
	s, err := d.Space()
	if err != nil {
		return err
	}
	keep := d.ReservedBytes(s)
	if s.FreeBytes-keep < max(sizeBytes, 1) {
		return fmt.Errorf("device: %w: %d bytes free, %d of them in reserve", ErrNoSpace, s.FreeBytes, keep)
	}
	return nil
}

// ReservedBytes returns the bytes of a file system that writes leave free.
func (d *Device) ReservedBytes(s Space) int64 {
	return max(d.opts.ReserveBytes, int64(float64(s.TotalBytes)*d.opts.ReservePercent/100))
}
