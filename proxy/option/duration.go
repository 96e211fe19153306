// Package option has the types of values in the configuration file that Go's
// own types do not cover.
package option

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that the file writes as text: "60s", "5m", "1h30m".
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

// String returns the duration as the file writes it, without units that are
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
