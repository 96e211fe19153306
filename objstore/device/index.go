package device

import "strconv"

// Index is the number of a device within a store. It belongs to one disk for as
// long as the store lives, and is what the index of objects records.
type Index uint16

// None is no device: a copy or fragment that is missing.
const None Index = 1<<16 - 1

// String is the number, or "none".
func (i Index) String() string {
	if i == None {
		return "none"
	}
	return strconv.Itoa(int(i))
}
