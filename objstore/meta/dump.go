// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"fmt"
	"hash"
	"hash/fnv"
)

// Dump calls visit with a line for each key of the index, in order. Two indexes of the
// same content give the same lines: Dump leaves out the schema, the journal, counters
// of zero and the number of deltas of a counter, because they depend on the history.
func (v View) Dump(visit func(line []byte) error) error {
	var line []byte
	return v.scan(nil, func(k, value []byte) error {
		switch k[0] {
		case prefixSchema, prefixJournal:
			return nil
		case prefixAccountCounter, prefixContainerCounter:
			c, err := parseCounts(value)
			if err != nil {
				return err
			}
			if c.IsZero() {
				return nil
			}
			line = fmt.Appendf(line[:0], "%q %d %d %d", k, c.Containers, c.Objects, c.Bytes)
		default:
			line = fmt.Appendf(line[:0], "%q %x", k, value)
		}
		return visit(line)
	})
}

// DumpSum returns the number of lines of Dump and a checksum of the lines.
func (v View) DumpSum() (lines int64, sum string, err error) {
	var h hash.Hash = fnv.New128a()
	err = v.Dump(func(line []byte) error {
		lines++
		h.Write(line)
		h.Write([]byte{'\n'})
		return nil
	})
	return lines, fmt.Sprintf("%x", h.Sum(nil)), err
}
