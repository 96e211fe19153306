// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// integer returns the result of Python's int() for a JSON value: a number
// without its fraction, decimal digits in a string, or a truth value.
func integer(v json.RawMessage) (int64, bool) {
	switch s := string(v); s {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	if s, ok := text(v); ok {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		return n, err == nil
	}
	if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	return int64(f), true
}
