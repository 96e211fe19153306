package device

// Placer says where the slots of bodies belong.
type Placer interface {
	// Place gives the devices for a body whose name has that hash, in order of
	// preference: first the primaries, slot by slot, as many as the Placer was
	// made for; then the handoffs, which stand in for them.
	Place(hash [16]byte) []Index
}
