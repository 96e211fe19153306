// SPDX-License-Identifier: Apache-2.0

package device

import "github.com/cockroachdb/pebble/v2/vfs"

// DataPath returns the place of a published file in the folder of a device,
// which need not be open.
func DataPath(fs vfs.FS, dir string, id ID) string {
	return (&Device{fs: fs, dir: dir}).dataPath(id)
}
