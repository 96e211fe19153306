// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
)

func tick(n int64) internaltime.Time { return internaltime.Of(objstore.Timestamp(n)) }

// Replies of the table below.
var (
	good      = Reply{Status: 200, Time: tick(5), ETag: "a"}
	older     = Reply{Status: 200, Time: tick(4), ETag: "b"}
	newer     = Reply{Status: 200, Time: tick(7), ETag: "c"}
	head      = Reply{Status: 204, Time: tick(5)}
	missing   = Reply{Status: 404}
	tombstone = Reply{Status: 404, Backend: tick(6)}
	failed    = Reply{Status: 503}
	unsynced  = Reply{Status: 204, Unsynced: true}
)

// handoff is a reply of a handoff.
func handoff(r Reply) Reply { r.Handoff = true; return r }

// searchRow is a mix of replies. Nodes that are dead give no reply.
type searchRow struct {
	options  SearchOptions
	replies  []Reply
	outcomes []Outcome
	want     Best
	good     bool
}

var (
	object    = SearchOptions{Object: true, Primaries: 3, Suppression: 1}
	container = SearchOptions{Primaries: 3, Suppression: 1}
	newest    = SearchOptions{Object: true, Newest: true, Primaries: 3, Suppression: 1}
)

var searchRows = map[string]searchRow{
	"object GET, the first node has it":             {object, []Reply{good}, []Outcome{Found}, Best{200, 0}, true},
	"object GET, 2 dead, data elsewhere":            {object, []Reply{handoff(good)}, []Outcome{Found}, Best{200, 0}, true},
	"object GET, one primary is empty":              {object, []Reply{missing, good}, []Outcome{Dropped, Found}, Best{200, 1}, true},
	"object GET, two primaries are empty":           {object, []Reply{missing, missing, good}, []Outcome{Dropped, Kept, Found}, Best{200, 2}, true},
	"object GET, a tombstone before older data":     {object, []Reply{tombstone, good, missing}, []Outcome{Kept, Dropped, Dropped}, Best{404, 0}, false},
	"object GET, a tombstone before newer data":     {object, []Reply{tombstone, newer}, []Outcome{Kept, Found}, Best{200, 1}, true},
	"object GET, the data answers first":            {object, []Reply{good}, []Outcome{Found}, Best{200, 0}, true},
	"object GET, data as old as the tombstone":      {object, []Reply{tombstone, {Status: 200, Time: tick(6)}}, []Outcome{Kept, Found}, Best{200, 1}, true},
	"object GET, data by offset newer":              {object, []Reply{tombstone, {Status: 200, Time: internaltime.Time{Units: 6, Offset: 1}}}, []Outcome{Kept, Found}, Best{200, 1}, true},
	"object GET, never existed":                     {object, []Reply{missing, missing, missing}, []Outcome{Dropped, Kept, Kept}, Best{404, 1}, false},
	"object GET, never existed, 1 dead":             {object, []Reply{missing, missing, handoff(missing)}, []Outcome{Dropped, Kept, Dropped}, Best{404, 1}, false},
	"object GET, never existed, 2 dead":             {object, []Reply{missing, handoff(missing)}, []Outcome{Dropped, Dropped}, none, false},
	"object GET, a tombstone and 2 dead":            {object, []Reply{tombstone}, []Outcome{Kept}, Best{404, 0}, false},
	"object GET, a tombstone on a handoff":          {object, []Reply{missing, handoff(tombstone)}, []Outcome{Dropped, Kept}, Best{404, 1}, false},
	"object GET, all fail":                          {object, []Reply{failed, failed, failed, handoff(failed)}, []Outcome{Kept, Kept, Kept, Dropped}, none, false},
	"object GET, one is missing and two fail":       {object, []Reply{missing, failed, failed}, []Outcome{Dropped, Kept, Kept}, none, false},
	"object GET, two are missing and one fails":     {object, []Reply{missing, failed, missing}, []Outcome{Dropped, Kept, Kept}, Best{404, 2}, false},
	"object GET, a handoff fails with a time":       {object, []Reply{handoff(Reply{Status: 503, Backend: tick(1)})}, []Outcome{Kept}, none, false},
	"object GET, 416":                               {object, []Reply{{Status: 416, Time: tick(5)}}, []Outcome{Found}, Best{416, 0}, true},
	"object GET, 304":                               {object, []Reply{{Status: 304, Time: tick(5)}}, []Outcome{Found}, Best{304, 0}, true},
	"object GET, 412 on all":                        {object, []Reply{{Status: 412}, {Status: 412}, {Status: 412}}, []Outcome{Kept, Kept, Kept}, Best{412, 0}, false},
	"container GET, 1 alive":                        {container, []Reply{good}, []Outcome{Found}, Best{200, 0}, true},
	"container HEAD, 1 alive":                       {container, []Reply{head}, []Outcome{Found}, Best{204, 0}, true},
	"container GET, an unsynced copy first":         {container, []Reply{unsynced, good}, []Outcome{Kept, Found}, Best{200, 1}, true},
	"container GET, unsynced copies alone":          {container, []Reply{unsynced, unsynced}, []Outcome{Kept, Kept}, Best{404, -1}, false},
	"container GET, 416 is bad":                     {container, []Reply{{Status: 416}}, []Outcome{Kept}, Best{416, 0}, false},
	"container GET, a tombstone does not bind":      {container, []Reply{tombstone, good}, []Outcome{Kept, Found}, Best{200, 1}, true},
	"account GET, all 404":                          {container, []Reply{missing, missing, missing}, []Outcome{Dropped, Kept, Kept}, Best{404, 1}, false},
	"X-Newest, the newest of three":                 {newest, []Reply{good, newer, older}, []Outcome{Candidate, Candidate, Candidate}, Best{200, 1}, true},
	"X-Newest, of equals the last":                  {newest, []Reply{good, good}, []Outcome{Candidate, Candidate}, Best{200, 1}, true},
	"X-Newest, a tombstone first":                   {newest, []Reply{tombstone, good}, []Outcome{Kept, Dropped}, Best{404, 0}, false},
	"X-Newest, a tombstone outdates":                {newest, []Reply{good, tombstone}, []Outcome{Candidate, Kept}, Best{404, 1}, false},
	"X-Newest, a tombstone outdates the older":      {newest, []Reply{older, newer, tombstone}, []Outcome{Candidate, Candidate, Kept}, Best{200, 1}, true},
	"one primary, its 404 is not dropped":           {SearchOptions{Object: true, Primaries: 1, Suppression: 1}, []Reply{missing}, []Outcome{Kept}, Best{404, 0}, false},
	"no suppression":                                {SearchOptions{Object: true, Primaries: 3}, []Reply{missing}, []Outcome{Kept}, Best{404, 0}, false},
	"suppression of more than the primaries but 1":  {SearchOptions{Object: true, Primaries: 3, Suppression: 9}, []Reply{missing, missing, missing}, []Outcome{Dropped, Dropped, Kept}, Best{404, 2}, false},
	"a tombstone is not suppressed":                 {object, []Reply{tombstone, missing, missing}, []Outcome{Kept, Dropped, Kept}, Best{404, 0}, false},
	"object GET, nobody answers":                    {object, nil, nil, none, false},
	"object GET, a redirection beside client error": {object, []Reply{{Status: 307, Time: tick(1)}}, []Outcome{Found}, Best{307, 0}, true},
}

