// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/ring"
)

func TestReadAffinity(t *testing.T) {
	device := func(region, zone int) *ring.Device { return &ring.Device{Region: region, Zone: zone} }
	for text, want := range map[string][4]int{ // r1z1, r1z2, r2z1, r3z9
		"":                           {0, 0, 0, 0},
		"  ":                         {0, 0, 0, 0},
		"r1=100":                     {100, 100, math.MaxInt, math.MaxInt},
		"r1z2=100, r1=200":           {200, 100, math.MaxInt, math.MaxInt},
		"r1=200,r1z2=100":            {200, 100, math.MaxInt, math.MaxInt},
		"r1=100, r1z2=200":           {100, 100, math.MaxInt, math.MaxInt},
		"r2z1=5 , r1z1=5, r3=0":      {5, math.MaxInt, 5, 0},
		"r1z1=2147483647,r2=1,r01=9": {9, 9, 1, math.MaxInt},
	} {
		a, err := ParseReadAffinity(text)
		require.NoError(t, err, text)
		got := [4]int{a.Number(device(1, 1)), a.Number(device(1, 2)), a.Number(device(2, 1)), a.Number(device(3, 9))}
		require.Equal(t, want, got, text)
		require.Equal(t, strings.TrimSpace(text), a.String())
	}
	for _, text := range []string{"r1", "r1=", "=1", "z1=1", "r=1", "r1z=1", "rz1=1", "r1z1=1,", "r1=-1", "r-1=1", "r1=1=1", "r1=2147483648", "R1=1", "r1z2z3=1", "r 1=1"} {
		_, err := ParseReadAffinity(text)
		require.ErrorIs(t, err, ErrOption, text)
	}
}

func TestWriteAffinity(t *testing.T) {
	device := func(region, zone int) *ring.Device { return &ring.Device{Region: region, Zone: zone} }
	for text, want := range map[string][4]bool{ // r1z1, r1z2, r2z1, r3z9
		"":             {},
		"r1":           {true, true, false, false},
		"r1z2":         {false, true, false, false},
		"r1z2, r3":     {false, true, false, true},
		"r2z1,r1 ,r1":  {true, true, true, false},
		"r4":           {},
		" r3z9 , r2z2": {false, false, false, true},
	} {
		a, err := ParseWriteAffinity(text)
		require.NoError(t, err, text)
		require.Equal(t, text != "", a.On(), text)
		got := [4]bool{a.Local(device(1, 1)), a.Local(device(1, 2)), a.Local(device(2, 1)), a.Local(device(3, 9))}
		require.Equal(t, want, got, text)
		require.Equal(t, strings.TrimSpace(text), a.String())
	}
	for _, text := range []string{"r", "1", "r1=1", "r1z", "r1,", ",r1", "r1 z1", "r1z2z3", "r+1"} {
		_, err := ParseWriteAffinity(text)
		require.ErrorIs(t, err, ErrOption, text)
	}
}

func TestAffinityBounds(t *testing.T) {
	pieces := strings.Repeat("r1,", maxAffinities-1) + "r1"
	_, err := ParseWriteAffinity(pieces)
	require.NoError(t, err)
	_, err = ParseWriteAffinity(pieces + ",r1")
	require.ErrorIs(t, err, ErrOption)
	_, err = ParseReadAffinity(strings.ReplaceAll(pieces, "r1", "r1=1") + ",r1=1")
	require.ErrorIs(t, err, ErrOption)
}

func FuzzAffinity(f *testing.F) {
	for _, text := range []string{"r1z2=100, r1=200", "r1, r2z3", "r=", "rz=,"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := &ring.Device{Region: 1, Zone: 2}
		if a, err := ParseReadAffinity(text); err == nil {
			require.GreaterOrEqual(t, a.Number(d), 0)
			again, err := ParseReadAffinity(a.String())
			require.NoError(t, err)
			require.Equal(t, a, again)
		}
		if a, err := ParseWriteAffinity(text); err == nil {
			require.False(t, a.Local(d) && !a.On())
			again, err := ParseWriteAffinity(a.String())
			require.NoError(t, err)
			require.Equal(t, a, again)
		}
	})
}

