// SPDX-License-Identifier: Apache-2.0

package device

// Placer says where the slots of bodies belong.
type Placer interface {
	// Place returns the devices for a body with the hash of its name, in order
	// of preference: first the primaries, slot by slot, as many as the Placer
	// was made for; then the handoffs, which stand in for primaries.
	Place(hash [16]byte) []Index
}
