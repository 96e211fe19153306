package meta

import (
	"encoding/binary"

	"needletail/objstore"
	"needletail/objstore/device"
)

// All keys. A name never holds NUL, so NUL ends it and names keep their order:
// "a" sorts before "a/b" and "a-b" as their bytes do.
//
//	key                                   value
//	'a' account                           account row
//	'A' account NUL policy(2, big-endian) counter: containers, objects, bytes
//	'b' id(16)                            inline body
//	'c' account NUL container             container row
//	'C' account NUL container             counter: objects, bytes
//	'f' id(16)                            account NUL container NUL object: the row that names the data file
//	'g' id(16)                            GC entry: a data file of device 0 that no row names any more
//	'G' device(2, big-endian) id(16)      the same of another device
//	'h' id(16)                            heal entry: a data file whose slots are not all where they belong
//	'j' slot(2, big-endian)               journal of two copies: a batch and its keys (journal.go)
//	'o' account NUL container NUL object  object row
//	's' name                              schema: format version, clock's high-water mark, clean stop, store, copies
//	'x' time(8, big-endian) object key    expiry entry, empty: account NUL container NUL object expires at that Unix second
const (
	prefixAccount          = 'a'
	prefixAccountCounter   = 'A'
	prefixInline           = 'b'
	prefixContainer        = 'c'
	prefixContainerCounter = 'C'
	prefixFile             = 'f'
	prefixGC               = 'g'
	prefixDeviceGC         = 'G'
	prefixHeal             = 'h'
	prefixJournal          = 'j'
	prefixObject           = 'o'
	prefixSchema           = 's'
	prefixExpiry           = 'x'
)

// The keys under 's'.
const (
	keyVersion = "sversion" // uvarint; see schemaVersion
	keyClock   = "sclock"   // merged: the greatest Timestamp ever committed
	keyClean   = "sclean"   // there after a clean stop only
	keyStore   = "sstore"   // the id of the store that the index belongs to
	keyCopy    = "scopy"    // what a copy knows of the other one (copies.go)
	keyDevices = "sdevices" // all devices that the store ever had; see KnownDevice
	keyScrub   = "sscrub"   // how far the scrubber has come; see ScrubRow
)

// FileID names one stored body for ever.
type FileID [16]byte

func appendAccountKey(dst []byte, prefix byte, a objstore.AccountName) []byte {
	dst = append(dst, prefix)
	return append(dst, a...)
}

func appendAccountCounterKey(dst []byte, a objstore.AccountName, p objstore.PolicyIndex) []byte {
	dst = appendAccountKey(dst, prefixAccountCounter, a)
	dst = append(dst, 0)
	return binary.BigEndian.AppendUint16(dst, uint16(p))
}

// appendContainersKey is what all containers of an account begin with.
func appendContainersKey(dst []byte, prefix byte, a objstore.AccountName) []byte {
	return append(appendAccountKey(dst, prefix, a), 0)
}

func appendContainerKey(dst []byte, prefix byte, c objstore.ContainerID) []byte {
	return append(appendContainersKey(dst, prefix, c.Account), c.Container...)
}

// appendObjectsKey is what all objects of a container begin with.
func appendObjectsKey(dst []byte, c objstore.ContainerID) []byte {
	return append(appendContainerKey(dst, prefixObject, c), 0)
}

func appendObjectKey(dst []byte, o objstore.ObjectID) []byte {
	return append(appendObjectsKey(dst, o.ContainerID()), o.Object...)
}

func appendIDKey(dst []byte, prefix byte, id FileID) []byte {
	return append(append(dst, prefix), id[:]...)
}

// appendGCKey is the key of a file in the queue of a device. Device 0's is
// shorter, as it was before there were others.
func appendGCKey(dst []byte, d device.Index, id FileID) []byte {
	return append(appendGCPrefix(dst, d), id[:]...)
}

// appendGCPrefix is what all entries of a device's queue begin with.
func appendGCPrefix(dst []byte, d device.Index) []byte {
	if d == 0 {
		return append(dst, prefixGC)
	}
	return binary.BigEndian.AppendUint16(append(dst, prefixDeviceGC), uint16(d))
}

func appendExpiryKey(dst []byte, atSeconds int64, o objstore.ObjectID) []byte {
	dst = append(dst, prefixExpiry)
	dst = binary.BigEndian.AppendUint64(dst, uint64(atSeconds))
	return appendName(dst, o)
}

// appendName is account NUL container NUL object.
func appendName(dst []byte, o objstore.ObjectID) []byte {
	dst = append(append(dst, o.Account...), 0)
	dst = append(append(dst, o.Container...), 0)
	return append(dst, o.Object...)
}
