// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"needletail/auth/identity"
	"needletail/auth/token"
	"needletail/objstore/datafolder"
)

// advices lists errors that an operator can act on, with the text that helps.
// The first entry that fits counts.
var advices = []struct {
	kind error
	text string
}{
	{datafolder.ErrIndex, "`needletail repair --rebuild-index` makes the index anew, from its second copy, what can be read of it, and the data files; --dry-run says what it would do"},
	{datafolder.ErrRing, "put the ring back from a backup, or let `needletail repair --new-rings` have rings made anew, which moves most bodies"},
	{identity.ErrLost, identitiesAdvice},
	{identity.ErrDamaged, identitiesAdvice},
	{token.ErrKeysLost, keysAdvice},
	{token.ErrKeysDamaged, keysAdvice},
	{datafolder.ErrForeign, "needletail.json and device.json of the data folder hold the same id: if one is damaged, remove it, and the start makes it anew; what belongs to another store must be moved away"},
}

const (
	keysAdvice = "put the folder back from a backup, or from index-mirror/identity on the first device; " +
		"`needletail bootstrap --new-keys` begins with new ones: tokens end, and the secrets of credentials cannot be read any more"
	identitiesAdvice = "put the folder identity back from a backup; with several devices, move identity/db away: the start fills it from the second copy; " +
		"`needletail bootstrap --new-identities` begins with new users, projects and keys, and keeps what is there beside"
)

// advice returns the text that helps against err, or "".
func advice(err error) string {
	for _, a := range advices {
		if errors.Is(err, a.kind) {
			return a.text
		}
	}
	return ""
}
