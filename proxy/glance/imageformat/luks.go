// SPDX-License-Identifier: Apache-2.0

package imageformat

import "encoding/binary"

// A LUKS header begins with a magic and a version (2 bytes, big-endian). The
// encrypted data is not inspected: only the owner of the key can read the data.
const (
	luksMagic       = "LUKS\xba\xbe"
	luksHeaderBytes = 592
)

func probeLUKS(i *Inspector) (Finding, bool) {
	if !hasPrefix(i.head, luksMagic) {
		return Finding{}, false
	}
	f := Finding{Format: LUKS}
	switch {
	case len(i.head) < luksHeaderBytes:
		f.Unsafe = "the header is cut off"
	case binary.BigEndian.Uint16(i.head[len(luksMagic):]) != 1:
		f.Unsafe = "its version is not supported"
	}
	return f, true
}
