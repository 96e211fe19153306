// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire/wiretest"
)

// queueSite is a cluster that keeps the UPDATEs of its container servers.
type queueSite struct {
	*mixEnv
	mu      sync.Mutex
	updates map[*fakeNode][]*wiretest.Request
}

// newQueueSite answers UPDATE with a status of each primary, and of the handoff.
func newQueueSite(t *testing.T, under objstore.ObjectID, at objstore.Timestamp, statuses ...int) *queueSite {
	q := &queueSite{mixEnv: newMix(t, Options{}), updates: map[*fakeNode][]*wiretest.Request{}}
	name := verdict.DeleteAtContainer(q.s.dir.Config().Hash, under, at.Seconds())
	for i, n := range q.walk(q.s.containerTarget(objstore.ContainerID{Account: queueAccount, Container: objstore.ContainerName(name)})) {
		on(ContainerServer, "UPDATE", func(r *wiretest.Request) *wiretest.Answer {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.updates[n] = append(q.updates[n], r)
			return &wiretest.Answer{Status: statuses[i]}
		})(n)
	}
	return q
}

// requests are the UPDATEs of one of the servers.
func (q *queueSite) requests() []*wiretest.Request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, list := range q.updates {
		return list
	}
	return nil
}

// The rows are those of swift/cli/container_deleter.py: make_delete_jobs.
func TestQueueDeletions(t *testing.T) {
	under := objstore.ObjectID{Account: "a", Container: "c", Object: "manifest"}
	from := objstore.ContainerID{Account: "a", Container: "segments ü"}
	at, err := objstore.ParseTimestamp("1402464677.04188")
	require.NoError(t, err)
	q := newQueueSite(t, under, at, 202, 202, 202, 507)
	require.NoError(t, q.s.QueueDeletions(t.Context(), under, from, []objstore.ObjectName{"1", "dir/2 <ü>"}, at))
	require.NoError(t, q.s.Close()) // with the stragglers
	require.Len(t, q.updates, 3)
	r := q.requests()[0]
	require.Regexp(t, `^/sd./\d+/\.expiring_objects/14024\d{5}$`, r.Path)
	require.Equal(t, "0", r.Header.Get(policyHeader))
	require.NotEmpty(t, r.Header.Get("X-Timestamp"))
	require.JSONEq(t, `[
	  {"name": "1402464677.04188-a/segments ü/1", "deleted": 0, "created_at": "1402464677.04188", "etag": "d41d8cd98f00b204e9800998ecf8427e",
	   "size": 0, "storage_policy_index": 0, "content_type": "application/async-deleted"},
	  {"name": "1402464677.04188-a/segments ü/dir/2 <ü>", "deleted": 0, "created_at": "1402464677.04188", "etag": "d41d8cd98f00b204e9800998ecf8427e",
	   "size": 0, "storage_policy_index": 0, "content_type": "application/async-deleted"}]`, string(r.Body))
}

func TestQueueDeletionsInBatches(t *testing.T) {
	under := objstore.ObjectID{Account: "a", Container: "c", Object: "manifest"}
	at := objstore.Timestamp(140246467704188)
	for count, batches := range map[int][]int{0: nil, 1: {1}, queueBatch: {queueBatch}, queueBatch + 1: {queueBatch, 1}} {
		q := newQueueSite(t, under, at, 202, 202, 202, 507)
		names := make([]objstore.ObjectName, count)
		for i := range names {
			names[i] = objstore.ObjectName(fmt.Sprint(i))
		}
		require.NoError(t, q.s.QueueDeletions(t.Context(), under, under.ContainerID(), names, at))
		require.NoError(t, q.s.Close())
		var got []int
		for _, r := range q.requests() {
			var rows []queueRow
			require.NoError(t, json.Unmarshal(r.Body, &rows))
			got = append(got, len(rows))
		}
		require.Equal(t, batches, got, count)
	}
}

func TestQueueDeletionsFaults(t *testing.T) {
	under := objstore.ObjectID{Account: "a", Container: "c", Object: "manifest"}
	at := objstore.Timestamp(140246467704188)
	names := []objstore.ObjectName{"1"}
	for _, c := range []struct {
		statuses []int
		want     error
	}{{[]int{202, 202, 503, 507}, nil}, {[]int{202, 507, 503, 202}, nil}, {[]int{503, 503, 202, 507}, objstore.KindUnavailable}} {
		q := newQueueSite(t, under, at, c.statuses...)
		err := q.s.QueueDeletions(t.Context(), under, under.ContainerID(), names, at)
		if c.want == nil {
			require.NoError(t, err, c.statuses)
		} else {
			require.ErrorIs(t, err, c.want, c.statuses)
		}
	}
	q := newQueueSite(t, under, at, 202, 202, 202, 507)
	for _, name := range []objstore.ObjectName{"", "\xff", "a\x00b"} {
		require.ErrorIs(t, q.s.QueueDeletions(t.Context(), under, under.ContainerID(), []objstore.ObjectName{name}, at), objstore.KindInvalid, name)
	}
	bad := objstore.ContainerID{Account: "a", Container: "b/c"}
	require.ErrorIs(t, q.s.QueueDeletions(t.Context(), under, bad, names, at), objstore.KindInvalid)
	require.Empty(t, q.updates)
	require.NoError(t, q.s.Close())
	require.ErrorIs(t, q.s.QueueDeletions(t.Context(), under, under.ContainerID(), names, at), objstore.KindClosed)
}
