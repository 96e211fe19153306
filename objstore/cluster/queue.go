// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"encoding/json"
	"strconv"

	"needletail/objstore"
	"needletail/objstore/cluster/verdict"
)

var _ objstore.DeletionQueue = (*Store)(nil)

const (
	// queueBatch bounds the rows of a request to the queue
	// (swift/cli/container_deleter.py: OBJECTS_PER_UPDATE).
	queueBatch = 10000
	// queuePolicy is the policy of the queue's containers.
	queuePolicy = 0
	// asyncDelete is the type of a row whose object the expirer deletes without
	// a look at X-Delete-At (swift/obj/expirer.py: ASYNC_DELETE_TYPE).
	asyncDelete = "application/async-deleted"
	emptyETag   = "d41d8cd98f00b204e9800998ecf8427e"
)

// queueRow is a row of a container in the form in which servers replicate rows
// (swift/container/backend.py: merge_items). The name is
// "TIME-ACCOUNT/CONTAINER/OBJECT" (swift/obj/expirer.py: build_task_obj).
type queueRow struct {
	Name        string `json:"name"`
	Deleted     int    `json:"deleted"`
	CreatedAt   string `json:"created_at"`
	ETag        string `json:"etag"`
	Size        int64  `json:"size"`
	Policy      int    `json:"storage_policy_index"`
	ContentType string `json:"content_type"`
}

// QueueDeletions puts rows into the queue of the cluster's expirer
// (swift/cli/container_deleter.py: make_delete_jobs, swift/common/middleware/
// slo.py: handle_async_delete).
func (s *Store) QueueDeletions(ctx context.Context, under objstore.ObjectID, from objstore.ContainerID, names []objstore.ObjectName, at objstore.Timestamp) error {
	c := onContainer("queue deletions", from)
	if err := s.beginContainer(c, from); err != nil {
		return err
	}
	defer s.end()
	queue := objstore.ContainerID{Account: queueAccount,
		Container: objstore.ContainerName(verdict.DeleteAtContainer(s.dir.Config().Hash, under, at.Seconds()))}
	for len(names) > 0 {
		batch := names[:min(queueBatch, len(names))]
		names = names[len(batch):]
		rows := make([]queueRow, len(batch))
		for i, name := range batch {
			if err := checkName(partObject, string(name)); err != nil {
				return c.fail(objstore.KindInvalid, err)
			}
			rows[i] = queueRow{
				Name:      at.String() + "-" + string(from.Account) + "/" + string(from.Container) + "/" + string(name),
				CreatedAt: at.String(), ETag: emptyETag, Policy: queuePolicy, ContentType: asyncDelete,
			}
		}
		if err := s.updateRows(ctx, c, queue, rows); err != nil {
			return err
		}
	}
	return nil
}

// updateRows merges rows into a container, which the servers make where the
// container is missing (swift/proxy/controllers/container.py: UPDATE).
func (s *Store) updateRows(ctx context.Context, c call, id objstore.ContainerID, rows []queueRow) error {
	body, err := json.Marshal(rows)
	if err != nil {
		return c.fail(objstore.KindInternal, err)
	}
	h := s.stamped(ctx)
	h.Set(policyHeader, strconv.Itoa(queuePolicy))
	r := &request{target: s.containerTarget(id), method: "UPDATE", body: body}
	if got := s.writeAll(ctx, r, h); !success(got) {
		return s.refusal(ctx, c, r, got)
	}
	return nil
}
