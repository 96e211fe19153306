// SPDX-License-Identifier: Apache-2.0

package device

import "fmt"

// Options are the limits of a device.
type Options struct {
	// ReserveBytes is the space that writes leave free. Default 0.
	ReserveBytes int64
	// ReservePercent is the share of the disk that writes leave free, 0 to 100;
	// the larger of the two reserves holds. Default 0.
	ReservePercent float64
}

// Validate checks the limits of each field.
func (o Options) Validate() error {
	if o.ReserveBytes < 0 {
		return fmt.Errorf("device: reserve of %d bytes is negative", o.ReserveBytes)
	}
	if !(o.ReservePercent >= 0 && o.ReservePercent <= 100) {
		return fmt.Errorf("device: reserve of %v percent is not within 0 and 100", o.ReservePercent)
	}
	return nil
}
