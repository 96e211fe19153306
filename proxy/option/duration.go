// SPDX-License-Identifier: Apache-2.0

// Package option has types of values in the configuration file beyond Go's own
// types.
package option

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration, as text in the file: "60s", "5m", "1h30m".
type Duration time.Duration

// UnmarshalText reads a duration. A negative duration is an error.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	if v < 0 {
		return fmt.Errorf("duration %s is negative", text)
	}
	*d = Duration(v)
	return nil
}

// String returns the duration in the form of the file, without units of value
// zero: "1h", not "1h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
