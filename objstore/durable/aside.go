// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// asideMax bounds the databases aside of a folder.
const asideMax = 1000

// SetAside renames the folder of a database to the first free name of
// DIR.aside.0, DIR.aside.1 and so on, and returns the new name. The database
// may hold the only copy of some data, so only an operator removes it.
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
