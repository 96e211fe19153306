// SPDX-License-Identifier: Apache-2.0

package objstore

// Guarantees are the promises that a Store may or may not keep. The embedded
// engine keeps every promise (Strict). A Store over a cluster of Swift's
// servers counts answers of replicas that agree later, and keeps fewer
// promises. A caller may rely on a promise only after a look at Guarantees;
// every other sentence of the contract holds for all Stores.
type Guarantees struct {
	// ExactCounts: the counters of an account and of a container include every
	// write that was answered, and DeleteContainer and DeleteAccount know
	// exactly whether a name is empty. Otherwise counters lag by minutes, and a
	// container may be deleted while the row of an object is on its way.
	ExactCounts bool
	// ListedAtOnce: a listing shows every write that was answered. Otherwise
	// rows arrive later.
	ListedAtOnce bool
	// FreshInfo: HeadAccount, HeadContainer, HeadObject and OpenObject answer
	// with the last acknowledged write. Otherwise a replica that missed a write
	// may answer, except for InfoOptions.Newest, ListOptions.Newest and
	// OpenOptions.Newest.
	FreshInfo bool
	// VerifiedReads: a byte leaves the Store only after its checksum was
	// verified. Otherwise damage is found at the end of a read, or later.
	VerifiedReads bool
	// CompareAtCommit: IfNoneMatch, Timestamp, IfDeleteAt and
	// MetadataUpdate.Check are compared with the state that the write replaces.
	// Of two concurrent PUTs with IfNoneMatch one fails. Otherwise the
	// comparison is made at the beginning, and both may succeed; and a Timestamp
	// is compared with the last PUT alone, not with a later POST.
	CompareAtCommit bool
	// AllOrNothing: a write that failed changed nothing. Otherwise a failed
	// write may be there, now or later, and a caller must not infer from an
	// error that nothing was stored or removed.
	AllOrNothing bool
	// LastCommitWins: a write without a Timestamp gets its time at the commit,
	// and the write that was answered last is the state. Otherwise the time is
	// that of the beginning, and the write that began last wins: a write that
	// was overtaken succeeds, and its object was replaced at once, or the write
	// is refused with KindConflict. A write that some servers took and others
	// refused can be KindUnavailable.
	LastCommitWins bool
	// StableObjects: an open Object can be read to its end whatever is written
	// meanwhile. Otherwise a Range that finds another version is an error of
	// KindUnavailable; two versions are never mixed.
	StableObjects bool
	// WholeAnswers: DeleteObject returns the removed object, and PostObject the
	// whole of the changed object. Otherwise PostObject returns the sysmeta, and
	// of the other values what the servers tell; DeleteObject promises nothing.
	WholeAnswers bool
	// CheapPages: a listing is local, so a caller may take a page in small pieces,
	// each continued from a marker, and visit may call the Store. Otherwise each
	// piece is a question to a server that prepares the whole page, and the
	// question is open during visit: visit returns soon and calls no Store.
	CheapPages bool
	// OpaqueBytes: names are any bytes but NUL, and the metadata of accounts and
	// containers any bytes. Otherwise both are UTF-8, and other bytes are
	// KindInvalid.
	OpaqueBytes bool
	// CleanRecreation: a deleted account or container can be made again at once,
	// and nothing of the old remains. Otherwise the name of a deleted account
	// stays taken until the cluster has reaped the account (KindConflict), and
	// ContainerInfo.Created may be that of the first container of the name.
	CleanRecreation bool
	// PastDeleteAt: a PUT or POST may have a DeleteAt before its own time.
	// Otherwise such a DeleteAt is KindInvalid.
	PastDeleteAt bool
	// SwiftLayout: other programs read and write the stored objects, so hidden
	// data must have Swift's own names. Such a Store takes container and object
	// names that begin with NUL, which Swift reserves for features, and
	// PutOptions.TimestampOffset.
	SwiftLayout bool
}

// Strict returns the guarantees of the embedded engine: every promise, and a
// layout of needletail's own.
func Strict() Guarantees {
	return Guarantees{
		ExactCounts: true, ListedAtOnce: true, FreshInfo: true, VerifiedReads: true, CompareAtCommit: true,
		AllOrNothing: true, LastCommitWins: true, StableObjects: true, WholeAnswers: true, OpaqueBytes: true,
		CleanRecreation: true, PastDeleteAt: true, CheapPages: true,
	}
}

// InfoOptions are the arguments of HeadAccount and HeadContainer.
type InfoOptions struct {
	// Cached allows an answer up to a minute old, for authorisation and
	// settings. The answer says whether it came from a cache.
	Cached bool
	// Newest asks for the newest state that any replica has, at the price of a
	// question to all replicas, and excludes Cached. A Store with
	// Guarantees.FreshInfo ignores it.
	Newest bool
}
