// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
)

// Counts are the counters of a container or an account, or a change of the counters.
type Counts struct {
	Containers int64 // accounts only
	Objects    int64
	Bytes      int64 // of bodies; a listing override does not count
}

// IsZero reports that adding c changes nothing.
func (c Counts) IsZero() bool { return c == Counts{} }

// Add returns c plus d.
func (c Counts) Add(d Counts) Counts {
	return Counts{c.Containers + d.Containers, c.Objects + d.Objects, c.Bytes + d.Bytes}
}

// Counter is the result of a read: the sum, and the number of deltas in the sum. The
// cost of the read grows with the number of deltas.
type Counter struct {
	Counts
	Deltas int64
}

// The format of a counter's value and of each merge operand:
//
//	containers varint | objects varint | bytes varint | deltas varint
//
// The deltas of a sum are the number of added deltas; an operand has 1.
func appendCounts(dst []byte, c Counts, deltas int64) []byte {
	dst = binary.AppendVarint(dst, c.Containers)
	dst = binary.AppendVarint(dst, c.Objects)
	dst = binary.AppendVarint(dst, c.Bytes)
	return binary.AppendVarint(dst, deltas)
}

func parseCounts(b []byte) (Counter, error) {
	d := decoder{rest: b}
	c := Counter{Counts{d.varint(), d.varint(), d.varint()}, d.varint()}
	return c, d.end()
}

// mergerName is stored by Pebble. Pebble refuses a database with a different name.
const mergerName = "needletail.counters.1"

// merger adds up counters, and keeps the greatest timestamp of keyClock.
var merger = &pebble.Merger{
	Name: mergerName,
	Merge: func(key, value []byte) (pebble.ValueMerger, error) {
		if len(key) == 0 {
			return nil, fmt.Errorf("%w: merge of the empty key", ErrCorrupt)
		}
		switch key[0] {
		case prefixAccountCounter, prefixContainerCounter:
			m := &countsMerger{}
			return m, m.MergeNewer(value)
		case prefixSchema:
			m := &clockMerger{}
			return m, m.MergeNewer(value)
		}
		return nil, fmt.Errorf("%w: merge of key %q", ErrCorrupt, key)
	},
}

type countsMerger struct {
	sum    Counts
	deltas int64
}

func (m *countsMerger) MergeNewer(value []byte) error {
	c, err := parseCounts(value)
	if err != nil {
		return err
	}
	m.sum = m.sum.Add(c.Counts)
	m.deltas++
	return nil
}

func (m *countsMerger) MergeOlder(value []byte) error { return m.MergeNewer(value) }

func (m *countsMerger) Finish(bool) ([]byte, io.Closer, error) {
	return appendCounts(nil, m.sum, m.deltas), nil, nil
}

type clockMerger struct{ greatest int64 }

func (m *clockMerger) MergeNewer(value []byte) error {
	d := decoder{rest: value}
	t := d.varint()
	m.greatest = max(m.greatest, t)
	return d.end()
}

func (m *clockMerger) MergeOlder(value []byte) error { return m.MergeNewer(value) }

func (m *clockMerger) Finish(bool) ([]byte, io.Closer, error) {
	return binary.AppendVarint(nil, m.greatest), nil, nil
}
