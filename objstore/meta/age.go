package meta

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Age says how far an index that is not open has come.
type Age struct {
	Generation uint64
	Sequence   uint64 // of the journal's last batch
}

// Less says that b has come further.
func (a Age) Less(b Age) bool {
	if a.Generation != b.Generation {
		return a.Generation < b.Generation
	}
	return a.Sequence < b.Sequence
}

// PeekAge looks at an index that no process has open. fs.ErrNotExist if there
// is none, or one that was not filled to the end.
func PeekAge(fsys vfs.FS, dir string) (Age, error) {
	s, err := openReadOnly(fsys, dir)
	if err != nil {
		return Age{}, err
	}
	st := &standing{side: s}
	if err := errors.Join(st.look(), s.pebble.Close()); err != nil {
		return Age{}, fmt.Errorf("look at index %s: %w", dir, err)
	}
	if !st.schema {
		return Age{}, fmt.Errorf("index %s is not complete: %w", dir, fs.ErrNotExist)
	}
	return Age{st.state.generation, st.last}, nil
}
