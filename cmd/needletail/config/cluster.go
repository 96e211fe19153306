// SPDX-License-Identifier: Apache-2.0

package config

// Cluster makes the server a proxy of an existing cluster of OpenStack Swift:
// accounts, containers and objects lie on the account, container and object
// servers of the cluster, in the place of the embedded store. The options have
// the names of Swift's proxy-server.conf. Limits, policies and secrets come from
// swift.conf.
type Cluster struct {
	// SwiftDir is the folder with swift.conf and the rings of the cluster,
	// "/etc/swift" for example. The rings are read again when they change. "":
	// the embedded store.
	SwiftDir string `toml:"swift_dir"`
	// BuiltinKeystone serves the built-in Keystone and the Image API, with users in
	// the data folder. One needletail of a cluster may do so. With false the server
	// has no data folder.
	BuiltinKeystone bool `toml:"builtin_keystone"`

	// MemcacheServers are the servers of the cluster's memcached, HOST:PORT, letter
	// for letter as in the configuration of Swift's proxies. []: the servers in
	// memcache.conf in swift_dir; without the file a cache of this process alone.
	MemcacheServers []string `toml:"memcache_servers"`
	// MemcacheMaxConnections is how many connections each memcached may have. 0:
	// the number in memcache.conf, or 16.
	MemcacheMaxConnections int `toml:"memcache_max_connections"`
	// RecheckAccountExistence is how long the cached facts of an account count.
	RecheckAccountExistence Duration `toml:"recheck_account_existence"`
	// RecheckContainerExistence is how long the cached facts of a container count.
	RecheckContainerExistence Duration `toml:"recheck_container_existence"`
	// RecheckListingShardRanges is how long the cached shards of a container count
	// for listings.
	RecheckListingShardRanges Duration `toml:"recheck_listing_shard_ranges"`
	// RecheckUpdatingShardRanges is how long the cached shards of a container count
	// for writes.
	RecheckUpdatingShardRanges Duration `toml:"recheck_updating_shard_ranges"`
	// NamespaceAvgBackendFetchTime is how long the container servers take to tell
	// the shards of a container, on average. A proxy that leaves the question to
	// other proxies looks for their answer in memcached for 10 times as long.
	NamespaceAvgBackendFetchTime Duration `toml:"namespace_avg_backend_fetch_time"`
	// NamespaceCacheTokensPerSession is how many requests of all proxies ask for the
	// shards of a container at once, when the shards are not in memcached. 0: all
	// requests that need the shards.
	NamespaceCacheTokensPerSession int `toml:"namespace_cache_tokens_per_session"`
	// WholeShardRanges shares shards in memcached in the form of Swift's proxies
	// up to 2.30, for a cluster that still has such proxies.
	WholeShardRanges bool `toml:"whole_shard_ranges"`

	// ConnTimeout is how long a connection to a server may take.
	ConnTimeout Duration `toml:"conn_timeout"`
	// NodeTimeout is how long an answer of a server, or the next part of a body,
	// may take.
	NodeTimeout Duration `toml:"node_timeout"`
	// RecoverableNodeTimeout stands for node_timeout in GET and HEAD of objects,
	// which can go on at another server. "0s": node_timeout.
	RecoverableNodeTimeout Duration `toml:"recoverable_node_timeout"`
	// PostQuorumTimeout is how long a write waits for the last servers after a
	// quorum has answered.
	PostQuorumTimeout Duration `toml:"post_quorum_timeout"`
	// ErrorSuppressionInterval is how long a device with too many errors is not
	// asked after its last error.
	ErrorSuppressionInterval Duration `toml:"error_suppression_interval"`
	// ErrorSuppressionLimit is how many errors a device may have before the device
	// is not asked any more.
	ErrorSuppressionLimit int `toml:"error_suppression_limit"`
	// RequestNodeCount is how many devices a request may ask: a number, or a
	// multiple such as "2 * replicas".
	RequestNodeCount string `toml:"request_node_count"`
	// TimingExpiry is how long a measured connect counts for sorting_method
	// "timing".
	TimingExpiry Duration `toml:"timing_expiry"`

	// SortingMethod is the order in which reads ask the primary devices: "shuffle",
	// "timing" or "affinity".
	SortingMethod string `toml:"sorting_method"`
	// ReadAffinity are the regions and zones that are read first, the lowest number
	// first, with sorting_method "affinity": "r1z1=100, r1=200".
	ReadAffinity string `toml:"read_affinity"`
	// WriteAffinity are the regions and zones that are written first: "r1, r2z3".
	WriteAffinity string `toml:"write_affinity"`
	// WriteAffinityNodeCount is how many local devices a PUT tries first: a number,
	// or a multiple such as "2 * replicas".
	WriteAffinityNodeCount string `toml:"write_affinity_node_count"`
	// WriteAffinityHandoffDeleteCount is how many local handoffs a DELETE goes to:
	// a number, or "auto" for as many as there are primary devices elsewhere.
	WriteAffinityHandoffDeleteCount string `toml:"write_affinity_handoff_delete_count"`
	// ConcurrentGets asks the next device of a GET or HEAD while an earlier one
	// has not answered for concurrency_timeout. Swift's default is false.
	ConcurrentGets bool `toml:"concurrent_gets"`
	// ConcurrencyTimeout is how long a silent device has before the next device is
	// asked too: by concurrent_gets, and by every PUT of an object. "0s":
	// conn_timeout.
	ConcurrencyTimeout Duration `toml:"concurrency_timeout"`
	// ConcurrentECExtraRequests is how many fragments more than necessary
	// concurrent_gets asks for at once.
	ConcurrentECExtraRequests int `toml:"concurrent_ec_extra_requests"`
	// RebalanceMissingSuppressionCount is how many primary devices may lack an
	// object before a GET believes them.
	RebalanceMissingSuppressionCount int `toml:"rebalance_missing_suppression_count"`

	// Keymaster has the root secrets of an encrypted cluster.
	Keymaster ClusterKeymaster `toml:"keymaster"`
	// Policies are optional. A policy without options of its own has those of
	// [cluster].
	Policies []ClusterPolicy `toml:"policy"`
}

