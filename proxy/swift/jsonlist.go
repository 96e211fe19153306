package swift

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// errNoList is the cause of an error of EachInList.
var errNoList = errors.New("no JSON list")

// EachInList decodes a list in JSON element by element, so that nothing of it is
// in memory but what visit keeps and has held. An empty body is io.EOF. It gives
// how many bytes the list had.
func EachInList[T any](body io.Reader, visit func(*T) error) (bytesRead int64, err error) {
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
