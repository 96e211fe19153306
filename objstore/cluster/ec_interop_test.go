// SPDX-License-Identifier: Apache-2.0

//go:build interop

package cluster

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster/swiftpeer"
	"needletail/objstore/cluster/wire"
)

// interopSequences is how many sequences of answers the test plays to Swift.
const interopSequences = 3000

// swiftAnswer is an answer of an object server.
type swiftAnswer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
}

func randomAnswer(r *rand.Rand) swiftAnswer {
	stamp := func() string { return second(1 + r.Int64N(3)).String() }
	a := swiftAnswer{Status: []int{200, 200, 200, 200, 206, 404, 404, 416, 500, 503}[r.IntN(10)], Headers: map[string]string{}}
	switch {
	case a.Status < 300:
		at := stamp()
		index := r.IntN(6)
		a.Headers["X-Backend-Timestamp"] = stamp()
		if r.IntN(20) > 0 {
			a.Headers["X-Backend-Data-Timestamp"] = at
		}
		if r.IntN(3) > 0 {
			a.Headers["X-Backend-Durable-Timestamp"] = stamp()
		}
		a.Headers[ecIndex] = fmt.Sprint(index)
		if a.Headers[ecETag] = "e"; r.IntN(20) == 0 {
			a.Headers[ecETag] = "other"
		}
		if r.IntN(4) > 0 {
			a.Headers["X-Backend-Fragments"] = fmt.Sprintf(`{"%s": [%d], "%s": [%d, %d]}`, second(1), index, second(2+r.Int64N(2)), r.IntN(6), r.IntN(6))
		}
	case a.Status == 404 && r.IntN(2) == 0:
		a.Headers["X-Backend-Timestamp"] = stamp()
	}
	return a
}

// TestInteropBuckets plays random answers to Swift's buckets and to ours.
func TestInteropBuckets(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var sequences [][]swiftAnswer
	for range interopSequences {
		list := make([]swiftAnswer, 1+r.IntN(10))
		for i := range list {
			list[i] = randomAnswer(r)
		}
		sequences = append(sequences, list)
	}
	answers := swiftpeer.AskAll(t, sequences, "testdata/swift_buckets.py")
	for i, list := range sequences {
		var want [][7]any
		require.NoError(t, json.Unmarshal(answers[i], &want))
		g := newBuckets(code42(t), func(int, func(i, j int)) {})
		for j, a := range list {
			g.asked = j + 1
			var h wire.Header
			for name, value := range a.Headers {
				h.Add(name, value)
			}
			reply, err := readFragmentReply(a.Status, h)
			require.NoError(t, err)
			reply.node, reply.source = j, j
			refused := g.add(reply) != nil
			best := g.best()
			when := ""
			if !best.time.IsZero() {
				when = best.time.String()
			}
			got := [7]any{when, best.durable, float64(g.shortfallOf(best)), float64(min(g.shortfallOf(best), g.shortfallOf(g.leastBad()))),
				g.hasOther(), g.preferences(), refused}
			require.Equal(t, want[j], got, "sequence %v, answer %d", list, j)
		}
	}
}
