// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"net/http"
)

// Quorum is how many of n servers must agree, for accounts, containers, and
// objects in copies (swift/common/utils: quorum_size). Of a fractional number of
// replicas, n is the whole part.
func Quorum(n int) int { return (n + 1) / 2 }

// ErasureQuorum is how many servers must have stored a fragment: a fragment more
// than reading needs, since every code of Swift rebuilds from k of k+1
// (swift/common/storage_policy.py: ECStoragePolicy.quorum).
func ErasureQuorum(dataFragments, duplicationFactor int) int {
	return (dataFragments + 1) * duplicationFactor
}

// classes of statuses that can have a quorum, in the order in which the best
// response looks for one.
var classes = [...]int{http.StatusOK, http.StatusMultipleChoices, http.StatusBadRequest}

// HaveQuorum reports whether enough statuses lie in one class, 1xx included, so
// that the answers still missing are stragglers
// (swift/proxy/controllers/base.py: have_quorum).
func HaveQuorum(statuses []int, quorum int) bool {
	for class := 100; class < 500; class += 100 {
		if inClass(statuses, class) >= quorum && len(statuses) >= quorum {
			return true
		}
	}
	return false
}

func inClass(statuses []int, class int) int {
	n := 0
	for _, s := range statuses {
		if class <= s && s < class+100 {
			n++
		}
	}
	return n
}

// Best is a best response.
type Best struct {
	Status int
	// Answer is the place of the answer whose reason, body and headers the
	// client gets; -1 if none: then Status is 503.
	Answer int
}

// none is the verdict without a quorum.
var none = Best{Status: http.StatusServiceUnavailable, Answer: -1}

// BestResponse chooses among the answers of all servers
// (swift/proxy/controllers/base.py: best_response): the highest status of the
// first class with a quorum, and of equal statuses the first. Without a quorum,
// overrides replace statuses, and the search begins anew; a replaced answer is
// counted and not chosen. The DELETE of an object replaces 404 by 204.
func BestResponse(statuses []int, quorum int, overrides map[int]int) Best {
	never := func(int) bool { return false }
	if best, ok := quorumResponse(statuses, quorum, never); ok || len(overrides) == 0 {
		return best
	}
	replaced := make([]int, len(statuses))
	for i, s := range statuses {
		replaced[i] = s
		if instead, ok := overrides[s]; ok {
			replaced[i] = instead
		}
	}
	best, _ := quorumResponse(replaced, quorum, func(i int) bool {
		_, madeUp := overrides[statuses[i]]
		return madeUp
	})
	return best
}

// quorumResponse is Swift's _compute_quorum_response.
func quorumResponse(statuses []int, quorum int, avoid func(answer int) bool) (Best, bool) {
	for _, class := range classes {
		if len(statuses) == 0 || inClass(statuses, class) < quorum {
			continue
		}
		best := none
		for i, s := range statuses {
			if class <= s && s < class+100 && !avoid(i) && (best.Answer < 0 || s > best.Status) {
				best = Best{Status: s, Answer: i}
			}
		}
		if best.Answer >= 0 {
			return best, true
		}
	}
	return none, false
}

// DeleteOverrides are the overrides of the DELETE of an object: a server that
// has no object has what the DELETE wants.
var DeleteOverrides = map[int]int{http.StatusNotFound: http.StatusNoContent}