func TestNodeCount(t *testing.T) {
	for text, want := range map[string]struct {
		count NodeCount
		of3   int
	}{
		"7":                {NodeCount{7, false}, 7},
		"2 * replicas":     {NodeCount{2, true}, 6},
		" 3  *  Replicas ": {NodeCount{3, true}, 9},
		"65535":            {NodeCount{65535, false}, 65535},
	} {
		c, err := ParseNodeCount(text)
		require.NoError(t, err, text)
		require.Equal(t, want.count, c, text)
		require.Equal(t, want.of3, c.Of(3), text)
		again, err := ParseNodeCount(c.String())
		require.NoError(t, err)
		require.Equal(t, c, again)
	}
	for _, text := range []string{"", "0", "-1", "65536", "2*replicas", "2 * primaries", "2 + replicas", "2 * replicas 3", "x * replicas", "2 *"} {
		_, err := ParseNodeCount(text)
		require.ErrorIs(t, err, ErrOption, text)
	}
}

func TestSortingMethod(t *testing.T) {
	for _, want := range []SortingMethod{SortShuffle, SortTiming, SortAffinity} {
		got, err := ParseSortingMethod(strings.ToUpper(want.String()))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := ParseSortingMethod("random")
	require.ErrorIs(t, err, ErrOption)
}

func TestOptions(t *testing.T) {
	c, err := Parse([]byte(sample))
	require.NoError(t, err)
	defaults := DefaultOptions()
	require.NoError(t, defaults.Validate(c))
	affinity, err := ParseReadAffinity("r1=1")
	require.NoError(t, err)
	own := defaults.PolicyOptions
	own.SortingMethod, own.ReadAffinity = SortAffinity, affinity
	defaults.PerPolicy = map[objstore.PolicyIndex]PolicyOptions{2: own}
	require.NoError(t, defaults.Validate(c))
	require.Equal(t, own, defaults.For(2))
	require.Equal(t, defaults.PolicyOptions, defaults.For(0))

	for name, change := range map[string]func(*Options){
		"conn_timeout":                        func(o *Options) { o.ConnTimeout = 0 },
		"node_timeout":                        func(o *Options) { o.NodeTimeout = -1 },
		"recoverable_node_timeout":            func(o *Options) { o.RecoverableNodeTimeout = 0 },
		"client_timeout":                      func(o *Options) { o.ClientTimeout = 0 },
		"post_quorum_timeout":                 func(o *Options) { o.PostQuorumTimeout = 0 },
		"error_suppression_interval":          func(o *Options) { o.ErrorSuppressionInterval = 0 },
		"error_suppression_limit":             func(o *Options) { o.ErrorSuppressionLimit = -1 },
		"request_node_count":                  func(o *Options) { o.RequestNodeCount = NodeCount{} },
		"write_affinity_node_count":           func(o *Options) { o.WriteAffinityNodeCount = NodeCount{} },
		"read_affinity":                       func(o *Options) { o.ReadAffinity = affinity },
		"concurrency_timeout":                 func(o *Options) { o.ConcurrentGets, o.ConcurrencyTimeout = true, 0 },
		"write_affinity_handoff_delete_count": func(o *Options) { o.WriteAffinityHandoffDeleteCount = -2 },
		"rebalance_missing_suppression_count": func(o *Options) { o.RebalanceMissingSuppressionCount = -1 },
		"concurrent_ec_extra_requests":        func(o *Options) { o.ConcurrentECExtraRequests = -1 },
		"policy 3":                            func(o *Options) { o.PerPolicy = map[objstore.PolicyIndex]PolicyOptions{3: o.PolicyOptions} },
	} {
		o := DefaultOptions()
		change(&o)
		err := o.Validate(c)
		require.ErrorIs(t, err, ErrOption, name)
		require.ErrorContains(t, err, name)
	}
	o := DefaultOptions()
	o.PerPolicy = map[objstore.PolicyIndex]PolicyOptions{2: {}}
	require.ErrorIs(t, o.Validate(c), ErrOption, "options of a policy are checked too")
	require.Equal(t, 10*time.Second, o.NodeTimeout)
}
