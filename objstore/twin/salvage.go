// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"bytes"
	"errors"
	"slices"

	"needletail/objstore/durable"
)

// visitError tells an error of the visitor from a failed read.
type visitError struct{ error }

// Salvage visits each readable key of a database, in order. After a failed read the
// walk goes on at the next place where a table begins or ends. gaps is the number of
// failed reads.
func Salvage(from *durable.DB, visit func(k, value []byte) error) (gaps int, err error) {
	places, err := tableBounds(from)
	if err != nil {
		return 0, err
	}
	var last []byte // the key that was visited or tried last
	for lower := []byte(nil); ; {
		err := Scan(Plain(from), lower, nil, func(k, value []byte) error {
			last = append(last[:0], k...)
			if err := visit(k, value); err != nil {
				return visitError{err}
			}
			return nil
		})
		var mine visitError
		switch {
		case err == nil:
			return gaps, nil
		case errors.As(err, &mine):
			return gaps, mine.error
		}
		gaps++
		next, exact := slices.BinarySearchFunc(places, last, bytes.Compare)
		if exact {
			next++
		}
		if next == len(places) {
			return gaps, nil
		}
		lower = places[next]
		last = append(last[:0], lower...)
	}
}

// tableBounds returns, sorted, the first key of each table and the least key behind
// each table.
func tableBounds(d *durable.DB) ([][]byte, error) {
	levels, err := d.SSTables()
	if err != nil {
		return nil, err
	}
	var places [][]byte
	for _, level := range levels {
		for _, t := range level {
			places = append(places, bytes.Clone(t.Smallest.UserKey), append(bytes.Clone(t.Largest.UserKey), 0))
		}
	}
	slices.SortFunc(places, bytes.Compare)
	return slices.CompactFunc(places, bytes.Equal), nil
}
