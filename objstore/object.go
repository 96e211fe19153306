// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"context"
	"io"
)

// ObjectInfo is an object in the answer to HEAD.
type ObjectInfo struct {
	Created     Timestamp // of the PUT: X-Timestamp until a POST
	Modified    Timestamp // of the PUT or the last POST
	SizeBytes   int64
	ETag        string // MD5 of the body, 32 lower-case hex digits; see AnyETag
	SHA512      string // 128 hex digits if PutOptions.SHA512 asked for it
	ContentType string
	Metadata    Metadata // user metadata, stored headers and sysmeta
	DeleteAt    int64    // Unix seconds; 0 means never
	Listing     ListingOverride
}

// ListingOverride replaces the object's own values in the container's listing,
// for manifests and links. The zero value overrides nothing.
type ListingOverride struct {
	ETag        string
	SizeBytes   *int64
	ContentType string
	Extra       Metadata // more keys of the JSON entry, such as "slo_etag"
}

// PutOptions are the arguments of PutObject.
type PutOptions struct {
	// SizeBytes is the length stated by the client, or -1 without a stated
	// length. An earlier end of the body is KindShortBody. A byte beyond the
	// length is never read.
	SizeBytes int64
	// MaxBytes is the longest accepted body; 0 means no limit. A longer body is
	// KindTooLarge, at once if SizeBytes says so.
	MaxBytes int64
	// ETag is the MD5 required of the body, in lower-case hex; "" for any.
	ETag string
	// IfNoneMatch refuses to replace an object: KindPrecondition. The check is
	// made before the body is read, and with Guarantees.CompareAtCommit again at
	// the commit.
	IfNoneMatch bool
	// Timestamp is the object's time. Zero lets the store choose: the time of
	// the commit with Guarantees.LastCommitWins. A set time not newer than the
	// stored object is KindConflict. With Guarantees.SwiftLayout the time of a
	// POST does not count: the new body gets the metadata of a newer POST.
	Timestamp Timestamp
	// TimestampOffset orders writes of equal Timestamp, as Swift's timestamps
	// with an offset do (swift/common/utils/timestamp.py). TimestampOffset needs
	// a Timestamp and Guarantees.SwiftLayout; otherwise a value but zero is
	// KindInvalid.
	TimestampOffset uint64

	ContentType string
	Metadata    Metadata
	DeleteAt    int64 // Unix seconds; 0 means never
	SHA512      bool  // also take the SHA-512 of the body
	Listing     ListingOverride
	// AnyETag says that the caller keeps a digest of its own and needs no
	// digest of the store: the stored ETag may be the MD5 or 32 random hex
	// digits, different at each PUT. AnyETag excludes ETag.
	AnyETag bool
	// Finish, if not nil, is called once after the whole body was read and its
	// ETag agreed, before anything is visible. Finish sees everything but the
	// times, and may replace Metadata and Listing, which depend on the body. An
	// error of Finish ends the PUT and is the cause of a KindInternal.
	Finish func(*ObjectInfo) error
}

// PostOptions are the arguments of PostObject. Everything but sysmeta is
// replaced.
type PostOptions struct {
	Metadata     Metadata
	ContentType  string // "" keeps the stored one
	DeleteAt     int64  // 0 clears it
	AllowExpired bool   // also an object whose DeleteAt has passed
}

// OpenOptions are the arguments of HeadObject and OpenObject.
type OpenOptions struct {
	AllowExpired bool // also an object whose DeleteAt has passed
	// Ranges is the client's Range header, or "" for the whole body: the parts
	// that will probably be read. WholeIf lists metadata names, separated by
	// commas: an object with one of the names will be read whole. Both are
	// hints for OpenObject of a Store that asks another server, and may be
	// ignored. Object.Range gives any part all the same.
	Ranges, WholeIf string
	// Newest asks for the newest state that any replica has, at the price of a
	// question to all replicas. A Store with Guarantees.FreshInfo ignores it, and
	// so does OpenObject where several replicas make an object together.
	Newest bool
}

// DeleteOptions are the arguments of DeleteObject.
type DeleteOptions struct {
	// IfDeleteAt, if not zero, must equal the object's DeleteAt:
	// KindPrecondition. The comparison is made at the commit with
	// Guarantees.CompareAtCommit.
	IfDeleteAt int64
	// Timestamp, if not zero, is when the deletion was asked for, elsewhere. A
	// newer object stays: KindConflict. With Guarantees.SwiftLayout the time of
	// a POST does not count.
	Timestamp Timestamp
}

// Object is an open object: a single version. With Guarantees.StableObjects
// later writes do not affect the Object. Close it.
type Object interface {
	// Info belongs to the Object and must not be changed.
	Info() *ObjectInfo
	// Range returns a reader of length bytes from offset; both ends must lie
	// inside the object. Bytes are verified before they are returned with
	// Guarantees.VerifiedReads; damage is KindCorrupt. The reader may implement io.WriterTo to avoid a copy. The
	// reader must not be used after Close. Several ranges may be read, one
	// after the other.
	Range(offset, length int64) io.Reader
	Close() error
}

// ObjectStore is the object part of a Store. An object past its DeleteAt is
// absent for all methods, except where options say otherwise. DeleteObject
// removes an expired object and still answers KindNotFound.
type ObjectStore interface {
	// PutObject stores body whole, or nothing if Guarantees.AllOrNothing; a part
	// of a body is never stored. The body is read to its end or not at all: KindContainerNotFound, KindPrecondition, KindTooLarge and
	// KindNoSpace come before the first Read, where they can be known. An error
	// of body comes back as the cause of a KindBody.
	PutObject(ctx context.Context, o ObjectID, body io.Reader, opts PutOptions) (ObjectInfo, error)
	// HeadObject: KindNotFound.
	HeadObject(ctx context.Context, o ObjectID, opts OpenOptions) (ObjectInfo, error)
	// OpenObject: KindNotFound.
	OpenObject(ctx context.Context, o ObjectID, opts OpenOptions) (Object, error)
	// PostObject replaces metadata, and returns the whole object with
	// Guarantees.WholeAnswers: KindNotFound.
	PostObject(ctx context.Context, o ObjectID, opts PostOptions) (ObjectInfo, error)
	// DeleteObject removes an object, and returns the removed object with
	// Guarantees.WholeAnswers: KindNotFound, KindPrecondition, KindConflict.
	DeleteObject(ctx context.Context, o ObjectID, opts DeleteOptions) (ObjectInfo, error)
}
