// SPDX-License-Identifier: Apache-2.0

package objstore

import "context"

// ContainerInfo is a container in the answer to HEAD. Counters are exact with
// Guarantees.ExactCounts.
type ContainerInfo struct {
	Created     Timestamp
	Modified    Timestamp // of the last PUT or POST; object writes leave it
	Policy      PolicyIndex
	Metadata    Metadata // X-Container-*, sysmeta included
	ObjectCount int64
	BytesUsed   int64
	Cached      bool // the answer is up to a minute old (InfoOptions.Cached)
}

// PutContainerOptions are the arguments of PutContainer.
type PutContainerOptions struct {
	MetadataUpdate
	// Policy for a new container; nil means the default. An existing container
	// of another policy: KindConflict.
	Policy *PolicyIndex
	// AccountMetadata is merged into the account if the PUT creates the
	// account.
	AccountMetadata Metadata
}

// ObjectEntry is a line of a container's listing.
type ObjectEntry struct {
	Name        string // the object's name, or the prefix if Subdir
	Subdir      bool
	SizeBytes   int64
	ETag        string // MD5, 32 lower-case hex digits
	ContentType string
	Modified    Timestamp // of the last PUT or POST
	Extra       Metadata  // ObjectInfo.Listing's extra keys
}

// ContainerStore is the container part of a Store.
type ContainerStore interface {
	// HeadContainer reports a container, or KindNotFound. With o.Cached the
	// absence may be up to a minute old too.
	HeadContainer(ctx context.Context, c ContainerID, o InfoOptions) (ContainerInfo, error)
	// PutContainer creates the container (created is true then), and a missing
	// account too, or merges metadata into an existing container.
	PutContainer(ctx context.Context, c ContainerID, o PutContainerOptions) (created bool, err error)
	// PostContainer merges metadata, or KindNotFound.
	PostContainer(ctx context.Context, c ContainerID, u MetadataUpdate) error
	// DeleteContainer removes an empty container: KindNotFound, KindNotEmpty
	// (exact with Guarantees.ExactCounts).
	DeleteContainer(ctx context.Context, c ContainerID) error
	// ListObjects calls visit for each entry of a page, in listing order. The
	// entry belongs to the caller of visit, for the length of the call. An
	// error from visit ends the listing and is returned unchanged. What visit may
	// do depends on Guarantees.CheapPages. The page is complete with
	// ListedAtOnce. KindNotFound.
	ListObjects(ctx context.Context, c ContainerID, o ListOptions, visit func(*ObjectEntry) error) error
}
