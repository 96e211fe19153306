// SPDX-License-Identifier: Apache-2.0

package twin

import (
	"fmt"
	"io/fs"

	"needletail/objstore/durable"
)

// Age orders the copies of a database by their progress.
type Age struct {
	Generation uint64
	Sequence   uint64 // of the last batch in the journal
}

// Less reports that b has come further than a.
func (a Age) Less(b Age) bool {
	if a.Generation != b.Generation {
		return a.Generation < b.Generation
	}
	return a.Sequence < b.Sequence
}

// AgeOf returns the age of an open copy. A copy that was not filled to the end gives
// fs.ErrNotExist.
func AgeOf(d *durable.DB, f Format) (Age, error) {
	st := &standing{side: &side{opts: &Options{Format: f}, pebble: d}}
	if err := st.look(); err != nil {
		return Age{}, err
	}
	if !st.head.Complete {
		return Age{}, fmt.Errorf("not complete: %w", fs.ErrNotExist)
	}
	return Age{st.state.generation, st.last}, nil
}
