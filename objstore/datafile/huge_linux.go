package datafile

import "golang.org/x/sys/unix"

// adviseHuge asks for huge pages. It is only a hint.
func adviseHuge(p []byte) { _ = unix.Madvise(p, unix.MADV_HUGEPAGE) }
