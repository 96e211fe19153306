// SPDX-License-Identifier: Apache-2.0

package objstore

import "context"

// AccountInfo is an account in the answer to HEAD. Counters are exact with
// Guarantees.ExactCounts. Policies may be shared and must not be changed.
type AccountInfo struct {
	Created        Timestamp
	Metadata       Metadata // X-Account-Meta-*, X-Account-Sysmeta-*
	ContainerCount int64
	ObjectCount    int64
	BytesUsed      int64
	Policies       []PolicyUsage // one per policy that has containers, by index
	Cached         bool          // the answer is up to a minute old (InfoOptions.Cached)
}

// PolicyUsage is the part of an account in a single storage policy.
type PolicyUsage struct {
	Policy         PolicyIndex
	ContainerCount int64
	ObjectCount    int64
	BytesUsed      int64
}

// ContainerEntry is a line of an account's listing.
type ContainerEntry struct {
	Name        string // the container's name, or the prefix if Subdir
	Subdir      bool
	ObjectCount int64
	BytesUsed   int64
	Modified    Timestamp   // of the last PUT or POST of the container
	Policy      PolicyIndex // or PolicyUnknown
}

// AccountStore is the account part of a Store.
type AccountStore interface {
	// HeadAccount reports an account, or KindNotFound. With o.Cached the absence
	// may be up to a minute old too.
	HeadAccount(ctx context.Context, a AccountName, o InfoOptions) (AccountInfo, error)
	// PostAccount creates the account if the account is missing (created is
	// true then) and merges metadata into the account.
	PostAccount(ctx context.Context, a AccountName, u MetadataUpdate) (created bool, err error)
	// DeleteAccount removes an account without containers: KindNotFound,
	// KindNotEmpty (exact with Guarantees.ExactCounts).
	DeleteAccount(ctx context.Context, a AccountName) error
	// ListContainers calls visit for each entry of a page, in listing order.
	// The entry belongs to the caller of visit, for the length of the call. An
	// error from visit ends the listing and is returned unchanged. What visit may
	// do depends on Guarantees.CheapPages. The page is complete with
	// ListedAtOnce, and its counters are exact with ExactCounts. KindNotFound.
	ListContainers(ctx context.Context, a AccountName, o ListOptions, visit func(*ContainerEntry) error) error
}
