// SPDX-License-Identifier: Apache-2.0

//go:build interop

package verdict

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftpeer"
	"needletail/ring"
)

// These tests ask OpenStack Swift's own code: python3-swift, or the source in
// the folder $SWIFT_SRC. `make cluster-interop` runs them.

// How many random questions the tests ask. A search takes Swift 10 ms.
const (
	interopQuestions = 5_000
	interopSearches  = 1_000
)

// swift answers questions: a function of testdata/swift_verdicts.py and its
// arguments.
func swift(t *testing.T, questions [][2]any) []json.RawMessage {
	t.Helper()
	return swiftpeer.AskAll(t, questions, "testdata/swift_verdicts.py")
}

func newRand(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// statuses that Swift's servers answer, the common ones more often.
var statuses = []int{200, 200, 201, 202, 204, 204, 206, 301, 304, 307, 400, 404, 404, 404, 409, 409, 412, 416, 422, 499, 500, 503, 503, 507}

func randomStatuses(r *rand.Rand, n int) []int {
	// A few statuses agree more often than many.
	few := make([]int, 1+r.IntN(4))
	for i := range few {
		few[i] = statuses[r.IntN(len(statuses))]
	}
	list := make([]int, n)
	for i := range list {
		list[i] = few[r.IntN(len(few))]
	}
	return list
}

func TestInteropBestResponse(t *testing.T) {
	r := newRand(t)
	var questions [][2]any
	var want []Best
	var have []bool
	for range interopQuestions {
		s := randomStatuses(r, 1+r.IntN(7))
		quorum := Quorum(len(s))
		if r.IntN(3) == 0 {
			quorum = 1 + r.IntN(len(s))
		}
		overrides := map[int]int{}
		if r.IntN(2) == 0 {
			overrides = DeleteOverrides
		}
		questions = append(questions, [2]any{"best", []any{s, quorum, overrides}}, [2]any{"have", []any{s, quorum}})
		want = append(want, BestResponse(s, quorum, overrides))
		have = append(have, HaveQuorum(s, quorum))
	}
	answers := swift(t, questions)
	for i := range want {
		require.JSONEq(t, fmt.Sprintf("[%d, %d]", want[i].Status, want[i].Answer), string(answers[2*i]), "%v", questions[2*i])
		require.JSONEq(t, fmt.Sprint(have[i]), string(answers[2*i+1]), "%v", questions[2*i+1])
	}
}

// swiftReply is a reply in a question.
type swiftReply struct {
	Status  int               `json:"status"`
	Handoff bool              `json:"handoff"`
	Headers map[string]string `json:"headers"`
}

func randomReply(r *rand.Rand, object bool) swiftReply {
	reply := swiftReply{Status: statuses[r.IntN(len(statuses))], Handoff: r.IntN(3) == 0, Headers: map[string]string{}}
	if r.IntN(2) == 0 {
		reply.Status = []int{200, 404}[r.IntN(2)]
	}
	// Times are few, so that tombstones and data meet.
	stamp := func() string {
		return fmt.Sprintf("%016.5f%s", float64(1+r.IntN(3)), []string{"", "_0000000000000001"}[r.IntN(2)])
	}
	names := []string{"X-Timestamp", "X-Backend-Timestamp"}
	if object {
		names = append(names, "X-Backend-Data-Timestamp")
	} else {
		names = append(names, "X-PUT-Timestamp")
	}
	for _, name := range names {
		if r.IntN(3) > 0 {
			reply.Headers[name] = stamp()
		}
	}
	if !object && r.IntN(4) == 0 {
		reply.Headers["X-PUT-Timestamp"] = "0000000000.00000"
	}
	return reply
}

func TestInteropSearch(t *testing.T) {
	r := newRand(t)
	var questions [][2]any
	var want []string
	for range interopSearches {
		o := SearchOptions{Object: r.IntN(2) == 0, Newest: r.IntN(4) == 0, Primaries: 1 + r.IntN(4), Suppression: r.IntN(3)}
		replies := make([]swiftReply, 1+r.IntN(7))
		s := NewSearch(o)
		over := false
		for i := range replies {
			replies[i] = randomReply(r, o.Object)
			if over {
				continue
			}
			reply, err := ReadReply(replies[i].Status, replies[i].Handoff, func(name string) string { return replies[i].Headers[name] })
			require.NoError(t, err)
			over = s.Add(reply) == Found
		}
		best, good := s.Result()
		server := map[bool]string{true: "Object", false: "Container"}[o.Object]
		if outdated(s, good) {
			continue // Swift answers without a body
		}
		questions = append(questions, [2]any{"search", []any{server, o.Newest, o.Primaries, o.Suppression, replies}})
		want = append(want, fmt.Sprintf("[%t, %d, %d]", good, best.Status, best.Answer))
	}
	answers := swift(t, questions)
	for i := range want {
		text, err := json.Marshal(questions[i])
		require.NoError(t, err)
		require.JSONEq(t, want[i], string(answers[i]), "%s", text)
	}
	t.Logf("%d searches compared", len(want))
	require.Greater(t, len(want), interopSearches*3/4)
}

// outdated reports whether a search ended without a good answer although there
// were candidates. Swift counts their statuses still.
func outdated(s *Search, good bool) bool { return !good && len(s.sources) > 0 }

func TestInteropUpdates(t *testing.T) {
	var questions [][2]any
	type shape struct{ containers, objects, quorum int }
	var shapes []shape
	for containers := 1; containers <= 5; containers++ {
		for objects := 1; objects <= 14; objects++ {
			for _, quorum := range []int{Quorum(objects), objects} {
				shapes = append(shapes, shape{containers, objects, quorum})
				args := []any{containers, objects, quorum}
				questions = append(questions, [2]any{"updates", args}, [2]any{"deal", args})
			}
		}
	}
	answers := swift(t, questions)
	dealt := 0
	for i, s := range shapes {
		n := Updates(s.containers, s.objects, s.quorum)
		require.JSONEq(t, fmt.Sprint(n), string(answers[2*i]), "%v", s)
		var want [][3]json.RawMessage
		require.NoError(t, json.Unmarshal(answers[2*i+1], &want))
		if want == nil {
			continue // this Swift deals with the rings at hand only
		}
		rows, queue := Deal(s.objects, n, s.containers, false), Deal(s.objects, n, s.containers, true)
		require.Len(t, want, s.objects)
		for j := range want {
			require.JSONEq(t, numbers(rows[j]), string(want[j][0]), "%v, request %d", s, j)
			require.JSONEq(t, numbers(queue[j]), string(want[j][1]), "%v, request %d of the queue", s, j)
			require.JSONEq(t, fmt.Sprint(CleansQueue(j)), string(want[j][2]), "%v, request %d cleans", s, j)
			dealt++
		}
	}
	t.Logf("%d shapes, %d requests compared", len(shapes), dealt)
}

func numbers(list []int) string {
	return "[" + strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]") + "]"
}

func TestInteropQueue(t *testing.T) {
	r := newRand(t)
	hash := ring.Hash{Prefix: "changeme", Suffix: "too-much"}
	var questions [][2]any
	var want []string
	for range 2000 {
		name, at := fmt.Sprintf("o%d/é", r.IntN(1000)), r.Int64N(2e10)
		questions = append(questions, [2]any{"queue", []any{"AUTH_test", "c", name, at}})
		want = append(want, DeleteAtContainer(hash, objstore.ObjectID{Account: "AUTH_test", Container: "c", Object: objstore.ObjectName(name)}, at))
	}
	for i, answer := range swift(t, questions) {
		require.JSONEq(t, `"`+want[i]+`"`, string(answer), "%v", questions[i])
	}
}
