// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"math"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// ownLayout is needletail's own layout. Versions lie in hidden accounts. Account
// and container of a version:
//
//	account    0xFF "versions." and the visible container's account
//	container  the visible container's name
//
// No client can name such an account, and no listing shows it
// (objstore.AccountName.Hidden).
//
// The object's name sorts by name, ascending, and then by version, the newest
// first:
//
//	name       each byte as it is, but 0x01 as 0x01 0xFF
//	end        0x01 0xFD
//	time       16 bytes: the nibbles, highest first, of the bitwise complement
//	           of the version's Timestamp (64 bits), each as 0xF0 + nibble
//
// The end sorts before every continuation of a longer name. A part of a name,
// as a prefix or a delimiter, is found by its own encoding and nowhere else:
// end and time have no bytes that UTF-8 has in the same order.
type ownLayout struct{}

const (
	hiddenAccountPrefix = "\xffversions."

	escape      = "\x01"
	escapedOne  = "\x01\xff"
	endOfName   = "\x01\xfd"
	pastName    = "\x01\xfe" // sorts after all versions of the name, before longer names
	nibbleBase  = 0xF0
	timeNibbles = 16
)

func hiddenAccount(a objstore.AccountName) objstore.AccountName { return hiddenAccountPrefix + a }

func (ownLayout) hidden(c objstore.ContainerID) objstore.ContainerID {
	return objstore.ContainerID{Account: hiddenAccount(c.Account), Container: c.Container}
}

// encode returns a name, or a part of a name, as written in a hidden container.
func encode(name string) string { return strings.ReplaceAll(name, escape, escapedOne) }

func decode(encoded string) string { return strings.ReplaceAll(encoded, escapedOne, escape) }

func (ownLayout) versionName(name string, id objstore.Timestamp) objstore.ObjectName {
	var time [timeNibbles]byte
	inverted := ^uint64(id)
	for i := range time {
		time[i] = nibbleBase | byte(inverted>>(60-4*i))&0x0F
	}
	return objstore.ObjectName(encode(name) + endOfName + string(time[:]))
}

func (ownLayout) parseVersionName(hidden string) (name string, id objstore.Timestamp, ok bool) {
	end := len(hidden) - timeNibbles
	if end < len(endOfName) || hidden[end-len(endOfName):end] != endOfName {
		return "", 0, false
	}
	inverted := uint64(0)
	for _, c := range []byte(hidden[end:]) {
		if c < nibbleBase {
			return "", 0, false
		}
		inverted = inverted<<4 | uint64(c&0x0F)
	}
	return decode(hidden[:end-len(endOfName)]), objstore.Timestamp(^inverted), true
}

func (ownLayout) bounds() bounds {
	return bounds{encode: encode, part: encode, decode: decode, end: endOfName, past: pastName}
}

func (ownLayout) idMax() objstore.Timestamp { return math.MaxInt64 }

// linkOf reads the id in the link's sysmeta. A missing or malformed value is 0.
func (ownLayout) linkOf(h web.Header, _ objstore.ObjectID) objstore.Timestamp {
	return parseID(h.Get(linkSysmeta))
}

func (ownLayout) link(_ *versioned, id, _ objstore.Timestamp, version *objstore.ObjectInfo, path swift.Path) objstore.PutOptions {
	return objstore.PutOptions{
		ContentType: version.ContentType,
		Metadata:    objstore.Metadata{{Name: linkSysmeta, Value: id.String()}},
		Listing:     listed(version, versionPath(path, id)),
	}
}

func (ownLayout) deletion(objstore.Timestamp) objstore.DeleteOptions { return objstore.DeleteOptions{} }

func (ownLayout) shared() bool { return false }

// show changes nothing: a link is stored with the entry that clients see.
func (ownLayout) show(swift.Path, *objstore.ObjectEntry) {}
