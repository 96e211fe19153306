package objstore

import (
	"context"
	"io"
)

// ObjectInfo is an object as HEAD shows it.
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

// ListingOverride is what the container's listing shows in place of the
// object's own values, for manifests and links. The zero value overrides
// nothing.
type ListingOverride struct {
	ETag        string
	SizeBytes   *int64
	ContentType string
	Extra       Metadata // more keys of the JSON entry, such as "slo_etag"
}

// PutOptions are the arguments of PutObject.
type PutOptions struct {
	// SizeBytes is the length that the client stated, or -1 if it stated none.
	// A body that ends earlier: KindShortBody. One byte more is never read.
	SizeBytes int64
	// MaxBytes is the longest body that is taken; 0 means no limit. Over it:
	// KindTooLarge, at once if SizeBytes says so.
	MaxBytes int64
	// ETag is the MD5 that the body must have, lower-case hex; "" for any.
	ETag string
	// IfNoneMatch refuses to replace an object: KindPrecondition. It is checked
	// before the body is read and again at the commit.
	IfNoneMatch bool
	// Timestamp is the object's; zero lets the store give the time of the
	// commit. A set one that is not newer than the stored object: KindConflict.
	Timestamp   Timestamp
	ContentType string
	Metadata    Metadata
	DeleteAt    int64 // Unix seconds; 0 means never
	SHA512      bool  // also take the SHA-512 of the body
	Listing     ListingOverride
	// AnyETag says that the caller keeps a digest of its own, and needs none of
	// the store: ETag may be the MD5 or 32 random hex digits, others at each
	// PUT. It is not for use with ETag.
	AnyETag bool
	// Finish, if not nil, is called once after the whole body was read and its
	// ETag agreed, before anything is visible. It sees all but the times, and
	// may replace Metadata and Listing: what depends on the body. Its error ends
	// the PUT and is the cause of a KindInternal.
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
}

// DeleteOptions are the arguments of DeleteObject.
type DeleteOptions struct {
	// IfDeleteAt, if not zero, must equal the object's DeleteAt:
	// KindPrecondition.
	IfDeleteAt int64
	// Timestamp, if not zero, is when the deletion was asked for, elsewhere. An
	// object that is not older stays: KindConflict.
	Timestamp Timestamp
}

// Object is an open object: one version, unaffected by later writes. Close it.
type Object interface {
	// Info belongs to the Object and must not be changed.
	Info() *ObjectInfo
	// Range reads length bytes from offset; both must lie inside the object.
	// Bytes are verified before they are returned; damage is KindCorrupt. The
	// reader may implement io.WriterTo to avoid a copy. It must not be used
	// after Close. Several ranges may be read, one after the other.
	Range(offset, length int64) io.Reader
	Close() error
}

// ObjectStore is the object part of a Store. An object whose DeleteAt has
// passed is absent for all of its methods, except where options say otherwise;
// DeleteObject removes it and still answers KindNotFound.
type ObjectStore interface {
	// PutObject stores body whole, or nothing. The body is read to its end or
	// not at all: KindContainerNotFound, KindPrecondition, KindTooLarge and
	// KindNoSpace, where they can be known, come before the first Read. An error
	// of body itself comes back as the cause of a KindBody.
	PutObject(ctx context.Context, o ObjectID, body io.Reader, opts PutOptions) (ObjectInfo, error)
	// HeadObject: KindNotFound.
	HeadObject(ctx context.Context, o ObjectID, opts OpenOptions) (ObjectInfo, error)
	// OpenObject: KindNotFound.
	OpenObject(ctx context.Context, o ObjectID, opts OpenOptions) (Object, error)
	// PostObject replaces metadata: KindNotFound.
	PostObject(ctx context.Context, o ObjectID, opts PostOptions) (ObjectInfo, error)
	// DeleteObject: KindNotFound, KindPrecondition, KindConflict. It reports what it removed.
	DeleteObject(ctx context.Context, o ObjectID, opts DeleteOptions) (ObjectInfo, error)
}
