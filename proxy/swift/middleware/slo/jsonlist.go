// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// errNoList is the cause of an error of eachInList.
var errNoList = errors.New("no JSON list")

// eachInList decodes a JSON list element by element, so that only the elements
// that visit keeps are in memory. visit keeps the account of that memory.
// eachInList returns the length of the list in bytes, and io.EOF for an empty
// body.
func eachInList[T any](body io.Reader, visit func(*T) error) (bytesRead int64, err error) {
	d := json.NewDecoder(body)
	if t, err := d.Token(); err == io.EOF {
		return 0, io.EOF
	} else if err != nil || t != json.Delim('[') {
		return 0, fmt.Errorf("%w: %v", errNoList, err)
	}
	for d.More() {
		var element T
		if err := d.Decode(&element); err != nil {
			return 0, fmt.Errorf("%w: %w", errNoList, err)
		}
		if err := visit(&element); err != nil {
			return 0, err
		}
	}
	if _, err := d.Token(); err != nil {
		return 0, fmt.Errorf("%w: %w", errNoList, err)
	}
	return d.InputOffset(), nil
}
