// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// answer is what a worker of a write ends with.
type answer struct {
	status             int
	handoff, tombstone bool
}

func of(statuses ...int) []answer {
	list := make([]answer, len(statuses))
	for i, s := range statuses {
		list[i].status = s
	}
	return list
}

// TestWrites has the mixes of failures of writes by best response, with three
// replicas. Workers that end without an answer are not there.
func TestWrites(t *testing.T) {
	for name, c := range map[string]struct {
		answers   []answer
		overrides map[int]int
		want      Best
	}{
		"container PUT, all alive":                     {of(201, 201, 201), nil, Best{201, 0}},
		"container PUT, 2 alive":                       {of(201, 201), nil, Best{201, 0}},
		"container PUT, 2 alive and a handoff":         {[]answer{{201, false, false}, {201, false, false}, {201, true, false}}, nil, Best{201, 0}},
		"container PUT, 1 alive, no handoff":           {of(201), nil, none},
		"container PUT, 202 on some":                   {of(201, 202, 201), nil, Best{202, 1}},
		"container PUT, another policy":                {of(409, 409, 409), nil, Best{409, 0}},
		"container POST, absent on all":                {of(404, 404, 404), nil, Best{404, 0}},
		"container DELETE, not empty on one":           {of(204, 409, 204), nil, Best{204, 0}},
		"container DELETE, not empty on two":           {of(204, 409, 409), nil, Best{409, 1}},
		"object DELETE, absent":                        {of(404, 404, 404), DeleteOverrides, Best{404, 0}},
		"object DELETE, absent, 1 dead":                {of(404, 404), DeleteOverrides, Best{404, 0}},
		"object DELETE, absent, 2 dead":                {of(404), DeleteOverrides, none},
		"object DELETE, on one, absent on one, 1 dead": {of(404, 204), DeleteOverrides, Best{204, 1}},
		"object DELETE, handoffs know nothing":         {[]answer{{404, true, false}, {404, true, false}, {204, false, false}}, DeleteOverrides, none},
		"object DELETE, a handoff wrote a tombstone":   {[]answer{{404, true, true}, {204, false, false}}, DeleteOverrides, Best{204, 1}},
		"no worker has an answer":                      {nil, nil, none},
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWrites(3)
			for _, a := range c.answers {
				w.Add(a.status, a.handoff, a.tombstone)
			}
			require.Equal(t, c.want, w.Best(c.overrides))
		})
	}
}

// TestWritesNumberKeptAnswers: a dropped answer has no number.
func TestWritesNumberKeptAnswers(t *testing.T) {
	w := NewWrites(3)
	require.False(t, w.Add(404, true, false))
	require.True(t, w.Add(404, false, false))
	require.True(t, w.Add(409, true, false))
	require.Equal(t, Best{409, 1}, w.Best(nil))
}

func TestWritesDecided(t *testing.T) {
	w := NewWrites(3)
	require.False(t, w.Decided())
	w.Add(404, true, false)
	w.Add(201, false, false)
	require.False(t, w.Decided(), "a 404 of a handoff is no answer")
	w.Add(404, false, false)
	require.False(t, w.Decided(), "201 and 404 do not agree")
	w.Add(202, false, false)
	require.True(t, w.Decided())
}

func TestFinal(t *testing.T) {
	for status, want := range map[int]bool{100: false, 199: false, 200: true, 307: true, 404: true, 499: true, 500: false, 507: false} {
		require.Equal(t, want, Final(status), "status %d", status)
	}
}

// TestPost has the mixes of failures of the POST of an object, with three
// replicas.
func TestPost(t *testing.T) {
	for name, c := range map[string]struct {
		primaries []answer
		handoffs  int // that PostHandoffs wants
		reachable int // of these handoffs
		extra     []answer
		want      Best
	}{
		"202, 202, 202":                        {of(202, 202, 202), 0, 0, nil, Best{202, 0}},
		"202, 202, 404":                        {of(202, 202, 404), 0, 0, nil, Best{202, 0}},
		"202, 404, 404, and nobody else":       {of(202, 404, 404), 2, 0, nil, none},
		"202, 404, 404, handoffs have none":    {of(202, 404, 404), 2, 2, []answer{{404, true, false}, {404, true, false}}, none},
		"202, 404, 404, a handoff has it":      {of(202, 404, 404), 2, 2, []answer{{404, true, false}, {202, true, false}}, Best{202, 0}},
		"404, 404, 202, a handoff is newer":    {of(404, 404, 202), 2, 2, []answer{{409, true, false}}, Best{409, 3}},
		"202, 404, dead, a handoff has it":     {of(202, 404), 1, 1, []answer{{202, true, false}}, Best{202, 0}},
		"202, 404, dead, the handoff has none": {of(202, 404), 1, 1, []answer{{404, true, false}}, none},
		"202, dead, dead":                      {of(202), 0, 0, nil, none},
		"404, 404, 404":                        {of(404, 404, 404), 0, 0, nil, Best{404, 0}},
		"404, dead, dead":                      {of(404), 0, 0, nil, none},
		"307 of a symlink":                     {of(307, 307, 307), 0, 0, nil, Best{307, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWrites(3)
			for _, a := range c.primaries {
				w.Add(a.status, a.handoff, a.tombstone)
			}
			require.Equal(t, c.handoffs, w.PostHandoffs())
			if c.handoffs > 0 {
				w.AskHandoffs(c.reachable)
				for _, a := range c.extra {
					w.Add(a.status, a.handoff, a.tombstone)
				}
			}
			require.Equal(t, c.want, w.BestPost(3))
		})
	}
}

// TestPostDecidedByHandoffs: the answers of handoffs have a quorum of their own.
func TestPostDecidedByHandoffs(t *testing.T) {
	w := NewWrites(3)
	for _, status := range []int{404, 202, 404} {
		w.Add(status, false, false)
	}
	require.True(t, w.Decided())
	w.AskHandoffs(w.PostHandoffs())
	require.False(t, w.Decided(), "no handoff has answered")
	w.Add(202, true, false)
	require.True(t, w.Decided(), "the quorum of two handoffs is one")
}
