package objstore

import "context"

// AccountInfo is an account as HEAD shows it. Counters are exact. Policies may
// be shared: they are for reading.
type AccountInfo struct {
	Created        Timestamp
	Metadata       Metadata // X-Account-Meta-*, X-Account-Sysmeta-*
	ContainerCount int64
	ObjectCount    int64
	BytesUsed      int64
	Policies       []PolicyUsage // one per policy that has containers, by index
}

// PolicyUsage is the part of an account that lies in one storage policy.
type PolicyUsage struct {
	Policy         PolicyIndex
	ContainerCount int64
	ObjectCount    int64
	BytesUsed      int64
}

// ContainerEntry is one line of an account's listing.
type ContainerEntry struct {
	Name        string // the container's name, or the prefix if Subdir
	Subdir      bool
	ObjectCount int64
	BytesUsed   int64
	Modified    Timestamp // of the last PUT or POST of the container
	Policy      PolicyIndex
}

// AccountStore is the account part of a Store.
type AccountStore interface {
	// HeadAccount reports an account, or KindNotFound.
	HeadAccount(ctx context.Context, a AccountName) (AccountInfo, error)
	// PostAccount creates the account if it is missing (created is true then)
	// and merges metadata into it.
	PostAccount(ctx context.Context, a AccountName, u MetadataUpdate) (created bool, err error)
	// DeleteAccount removes an account without containers: KindNotFound,
	// KindNotEmpty.
	DeleteAccount(ctx context.Context, a AccountName) error
	// ListContainers calls visit for each entry of one page, in listing order.
	// The entry is the callee's for the call only. An error from visit ends the
	// listing and is returned unchanged. KindNotFound.
	ListContainers(ctx context.Context, a AccountName, o ListOptions, visit func(*ContainerEntry) error) error
}
