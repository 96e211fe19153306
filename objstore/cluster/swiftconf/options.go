// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"strconv"
	"strings"
	"time"

	"needletail/objstore"
)

// Options are the settings of a proxy towards a cluster, under the names of
// Swift's [app:proxy-server].
type Options struct {
	ConnTimeout time.Duration // TCP connect
	// NodeTimeout is for an answer, and for each chunk of a body.
	NodeTimeout time.Duration
	// RecoverableNodeTimeout stands for NodeTimeout in GET and HEAD of objects,
	// which can go on at another node.
	RecoverableNodeTimeout time.Duration
	ClientTimeout          time.Duration // reading from and writing to a client
	PostQuorumTimeout      time.Duration // waiting for stragglers after a quorum

	// A node with more than ErrorSuppressionLimit errors rests until
	// ErrorSuppressionInterval has passed without an error.
	ErrorSuppressionInterval time.Duration
	ErrorSuppressionLimit    int

	RequestNodeCount NodeCount     // how many nodes a request may use up
	TimingExpiry     time.Duration // how long a measured connect counts

	PolicyOptions                                        // for policies that have none of their own
	PerPolicy     map[objstore.PolicyIndex]PolicyOptions // of [proxy-server:policy:N]
}

// PolicyOptions are the settings that a policy may have for itself.
type PolicyOptions struct {
	SortingMethod SortingMethod
	ReadAffinity  ReadAffinity // only with SortAffinity
	WriteAffinity WriteAffinity
	// WriteAffinityNodeCount is how many local nodes a PUT tries before others.
	WriteAffinityNodeCount NodeCount
	// WriteAffinityHandoffDeleteCount is how many local handoffs a DELETE goes
	// to; AutoDeleteCount is as many as there are primaries that are not local.
	WriteAffinityHandoffDeleteCount int
	// RebalanceMissingSuppressionCount is how many 404s of primaries a GET
	// forgets.
	RebalanceMissingSuppressionCount int
	ConcurrentGets                   bool
	// ConcurrencyTimeout is how long a silent node has before the next node is
	// asked too: by a GET or a HEAD with ConcurrentGets, and by every PUT of an
	// object.
	ConcurrencyTimeout        time.Duration
	ConcurrentECExtraRequests int
}

// AutoDeleteCount is "auto" of write_affinity_handoff_delete_count.
const AutoDeleteCount = -1

// SortingMethod is the order in which primaries are asked.
type SortingMethod uint8

const (
	// SortShuffle is a random order.
	SortShuffle SortingMethod = iota
	// SortTiming puts the nodes with the shortest last connect first.
	SortTiming
	// SortAffinity follows ReadAffinity.
	SortAffinity
)

var sortingNames = [...]string{SortShuffle: "shuffle", SortTiming: "timing", SortAffinity: "affinity"}

// String is the name in a configuration.
func (m SortingMethod) String() string { return sortingNames[m] }

// ParseSortingMethod reads a name, without regard to case.
func ParseSortingMethod(s string) (SortingMethod, error) {
	for m, name := range sortingNames {
		if strings.EqualFold(s, name) {
			return SortingMethod(m), nil
		}
	}
	return 0, fail(ErrOption, "sorting_method = %q is none of shuffle, timing, affinity", s)
}

// NodeCount is a number of nodes, or a multiple of the replicas.
type NodeCount struct {
	N           int
	PerReplicas bool
}

// ParseNodeCount reads "7" or "2 * replicas".
func ParseNodeCount(s string) (NodeCount, error) {
	words := strings.Fields(strings.ToLower(s))
	times := len(words) == 3 && words[1] == "*" && words[2] == "replicas"
	if len(words) != 1 && !times {
		return NodeCount{}, fail(ErrOption, "%q is not of the form 7 or 2 * replicas", s)
	}
	n, err := strconv.ParseUint(words[0], 10, 16)
	if err != nil || n == 0 {
		return NodeCount{}, fail(ErrOption, "%q does not begin with a number within 1 and 65535", s)
	}
	return NodeCount{N: int(n), PerReplicas: times}, nil
}

