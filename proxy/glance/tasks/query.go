// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"cmp"
	"slices"
	"strings"

	"needletail/proxy/glance/paging"
	"needletail/proxy/glance/wire"
)

// Query is the query of GET /v2/tasks, checked.
type Query struct {
	paging.Query
	kind, status string // "" accepts all
}

// ParseQuery reads the query of GET /v2/tasks (glance/api/v2/tasks.py
// RequestDeserializer.index).
func ParseQuery(raw string) (q *Query, err error) {
	q = new(Query)
	isKey := func(key string) bool { return keys[key] != nil }
	q.Query, err = paging.Parse(raw, isKey, func(p paging.Pair) error {
		switch p.Key {
		case "marker":
			if !wire.IsUUID(p.Value) {
				return wire.Errorf(400, "Invalid marker format")
			}
		case "status":
			if q.status = p.Value; !slices.Contains([]string{Pending, Processing, Success, Failure}, p.Value) {
				return wire.Errorf(400, "Invalid status value: %s", wire.Cut(p.Value))
			}
		case "type":
			if q.kind = p.Value; p.Value != TypeImport {
				return wire.Errorf(400, "Invalid type value: %s", wire.Cut(p.Value))
			}
		}
		return nil
	})
	return q, err
}

// Page returns the tasks of a page: the tasks of the book that the query chooses,
// sorted, after the marker, up to the limit. The error is 400 for an unknown
// marker.
func (q *Query) Page(b *Book, nowMicros int64) ([]*Task, error) {
	list := b.List(nowMicros, q.chooses)
	slices.SortStableFunc(list, q.compare)
	if q.Marker != "" {
		i := slices.IndexFunc(list, func(t *Task) bool { return t.ID == q.Marker })
		if i < 0 {
			return nil, wire.Errorf(400, "Task not found for marker %s", wire.Cut(q.Marker))
		}
		list = list[i+1:]
	}
	return list[:min(len(list), q.Limit)], nil
}

// chooses says whether the listing has a task.
func (q *Query) chooses(t *Task) bool {
	return (q.kind == "" || q.kind == t.Type) && (q.status == "" || q.status == t.Status)
}

// keys has the fields by which tasks sort.
var keys = map[string]func(x, y *Task) int{
	"created_at": func(x, y *Task) int { return cmp.Compare(x.CreatedMicros, y.CreatedMicros) },
	"updated_at": func(x, y *Task) int { return cmp.Compare(x.UpdatedMicros, y.UpdatedMicros) },
	"expires_at": func(x, y *Task) int { return cmp.Compare(x.ExpiresMicros, y.ExpiresMicros) },
	"id":         func(x, y *Task) int { return strings.Compare(x.ID, y.ID) },
	"type":       func(x, y *Task) int { return strings.Compare(x.Type, y.Type) },
	"status":     func(x, y *Task) int { return strings.Compare(x.Status, y.Status) },
	"owner":      func(x, y *Task) int { return strings.Compare(x.Owner, y.Owner) },
}

// compare orders two tasks by the key of the query, and then by ID.
func (q *Query) compare(x, y *Task) int {
	order := cmp.Or(keys[q.Key](x, y), strings.Compare(x.ID, y.ID))
	if q.Ascending {
		return order
	}
	return -order
}
