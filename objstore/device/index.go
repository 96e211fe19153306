package device

// Index names a device of a store: rows of the index hold it, so no other
// device ever gets it.
type Index uint16

// None is in a placement where a slot has no device.
const None Index = 0xffff
