package identity

import "needletail/objstore/durable"

// openFilesMax bounds the open files of one copy of the store. Its rows are in
// memory: tables are read at the start alone, and by compactions.
const openFilesMax = durable.OpenFilesMin + 4

// keyFiles is what reading and replacing key files has open.
const keyFiles = 2

// OpenFiles is how many files the store may have open at most, with the second
// copy or without it.
func OpenFiles(mirrored bool) int {
	if mirrored {
		return 2*openFilesMax + keyFiles
	}
	return openFilesMax + keyFiles
}
