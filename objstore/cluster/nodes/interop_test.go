// SPDX-License-Identifier: Apache-2.0

//go:build interop

package nodes

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/cluster/swiftpeer"
	"needletail/ring"
)

// interopWalks is how many walks OpenStack Swift's own code makes: python3-swift,
// or the source in the folder $SWIFT_SRC. `make cluster-interop` runs the test.
const interopWalks = 2_000

// question is a walk; see testdata/swift_nodes.py.
type question struct {
	Partition uint32 `json:"partition"`
	Order     string `json:"order"`
	Affinity  string `json:"affinity"`
	Count     string `json:"count"`
	Deletes   string `json:"deletes"`
	Budget    int    `json:"budget"`
	Limited   []int  `json:"limited"`
	Failing   []int  `json:"failing"`
}

func pick(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

func someDevices(r *rand.Rand) []int {
	list := []int{}
	for id := range 12 {
		if r.IntN(5) == 0 {
			list = append(list, id)
		}
	}
	return list
}

// walk answers a question, and says how much of the answer Swift gives too.
func walk(t *testing.T, q question, rg *ring.Ring) (answer [][3]int, same int) {
	o := swiftconf.DefaultOptions()
	o.RequestNodeCount = swiftconf.NodeCount{N: q.Budget}
	o.WriteAffinity = writeAffinity(t, q.Affinity)
	var err error
	o.WriteAffinityNodeCount, err = swiftconf.ParseNodeCount(q.Count)
	require.NoError(t, err)
	if q.Deletes != "auto" {
		_, err = fmt.Sscan(q.Deletes, &o.WriteAffinityHandoffDeleteCount)
		require.NoError(t, err)
	}
	s := New(&o, SelectorOptions{Shuffle: noShuffle})
	for _, id := range q.Limited {
		s.Limit(rg.Devices()[id])
	}
	orders := map[string]Order{"any": AnyRegion, "local": LocalFirst, "handoffs": LocalHandoffs}
	request := Request{Ring: rg, Partition: q.Partition, Order: orders[q.Order]}
	it := s.Iter(request)
	answer = [][3]int{}
	for n, ok := it.Next(); ok; n, ok = it.Next() {
		answer = append(answer, [3]int{n.ID, n.Index, n.HandoffIndex})
		if slices.Contains(q.Failing, n.ID) {
			s.Limit(n.Device)
		}
	}
	if q.Order == "handoffs" && q.Affinity != "" {
		// Swift loses the handoffs that it passed in its search for local
		// handoffs. Primaries and local handoffs come first, limited or not.
		first := rg.Nodes(q.Partition)
		for d := range rg.Handoffs(q.Partition) {
			if len(first) < it.Primaries()+s.HandoffDeletes(request) && o.WriteAffinity.Local(d) {
				first = append(first, d)
			}
		}
		return answer, slices.IndexFunc(append(answer, [3]int{-1}), func(a [3]int) bool {
			return a[0] < 0 || !slices.Contains(first, rg.Devices()[a[0]])
		})
	}
	return answer, len(answer)
}

func TestInteropWalks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, replicas := range []float64{1, 2.5, 3, 4} {
		rg := buildRing(t, replicas, 12)
		path := filepath.Join(t.TempDir(), "object.ring.gz")
		require.NoError(t, rg.WriteFile(path, 1))
		var questions []question
		for range interopWalks / 4 {
			q := question{
				Partition: r.Uint32N(64), Order: pick(r, "any", "local", "handoffs"), Affinity: pick(r, "", "r1", "r2z1", "r1z2, r2", "r5"),
				Count: pick(r, "1", "3", "2 * replicas", "50"), Deletes: pick(r, "auto", "0", "1", "4"), Budget: 1 + r.IntN(14),
				Limited: someDevices(r), Failing: someDevices(r),
			}
			questions = append(questions, q)
		}
		nodes := 0
		for i, line := range swiftpeer.AskAll(t, questions, "testdata/swift_nodes.py", path) {
			var want [][3]int
			require.NoError(t, json.Unmarshal(line, &want))
			got, same := walk(t, questions[i], rg)
			require.GreaterOrEqual(t, len(want), same, "%+v", questions[i])
			require.Equal(t, want[:same], got[:same], "%+v", questions[i])
			if same == len(got) && questions[i].Order != "handoffs" {
				require.Len(t, want, same, "%+v", questions[i])
			}
			nodes += same
		}
		t.Logf("%v replicas: %d nodes of %d walks compared", replicas, nodes, len(questions))
	}
}
