// SPDX-License-Identifier: Apache-2.0

package objstore

// ListOptions choose a page of a listing. Names sort by their bytes
// (swift/container/backend.py list_objects_iter).
type ListOptions struct {
	Limit     int    // entries at most, subdirs included; ≤ 0 gives none
	Prefix    string // only names that begin with it
	Delimiter string // any length; rolls names up into subdirs
	Marker    string // exclusive bound at the side where the listing starts
	EndMarker string // exclusive bound at the side where it ends
	Reverse   bool   // descending; Marker is then the upper bound
	// Path, if not nil, lists the direct children of a pseudo-directory. It
	// stands for Prefix = *Path + "/" (unless *Path is empty or ends in "/")
	// and Delimiter = "/", leaves out the object named as the prefix, and shows
	// no subdirs.
	Path *string
	// Reserved also lists the names that begin with NUL, which Swift keeps for
	// features. Only a Store with Guarantees.SwiftLayout has such names.
	Reserved bool
	// Newest lists what the replica with the newest state has, at the price of a
	// question to all replicas. A Store with Guarantees.ListedAtOnce ignores it.
	Newest bool
	// Counted, if not nil, may be filled by ListObjects of a Store without
	// Guarantees.ExactCounts, before the first entry or at the end: the counters
	// of the container that belong to the listing. HeadContainer may have asked a
	// replica that knows less.
	Counted *Counters
}

// Counters are the counters of a container, if Known.
type Counters struct {
	Known                  bool
	ObjectCount, BytesUsed int64
}
