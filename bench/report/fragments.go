// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
)

// writeFragments writes a row for each code that the library was measured with:
// object data per second of a processor, and needletail's rate divided by the
// library's.
func writeFragments(w io.Writer, lines []line) error {
	own := map[string]float64{}
	for _, l := range lines {
		own[l.base+" "+strings.Join(l.plain, " ")] = l.values["MB/cpu-s"]
	}
	fmt.Fprintln(w, "| code | needletail encodes MB/s | liberasurecode | × | needletail decodes MB/s | liberasurecode | × |")
	fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	rows := 0
	for _, l := range lines {
		if l.base != "Pyeclib" {
			continue
		}
		code := strings.Join(l.plain, " ")
		encode, decode := own["Encode "+code], own["Decode "+code]
		if encode == 0 || decode == 0 {
			return fmt.Errorf("%s has no line of needletail", code)
		}
		otherEncode, otherDecode := l.values["MB/cpu-s-encode"], l.values["MB/cpu-s-decode"]
		if otherEncode == 0 || otherDecode == 0 {
			return fmt.Errorf("%s has no rate of the library", code)
		}
		rows++
		_, err := fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", code, number(encode), number(otherEncode),
			number(encode/otherEncode), number(decode), number(otherDecode), number(decode/otherDecode))
		if err != nil {
			return err
		}
	}
	if rows == 0 {
		return fmt.Errorf("no line of the library")
	}
	return nil
}
