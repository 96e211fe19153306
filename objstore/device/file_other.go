// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package device

import "github.com/cockroachdb/pebble/v2/vfs"

// createDirect writes through the page cache on systems without O_DIRECT.
func createDirect(path string) (backing, error) {
	return vfs.Default.Create(path, vfs.WriteCategoryUnspecified)
}
