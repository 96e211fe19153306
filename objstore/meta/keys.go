// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"

	"needletail/objstore"
	"needletail/objstore/device"
)

// All keys of the index. A name never holds NUL. Hence NUL ends a name, and names keep
// the order of their bytes: "a" sorts before "a-b" and "a/b".
//
//	key                                   value
//	'a' account                           account row
//	'A' account NUL policy(2, big-endian) counter: containers, objects, bytes
//	'b' id(16)                            inline body
//	'c' account NUL container             container row
//	'C' account NUL container             counter: objects, bytes
//	'f' id(16)                            account NUL container NUL object: the owner of the data file
//	'g' id(16)                            GC entry: a data file of device 0 without an owner
//	'G' device(2, big-endian) id(16)      GC entry of a further device
//	'h' id(16)                            heal entry: a data file with slots in a wrong place
//	'j' slot(2, big-endian)               journal of two copies: a batch and its keys (package twin)
//	'o' account NUL container NUL object  object row
//	's' name                              schema: format version, greatest timestamp, clean stop, store, copies
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
	keyClean   = "sclean"   // present after a clean stop only
	keyStore   = "sstore"   // the id of the store
	keyCopy    = "scopy"    // the note of a copy about its peer; see package twin
	keyDevices = "sdevices" // all devices that the store ever had; see KnownDevice
	keyScrub   = "sscrub"   // the progress of the scrubber; see ScrubRow
)

// FileID names a stored body for ever.
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

// appendContainersKey appends the prefix of the containers of an account.
func appendContainersKey(dst []byte, prefix byte, a objstore.AccountName) []byte {
	return append(appendAccountKey(dst, prefix, a), 0)
}

func appendContainerKey(dst []byte, prefix byte, c objstore.ContainerID) []byte {
	return append(appendContainersKey(dst, prefix, c.Account), c.Container...)
}

// appendObjectsKey appends the prefix of the objects of a container.
func appendObjectsKey(dst []byte, c objstore.ContainerID) []byte {
	return append(appendContainerKey(dst, prefixObject, c), 0)
}

func appendObjectKey(dst []byte, o objstore.ObjectID) []byte {
	return append(appendObjectsKey(dst, o.ContainerID()), o.Object...)
}

func appendIDKey(dst []byte, prefix byte, id FileID) []byte {
	return append(append(dst, prefix), id[:]...)
}

// appendGCKey appends the key of a file in the GC queue of a device. The key of device
// 0 has no device: the format is older than stores of several devices.
func appendGCKey(dst []byte, d device.Index, id FileID) []byte {
	return append(appendGCPrefix(dst, d), id[:]...)
}

// appendGCPrefix appends the prefix of the GC queue of a device.
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

// appendName appends account NUL container NUL object.
func appendName(dst []byte, o objstore.ObjectID) []byte {
	dst = append(append(dst, o.Account...), 0)
	dst = append(append(dst, o.Container...), 0)
	return append(dst, o.Object...)
}
