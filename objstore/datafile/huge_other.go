// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package datafile

// newHugePage is memory of hugeBytes.
func newHugePage() []byte { return alignHuge(make([]byte, 2*hugeBytes)) }

// giveBack does nothing: Go's heap keeps the memory.
func giveBack([]byte) {}
