// SPDX-License-Identifier: Apache-2.0

package identity

import "needletail/objstore/durable"

// openFilesMax bounds the open files of a copy of the store. A few are enough:
// rows are in memory, and Pebble's tables are read at the start and by
// compactions alone.
const openFilesMax = durable.OpenFilesMin + 4

// keyFiles is the number of files open while a key file is read or replaced.
const keyFiles = 2

// OpenFiles returns the largest number of files open at the same time, with a
// second copy (mirrored) or without.
func OpenFiles(mirrored bool) int {
	if mirrored {
		return 2*openFilesMax + keyFiles
	}
	return openFilesMax + keyFiles
}
