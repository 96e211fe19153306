//go:build !linux

package datafile

// adviseHuge does nothing: other systems choose the size of pages themselves.
func adviseHuge([]byte) {}
