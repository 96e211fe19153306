package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// asideMax is how many databases may stand aside beside one folder.
const asideMax = 1000

// SetAside renames the folder of a database that may hold what nothing else does
// to the first of DIR.aside.0, DIR.aside.1 and so on that is free, and gives the
// new name. No database that stands aside is ever removed: an operator may do
// so.
func SetAside(on vfs.FS, dir string) (string, error) {
	for n := range asideMax {
		to := dir + ".aside." + strconv.Itoa(n)
		if _, err := on.Stat(to); !errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return "", fmt.Errorf("look for a name for %s: %w", dir, err)
			}
			continue
		}
		if err := on.Rename(dir, to); err != nil {
			return "", fmt.Errorf("set %s aside: %w", dir, err)
		}
		parent, err := on.OpenDir(on.PathDir(dir))
		if err != nil {
			return "", fmt.Errorf("set %s aside: %w", dir, err)
		}
		return to, errors.Join(parent.Sync(), parent.Close())
	}
	return "", fmt.Errorf("%d databases stand aside beside %s: remove some", asideMax, dir)
}
