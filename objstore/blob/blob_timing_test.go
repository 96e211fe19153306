// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"needletail/objstore/datafile"
	"needletail/objstore/device"
)

// realSet is devices on the real disk.
func realSet(b *testing.B, n int) (*Set, []device.Index) {
	var specs []Spec
	var order []device.Index
	for i := range n {
		specs = append(specs, Spec{Index: device.Index(i), Dir: b.TempDir(), Format: true})
		order = append(order, device.Index(i))
	}
	s, err := Open(testStore, specs, Options{})
	require.NoError(b, err)
	return s, order
}

// bodyOnly hides what makes a copy cheaper.
type bodyOnly struct{ io.Reader }

func putOnce(b *testing.B, s *Set, l Layout, order []device.Index, body []byte) (device.ID, Placement) {
	id := device.NewID()
	w, err := s.Create(id, l, order, datafile.WriterOptions{SizeHintBytes: int64(len(body))})
	require.NoError(b, err)
	_, err = w.ReadFrom(bodyOnly{bytes.NewReader(body)})
	require.NoError(b, err)
	p, err := w.Finish(sample())
	require.NoError(b, err)
	return id, p
}

var timedLayouts = []Layout{{Copies: 1}, {Copies: 3}, {Data: 4, Parity: 2}}

// What a body costs by its layout. The row "datafile" is a single copy without
// this package.
func BenchmarkPut(b *testing.B) {
	for _, n := range []int{256 << 10, 16 << 20} {
		body := make([]byte, n)
		b.Run(fmt.Sprintf("%dKiB/datafile", n>>10), func(b *testing.B) {
			d, err := device.Open(vfs.Default, b.TempDir(), device.Options{})
			require.NoError(b, err)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			for b.Loop() {
				id := device.NewID()
				w, err := datafile.Create(d, id, datafile.WriterOptions{SizeHintBytes: int64(n)})
				require.NoError(b, err)
				_, err = w.ReadFrom(bodyOnly{bytes.NewReader(body)})
				require.NoError(b, err)
				require.NoError(b, w.Finish(sample()))
				require.NoError(b, d.Remove(id))
			}
		})
		for _, l := range timedLayouts {
			b.Run(fmt.Sprintf("%dKiB/%v", n>>10, l), func(b *testing.B) {
				s, order := realSet(b, l.Slots())
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					id, p := putOnce(b, s, l, order, body)
					_, err := s.Remove(id, p)
					require.NoError(b, err)
				}
			})
		}
	}
}

// Reading, with lost fragments too: "4+2-2" is without two data fragments.
func BenchmarkGet(b *testing.B) {
	const n = 16 << 20
	get := func(b *testing.B, l Layout, lost int) {
		s, order := realSet(b, l.Slots())
		id, p := putOnce(b, s, l, order, make([]byte, n))
		for slot := range lost {
			p[slot] = device.None
		}
		b.SetBytes(n)
		b.ReportAllocs()
		for b.Loop() {
			r, err := s.Open(id, l, p)
			require.NoError(b, err)
			got, err := r.Range(0, n).(io.WriterTo).WriteTo(io.Discard)
			require.NoError(b, err)
			require.EqualValues(b, n, got)
			require.NoError(b, r.Close())
		}
	}
	for _, l := range timedLayouts {
		b.Run(l.String(), func(b *testing.B) { get(b, l, 0) })
	}
	b.Run("4+2-2", func(b *testing.B) { get(b, Layout{Data: 4, Parity: 2}, 2) })
}

// Making one fragment anew, per byte of the body.
func BenchmarkRebuild(b *testing.B) {
	const n = 16 << 20
	l := Layout{Data: 4, Parity: 2}
	s, order := realSet(b, 7)
	id, p := putOnce(b, s, l, order, make([]byte, n))
	b.SetBytes(n)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, s.Rebuild(b.Context(), id, l, p, 0, 6, nil))
	}
}
