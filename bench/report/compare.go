// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
)

// subject is the server in the ratios' numerator.
const subject = "needletail"

// writeComparison writes a row for each shape and server, in the order of lines. A
// ratio above 1 says: needletail moves more, or spends more. A shape without a line
// of needletail is an error.
func writeComparison(w io.Writer, lines []line) error {
	fmt.Fprintln(w, "| operation | server | MB/s | op/s | CPU s/GB | CPU µs/op | p50 ms | p99 ms | RSS MB | needletail's rate × | needletail's CPU × |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|---|---|---|---|")
	for _, l := range lines {
		server, ok := l.parts["server"]
		if !ok {
			continue
		}
		shape := l.without("server")
		i := slices.IndexFunc(lines, func(o line) bool {
			return o.parts["server"] == subject && o.without("server") == shape
		})
		if i < 0 {
			return fmt.Errorf("%s has no line of %s", shape, subject)
		}
		own := lines[i]
		_, err := fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", shape, server,
			l.text("MB/s"), l.text("op/s"), l.text("cpu-s/GB"), l.text("cpu-µs/op"), l.text("p50-ms"), l.text("p99-ms"),
			l.text("peakRSS-MB"), ratio(own, l, "op/s"), ratio(own, l, "cpu-µs/op"))
		if err != nil {
			return err
		}
	}
	return nil
}

func (l line) text(unit string) string {
	v, ok := l.values[unit]
	if !ok {
		return ""
	}
	return number(v)
}

// number returns v with three significant digits, and without an exponent.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func ratio(own, other line, unit string) string {
	if other.values[unit] == 0 || own.parts["server"] == other.parts["server"] {
		return ""
	}
	return number(own.values[unit] / other.values[unit])
}