func TestSearch(t *testing.T) {
	for name, row := range searchRows {
		t.Run(name, func(t *testing.T) {
			s := NewSearch(row.options)
			for i, r := range row.replies {
				require.Equal(t, row.outcomes[i], s.Add(r), "reply %d", i)
			}
			best, good := s.Result()
			require.Equal(t, row.want, best)
			require.Equal(t, row.good, good)
		})
	}
}

// TestSearchResumes: the rest of a body comes from the same object only, and
// what was learnt of tombstones and empty primaries stays.
func TestSearchResumes(t *testing.T) {
	s := NewSearch(object)
	require.Equal(t, Dropped, s.Add(missing))
	require.Equal(t, Found, s.Add(good))
	s.Resume("a")
	require.Equal(t, Kept, s.Add(missing), "one 404 was dropped before")
	require.Equal(t, Kept, s.Add(newer), "another object")
	best, ok := s.Result()
	require.False(t, ok)
	require.Equal(t, Best{404, 2}, best)

	s.Resume("a")
	require.Equal(t, Found, s.Add(good))
	best, ok = s.Result()
	require.True(t, ok)
	require.Equal(t, Best{200, 4}, best)

	s.Resume("a")
	require.Equal(t, Kept, s.Add(tombstone))
	s.Resume("a")
	require.Equal(t, Dropped, s.Add(good), "the tombstone is remembered")
}

// TestSearchResumesWithoutETag: without an ETag any body continues, as in Swift.
func TestSearchResumesWithoutETag(t *testing.T) {
	s := NewSearch(object)
	s.Resume("")
	require.Equal(t, Found, s.Add(good))
}

func TestReadReply(t *testing.T) {
	const (
		first  = "1402464677.04188"
		second = "1402464677.04188_0000000000000001"
	)
	for name, c := range map[string]struct {
		headers map[string]string
		want    Reply
	}{
		"nothing": {nil, Reply{}},
		"an object": {
			map[string]string{"X-Backend-Data-Timestamp": first, "X-Backend-Timestamp": second, "X-Timestamp": first, "Etag": `"abc"`},
			Reply{Time: tick(140246467704188), Backend: internaltime.Time{Units: 140246467704188, Offset: 1}, ETag: "abc"},
		},
		"an object of a server without data timestamp": {
			map[string]string{"X-Backend-Timestamp": second, "X-Timestamp": first},
			Reply{Time: internaltime.Time{Units: 140246467704188, Offset: 1}, Backend: internaltime.Time{Units: 140246467704188, Offset: 1}},
		},
		"a container": {
			map[string]string{"X-PUT-Timestamp": first, "X-Timestamp": "1"},
			Reply{Time: tick(140246467704188)},
		},
		"an unsynced container": {
			map[string]string{"X-PUT-Timestamp": "0000000000.00000", "X-Timestamp": first},
			Reply{Unsynced: true},
		},
		"a weak ETag": {map[string]string{"Etag": `W/"abc"`}, Reply{ETag: "abc"}},
		"a bare ETag": {map[string]string{"Etag": `abc`}, Reply{ETag: "abc"}},
		"half quotes": {map[string]string{"Etag": `"`}, Reply{ETag: `"`}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Status, c.want.Handoff = 200, true
			got, err := ReadReply(http.StatusOK, true, func(name string) string { return c.headers[name] })
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	_, err := ReadReply(200, false, func(name string) string { return "yesterday" })
	require.ErrorIs(t, err, internaltime.ErrTime)
}
