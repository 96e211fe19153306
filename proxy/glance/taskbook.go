package glance

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

const taskContainer objstore.ContainerName = "tasks"

const (
	// tasksMax bounds how many tasks are kept.
	tasksMax = 10_000
	// taskInputMax bounds the part of a request that a task keeps, in bytes.
	taskInputMax = 16 << 10
	// tasksInputMax bounds the inputs of all tasks together, in bytes.
	tasksInputMax = 32 << 20
)

// errInterrupted is the end of a task that ran when the server stopped.
var errInterrupted = &wire.Error{Status: 503, Message: "The server was stopped while the task ran."}

// taskRecords is the kind of tasks' records. A task weighs as much as its input,
// and all tasks count for the owner "". The record of a task that has ended is an
// expiring object: the Store deletes the record by itself.
var taskRecords = recordbook.Kind[task]{
	Container: taskContainer,
	Name:      func(t *task) string { return t.ID },
	Check:     (*task).checkRecord,
	Weigh:     func(t *task) (string, int64) { return "", int64(len(t.Input)) },
	DeleteAt:  func(t *task) int64 { return t.ExpiresMicros / 1e6 },
}

// checkRecord refuses a record of another version.
func (t *task) checkRecord() error {
	if t.Version != recordVersion {
		return fmt.Errorf("version %d", t.Version)
	}
	return nil
}

// taskBook holds all tasks.
type taskBook struct {
	records *recordbook.Book[task]
}

// openTasks reads all tasks. A task that a stop cut short ends as a failure.
func openTasks(ctx context.Context, store objstore.Store, now func() time.Time, logger *slog.Logger) (*taskBook, error) {
	b := &taskBook{recordbook.New(store, taskRecords, logger)}
	return b, b.records.Load(ctx, func(t *task) error {
		if t.ExpiresMicros != 0 {
			return nil
		}
		return b.end(ctx, t.ID, errInterrupted, now().UnixMicro())
	})
}

// start keeps a task that begins, and returns the task's id.
func (b *taskBook) start(ctx context.Context, t *task) (string, error) {
	if len(t.Input) > taskInputMax {
		return "", wire.Errorf(413, "The input of the task is longer than %d bytes.", taskInputMax)
	}
	if !b.room(t.CreatedMicros) {
		return "", wire.Errorf(503, "Too many tasks are kept.")
	}
	return t.ID, b.records.Put(ctx, t)
}

// room says whether the book has room for a task with the longest input. A full
// book forgets the tasks that have expired.
func (b *taskBook) room(nowMicros int64) bool {
	if b.fits() {
		return true
	}
	for _, t := range b.records.List(func(t *task) bool { return t.expired(nowMicros) }) {
		b.records.Forget(t.ID)
	}
	return b.fits()
}

// fits says whether the book has room, counting tasks that have expired too.
func (b *taskBook) fits() bool {
	_, inputBytes := b.records.Sums("")
	return b.records.Len() < tasksMax && inputBytes <= tasksInputMax-taskInputMax
}

// expired reports whether the task's life after its end is over.
func (t *task) expired(nowMicros int64) bool {
	return t.ExpiresMicros != 0 && t.ExpiresMicros <= nowMicros
}

// find returns a task that has not expired, or nil.
func (b *taskBook) find(id string, nowMicros int64) *task {
	if t := b.records.Get(id); t != nil && !t.expired(nowMicros) {
		return t
	}
	return nil
}

// concerns notes the image that a task creates. The note is written to the Store
// with the task's end.
func (b *taskBook) concerns(id, imageID string) {
	if t := b.records.Get(id); t != nil {
		changed := *t
		changed.ImageID = imageID
		b.records.Show(&changed)
	}
}

// end writes how a task ended: with an error, or well if cause is nil.
func (b *taskBook) end(ctx context.Context, id string, cause error, nowMicros int64) error {
	t := b.records.Get(id)
	if t == nil {
		return nil
	}
	return b.records.Put(ctx, t.ended(cause, nowMicros))
}

// list returns the tasks that have not expired and that choose accepts, oldest
// first.
func (b *taskBook) list(nowMicros int64, choose func(*task) bool) []*task {
	list := b.records.List(func(t *task) bool { return !t.expired(nowMicros) && choose(t) })
	slices.SortFunc(list, func(x, y *task) int {
		return cmp.Or(cmp.Compare(x.CreatedMicros, y.CreatedMicros), cmp.Compare(x.ID, y.ID))
	})
	return list
}
