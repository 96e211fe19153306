// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestEachInList(t *testing.T) {
	stop := errors.New("stop")
	for text, want := range map[string]struct {
		sum int
		err error
	}{
		"[]": {0, nil}, "[1, 2,3] ": {6, nil}, "": {0, io.EOF}, "{}": {0, errNoList}, "null": {0, errNoList}, "[1,2": {3, errNoList},
		"[1": {1, errNoList}, `[1,"x"]`: {1, errNoList}, "[1,9,2]": {10, stop},
	} {
		sum := 0
		_, err := eachInList(strings.NewReader(text), func(n *int) error {
			if sum += *n; *n == 9 {
				return stop
			}
			return nil
		})
		if sum != want.sum || !errors.Is(err, want.err) || want.err == nil && err != nil {
			t.Errorf("%q: %d, %v", text, sum, err)
		}
	}
}
