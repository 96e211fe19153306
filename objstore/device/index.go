// SPDX-License-Identifier: Apache-2.0

package device

import "strconv"

// Index is the number of a device within a store. An Index belongs to a single
// disk for as long as the store lives, and the index of objects records it.
type Index uint16

// None is no device: a missing copy or fragment.
const None Index = 1<<16 - 1

// String returns the number, or "none".
func (i Index) String() string {
	if i == None {
		return "none"
	}
	return strconv.Itoa(int(i))
}
