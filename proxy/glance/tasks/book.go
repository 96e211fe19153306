// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

const (
	// tasksMax bounds how many tasks are kept.
	tasksMax = 10_000
	// inputMax bounds the part of a request that a task keeps, in bytes.
	inputMax = 16 << 10
	// inputsMax bounds the inputs of all tasks together, in bytes.
	inputsMax = 32 << 20
)

// Interrupted is the message of a task that ran when the server stopped.
const Interrupted = "The server was stopped while the task ran."

// records is the kind of tasks' records. A task weighs as much as its input, and
// all tasks count for the owner "". The record of an ended task is an expiring
// object: the Store deletes the record by itself.
var records = recordbook.Kind[Task]{
	Container: "tasks",
	Name:      func(t *Task) string { return t.ID },
	Check:     (*Task).checkRecord,
	Weigh:     func(t *Task) (string, int64) { return "", int64(len(t.Input)) },
	DeleteAt:  func(t *Task) int64 { return t.ExpiresMicros / 1e6 },
}

// Book holds all tasks.
type Book struct {
	records *recordbook.Book[Task]
}

// Open reads all tasks from the Store. A task that a stop cut short ends as a
// failure. now is the clock; the logger hears of unreadable records.
func Open(ctx context.Context, store objstore.Store, now func() time.Time, logger *slog.Logger) (*Book, error) {
	b := &Book{recordbook.New(store, records, logger)}
	return b, b.records.Load(ctx, func(t *Task) error {
		if t.ExpiresMicros != 0 {
			return nil
		}
		return b.End(ctx, t.ID, Interrupted, now().UnixMicro())
	})
}

// Start keeps a task that begins, and returns the task's ID. The error is 413 for
// a long input, and 503 for a full book.
func (b *Book) Start(ctx context.Context, t *Task) (string, error) {
	if len(t.Input) > inputMax {
		return "", wire.Errorf(413, "The input of the task is longer than %d bytes.", inputMax)
	}
	if !b.room(t.CreatedMicros) {
		return "", wire.Busy("Too many tasks are kept.")
	}
	t.Version, t.Status = recordVersion, Processing
	return t.ID, b.records.Put(ctx, t)
}

// room says whether the book has room for a task with the longest input. A full
// book forgets expired tasks.
func (b *Book) room(nowMicros int64) bool {
	if b.fits() {
		return true
	}
	for _, t := range b.records.List(func(t *Task) bool { return t.expired(nowMicros) }) {
		b.records.Forget(t.ID)
	}
	return b.fits()
}

// fits says whether the book has room, counting expired tasks too.
func (b *Book) fits() bool {
	_, inputBytes := b.records.Sums("")
	return b.records.Len() < tasksMax && inputBytes <= inputsMax-inputMax
}

// Find returns a task that has not expired, or nil.
func (b *Book) Find(id string, nowMicros int64) *Task {
	if t := b.records.Get(id); t != nil && !t.expired(nowMicros) {
		return t
	}
	return nil
}

// Concerns notes the image that a task creates. The note is written to the Store
// with the task's end.
func (b *Book) Concerns(id, imageID string) {
	if t := b.records.Get(id); t != nil {
		changed := *t
		changed.ImageID = imageID
		b.records.Show(&changed)
	}
}

// End writes how a task ended: as a failure with a message, or as a success with
// the message "". An unknown task is no error.
func (b *Book) End(ctx context.Context, id, message string, nowMicros int64) error {
	t := b.records.Get(id)
	if t == nil {
		return nil
	}
	return b.records.Put(ctx, t.ended(message, nowMicros))
}

// List returns the unexpired tasks that choose accepts, oldest first.
func (b *Book) List(nowMicros int64, choose func(*Task) bool) []*Task {
	list := b.records.List(func(t *Task) bool { return !t.expired(nowMicros) && choose(t) })
	slices.SortFunc(list, func(x, y *Task) int {
		return cmp.Or(cmp.Compare(x.CreatedMicros, y.CreatedMicros), cmp.Compare(x.ID, y.ID))
	})
	return list
}
