package meta

import (
	"fmt"
	"hash"
	"hash/fnv"
)

// Dump calls visit with one line for each key of the index, in order, so that
// two indexes of the same content give the same lines. What depends on their
// history is left out: the schema, the journal, counters that are zero and how
// many deltas a counter was.
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

// DumpSum is the number of a Dump's lines and a sum over them.
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