// ClusterPolicy is a policy with options of its own, Swift's
// [proxy-server:policy:N]. A key that is left out has the value of [cluster].
type ClusterPolicy struct {
	// Index is the index of the policy in swift.conf.
	Index uint16 `toml:"index"`
	// SortingMethod stands for cluster.sorting_method.
	SortingMethod *string `toml:"sorting_method" default:"\"shuffle\""`
	// ReadAffinity stands for cluster.read_affinity.
	ReadAffinity *string `toml:"read_affinity"`
	// WriteAffinity stands for cluster.write_affinity.
	WriteAffinity *string `toml:"write_affinity"`
	// WriteAffinityNodeCount stands for cluster.write_affinity_node_count.
	WriteAffinityNodeCount *string `toml:"write_affinity_node_count" default:"\"2 * replicas\""`
	// WriteAffinityHandoffDeleteCount stands for
	// cluster.write_affinity_handoff_delete_count.
	WriteAffinityHandoffDeleteCount *string `toml:"write_affinity_handoff_delete_count" default:"\"auto\""`
	// ConcurrentGets stands for cluster.concurrent_gets.
	ConcurrentGets *bool `toml:"concurrent_gets"`
	// ConcurrencyTimeout stands for cluster.concurrency_timeout.
	ConcurrencyTimeout *Duration `toml:"concurrency_timeout"`
	// ConcurrentECExtraRequests stands for cluster.concurrent_ec_extra_requests.
	ConcurrentECExtraRequests *int `toml:"concurrent_ec_extra_requests"`
	// RebalanceMissingSuppressionCount stands for
	// cluster.rebalance_missing_suppression_count.
	RebalanceMissingSuppressionCount *int `toml:"rebalance_missing_suppression_count" default:"1"`
}
