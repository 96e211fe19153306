// SPDX-License-Identifier: Apache-2.0

package datafile

import "golang.org/x/sys/unix"

// newHugePage returns hugeBytes of memory outside Go's heap. The addresses are
// never given back. The half used only for alignment is not touched. The kernel
// may, or may not, make the memory a huge page.
func newHugePage() []byte {
	region, err := unix.Mmap(-1, 0, 2*hugeBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		region = make([]byte, 2*hugeBytes) // Go's heap has some left, or ends the process
	}
	page := alignHuge(region)
	_ = unix.Madvise(page, unix.MADV_HUGEPAGE)
	return page
}

// giveBack gives the memory of a free buffer back to the system until the next
// use.
func giveBack(p []byte) { _ = unix.Madvise(p, unix.MADV_DONTNEED) }
