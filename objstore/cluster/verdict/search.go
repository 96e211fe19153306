// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"fmt"
	"net/http"

	"needletail/objstore/cluster/internaltime"
)

// Reply is what Search looks at in the answer to a GET or HEAD.
type Reply struct {
	Status  int
	Handoff bool
	// Time is the time of what the answer has: X-Backend-Data-Timestamp, else
	// X-Backend-Timestamp, X-PUT-Timestamp, X-Timestamp.
	Time internaltime.Time
	// Backend is X-Backend-Timestamp. In a 404, Backend is the time of the
	// tombstone.
	Backend internaltime.Time
	// Unsynced is an X-PUT-Timestamp of 0: the server has rows of an account or
	// a container, and not yet the account or the container.
	Unsynced bool
	ETag     string // without quotes
}

// ReadReply takes a reply from the headers of an answer. header returns the
// value of a header, or "". An error is a fault of the node.
func ReadReply(status int, handoff bool, header func(name string) string) (Reply, error) {
	r := Reply{Status: status, Handoff: handoff, ETag: normalETag(header("Etag"))}
	timed := false
	for _, name := range [...]string{"X-Backend-Data-Timestamp", "X-Backend-Timestamp", "X-PUT-Timestamp", "X-Timestamp"} {
		text := header(name)
		if text == "" {
			continue
		}
		t, err := internaltime.Parse(text)
		if err != nil {
			return Reply{}, fmt.Errorf("header %s: %w", name, err)
		}
		if !timed {
			r.Time, timed = t, true
		}
		switch name {
		case "X-Backend-Timestamp":
			r.Backend = t
		case "X-PUT-Timestamp":
			r.Unsynced = t.Units == 0
		}
	}
	return r, nil
}

// normalETag takes a weakness mark and quotes off (swift/common/swob.py:
// normalize_etag).
func normalETag(s string) string {
	if len(s) > 2 && s[:2] == "W/" {
		s = s[2:]
	}
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	return s
}

// Outcome is what becomes of a reply.
type Outcome uint8

const (
	// Dropped: the reply tells nothing. The next node is asked.
	Dropped Outcome = iota
	// Kept: the reply is bad. The next node is asked. The client may get the
	// reply if no node has better.
	Kept
	// Candidate: the reply is good, and a later one may be newer.
	Candidate
	// Found: the reply is good, and the search is over.
	Found
)

// Search gathers the answers to a GET or HEAD of an account, a container or an
// object in copies, and to a HEAD of a coded object
// (swift/proxy/controllers/base.py: GetOrHeadHandler). A node that gave no
// answer adds nothing.
type Search struct {
	object    bool
	newest    bool
	suppress  int // 404s of primaries that are still dropped
	tombstone internaltime.Time
	etag      string // of the body that is to be continued
	replies   int
	kept      []keptReply
	sources   []source
}

type keptReply struct{ status, number int }

type source struct {
	number int
	status int
	time   internaltime.Time
}

// SearchOptions are the arguments of NewSearch.
type SearchOptions struct {
	Object bool // not an account or a container
	// Newest is X-Newest: all nodes are asked, and the newest good answer wins.
	Newest bool
	// Primaries is the number of primaries, Suppression is
	// rebalance_missing_suppression_count.
	Primaries, Suppression int
}

// NewSearch begins a search.
func NewSearch(o SearchOptions) *Search {
	return &Search{object: o.Object, newest: o.Newest, suppress: min(o.Suppression, o.Primaries-1)}
}

// Add takes a reply. Replies are numbered from 0, the dropped ones too.
func (s *Search) Add(r Reply) Outcome {
	number := s.replies
	s.replies++
	missing := r.Status == http.StatusNotFound && r.Backend.IsZero()
	switch {
	case s.good(r.Status) && (r.Unsynced || s.etag != "" && r.ETag != s.etag):
		// A 404 is made up, without the headers of the reply.
		s.kept = append(s.kept, keptReply{http.StatusNotFound, -1})
		return Kept
	case s.good(r.Status):
		return s.addGood(r, number)
	case r.Handoff && (missing || r.Status >= 500 && r.Backend.IsZero()):
		return Dropped
	case missing && s.suppress > 0:
		// After a rebalance a new primary may be empty for a while.
		s.suppress--
		return Dropped
	}
	s.kept = append(s.kept, keptReply{r.Status, number})
	if s.object && r.Status == http.StatusNotFound && s.tombstone.Before(r.Backend) {
		s.tombstone = r.Backend
	}
	return Kept
}

func (s *Search) good(status int) bool {
	return status >= 200 && status < 400 || s.object && status == http.StatusRequestedRangeNotSatisfiable
}

// addGood takes a good reply, unless a tombstone is newer.
func (s *Search) addGood(r Reply, number int) Outcome {
	if r.Time.Before(s.tombstone) {
		return Dropped
	}
	s.sources = append(s.sources, source{number, r.Status, r.Time})
	if s.newest {
		return Candidate
	}
	return Found
}

// Result is the verdict when no node is asked any more. With good, the client
// gets the body of the reply Answer. Otherwise Answer is a bad reply, or -1 for
// an answer without headers of a node.
//
// Candidates that a tombstone outdated afterwards count for nothing. Swift counts
// their statuses, and can answer 200 without a body.
func (s *Search) Result() (best Best, good bool) {
	best = none
	var newest internaltime.Time
	for _, c := range s.sources {
		if !c.time.Before(s.tombstone) && !c.time.Before(newest) {
			best, good, newest = Best{Status: c.status, Answer: c.number}, true, c.time
		}
	}
	if good {
		return best, true
	}
	statuses := make([]int, len(s.kept))
	for i, k := range s.kept {
		statuses[i] = k.status
	}
	best = BestResponse(statuses, Quorum(len(statuses)), nil)
	if best.Answer >= 0 {
		best.Answer = s.kept[best.Answer].number
	}
	return best, false
}

// Resume begins the search for another node that has the rest of a body, after
// the body broke. The ETag must be the same. Tombstones are remembered, and the
// numbers of replies go on.
func (s *Search) Resume(etag string) {
	s.etag = etag
	s.kept, s.sources = nil, nil
}
