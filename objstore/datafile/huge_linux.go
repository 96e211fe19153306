package datafile

import "golang.org/x/sys/unix"

// newHugePage is memory of hugeBytes that Go does not manage. Its addresses are
// never given back. The half that only serves to align the other is not touched. That
// the kernel makes it a huge page is only a hope.
func newHugePage() []byte {
	region, err := unix.Mmap(-1, 0, 2*hugeBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		region = make([]byte, 2*hugeBytes) // Go's heap has some left, or ends the process
	}
	page := alignHuge(region)
	_ = unix.Madvise(page, unix.MADV_HUGEPAGE)
	return page
}

// giveBack gives the memory of a free buffer back to the system until it is used
// again.
func giveBack(p []byte) { _ = unix.Madvise(p, unix.MADV_DONTNEED) }