// Of is the number for a ring's replicas.
func (c NodeCount) Of(replicas int) int {
	if c.PerReplicas {
		return c.N * replicas
	}
	return c.N
}

// String is the form that ParseNodeCount reads.
func (c NodeCount) String() string {
	if c.PerReplicas {
		return strconv.Itoa(c.N) + " * replicas"
	}
	return strconv.Itoa(c.N)
}

// DefaultOptions are Swift's defaults (swift/proxy/server.py).
func DefaultOptions() Options {
	return Options{
		ConnTimeout:              500 * time.Millisecond,
		NodeTimeout:              10 * time.Second,
		RecoverableNodeTimeout:   10 * time.Second,
		ClientTimeout:            60 * time.Second,
		PostQuorumTimeout:        500 * time.Millisecond,
		ErrorSuppressionInterval: 60 * time.Second,
		ErrorSuppressionLimit:    10,
		RequestNodeCount:         NodeCount{N: 2, PerReplicas: true},
		TimingExpiry:             300 * time.Second,
		PolicyOptions: PolicyOptions{
			WriteAffinityNodeCount:           NodeCount{N: 2, PerReplicas: true},
			WriteAffinityHandoffDeleteCount:  AutoDeleteCount,
			RebalanceMissingSuppressionCount: 1,
			ConcurrencyTimeout:               500 * time.Millisecond,
		},
	}
}

// For returns the options of a policy. Accounts and containers have the options
// without a policy.
func (o *Options) For(policy objstore.PolicyIndex) PolicyOptions {
	if p, ok := o.PerPolicy[policy]; ok {
		return p
	}
	return o.PolicyOptions
}

// Validate checks that the settings make sense, and that per-policy settings are
// of policies of the configuration.
func (o *Options) Validate(c *Config) error {
	for _, t := range [...]struct {
		name string
		d    time.Duration
	}{
		{"conn_timeout", o.ConnTimeout}, {"node_timeout", o.NodeTimeout}, {"recoverable_node_timeout", o.RecoverableNodeTimeout},
		{"client_timeout", o.ClientTimeout}, {"post_quorum_timeout", o.PostQuorumTimeout},
		{"error_suppression_interval", o.ErrorSuppressionInterval},
	} {
		if t.d <= 0 {
			return fail(ErrOption, "%s = %v is not above 0", t.name, t.d)
		}
	}
	if o.RequestNodeCount.N < 1 {
		return fail(ErrOption, "request_node_count = %v is not above 0", o.RequestNodeCount)
	}
	if o.ErrorSuppressionLimit < 0 {
		return fail(ErrOption, "error_suppression_limit = %d is negative", o.ErrorSuppressionLimit)
	}
	if err := o.PolicyOptions.validate(); err != nil {
		return err
	}
	for index, p := range o.PerPolicy {
		if _, ok := c.Policy(index); !ok {
			return fail(ErrOption, "there are options for policy %d, which swift.conf does not have", index)
		}
		if err := p.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (p PolicyOptions) validate() error {
	switch {
	case p.WriteAffinityNodeCount.N < 1:
		return fail(ErrOption, "write_affinity_node_count = %v is not above 0", p.WriteAffinityNodeCount)
	case p.ReadAffinity.String() != "" && p.SortingMethod != SortAffinity:
		return fail(ErrOption, "read_affinity has no effect with sorting_method = %v", p.SortingMethod)
	case p.ConcurrencyTimeout <= 0:
		return fail(ErrOption, "concurrency_timeout = %v is not above 0", p.ConcurrencyTimeout)
	case p.WriteAffinityHandoffDeleteCount < AutoDeleteCount:
		return fail(ErrOption, "write_affinity_handoff_delete_count = %d is negative", p.WriteAffinityHandoffDeleteCount)
	case p.RebalanceMissingSuppressionCount < 0 || p.ConcurrentECExtraRequests < 0:
		return fail(ErrOption, "rebalance_missing_suppression_count and concurrent_ec_extra_requests are not negative")
	}
	return nil
}
