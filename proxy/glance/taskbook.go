package glance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"needletail/objstore"
	"needletail/proxy/glance/wire"
)

const taskContainer objstore.ContainerName = "tasks"

const (
	// tasksMax bounds the tasks that are kept.
	tasksMax = 10_000
	// taskInputMax bounds what a task keeps of its request, in bytes.
	taskInputMax = 16 << 10
	// tasksInputMax bounds it for all tasks together.
	tasksInputMax = 32 << 20
)

// errInterrupted is what became of a task that ran when the server stopped.
var errInterrupted = &wire.Error{Status: 503, Message: "The server was stopped while the task ran."}

// taskBook holds all tasks, in the Store and in memory. A record of a task that
// has ended goes by itself, as an expiring object.
type taskBook struct {
	catalog *catalog

	mu    sync.Mutex // protects the map; never held during I/O
	tasks map[string]*task
}

func taskRecordID(id string) objstore.ObjectID {
	return objstore.ObjectID{Account: recordAccount, Container: taskContainer, Object: objstore.ObjectName(id)}
}

// openTasks reads all tasks and ends those that a stop cut short.
func openTasks(ctx context.Context, c *catalog, now func() time.Time, logger *slog.Logger) (*taskBook, error) {
	b := &taskBook{catalog: c, tasks: map[string]*task{}}
	err := eachRecord(ctx, c.store, taskContainer, func(id string) error {
		body, err := readRecordBody(ctx, c.store, taskRecordID(id))
		if errors.Is(err, objstore.KindNotFound) {
			return nil // it has expired meanwhile
		}
		if err != nil {
			return err
		}
		t := new(task)
		if err := json.Unmarshal(body, t); err != nil || t.Version != recordVersion || t.ID != id {
			logger.Error("task record cannot be read", "task", id, "err", err)
			return nil
		}
		b.tasks[id] = t
		if t.ExpiresMicros == 0 {
			return b.end(ctx, id, errInterrupted, now().UnixMicro())
		}
		return nil
	})
	return b, err
}

// start keeps a task that begins, and gives its id.
func (b *taskBook) start(ctx context.Context, t *task) (string, error) {
	if len(t.Input) > taskInputMax {
		return "", wire.Errorf(413, "The input of the task is longer than %d bytes.", taskInputMax)
	}
	if !b.room(t.CreatedMicros) {
		return "", wire.Errorf(503, "Too many tasks are kept.")
	}
	return t.ID, b.put(ctx, t)
}

// room forgets what has expired and says whether one more may come.
func (b *taskBook) room(nowMicros int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fits() {
		return true
	}
	for id, t := range b.tasks {
		if t.expired(nowMicros) {
			delete(b.tasks, id)
		}
	}
	return b.fits()
}

func (b *taskBook) fits() bool {
	inputBytes := 0
	for _, t := range b.tasks {
		inputBytes += len(t.Input)
	}
	return len(b.tasks) < tasksMax && inputBytes <= tasksInputMax-taskInputMax
}

func (t *task) expired(nowMicros int64) bool {
	return t.ExpiresMicros != 0 && t.ExpiresMicros <= nowMicros
}

// find gives a task that is kept, or nil.
func (b *taskBook) find(id string, nowMicros int64) *task {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.tasks[id]; t != nil && !t.expired(nowMicros) {
		return t
	}
	return nil
}

// concerns says which image a task turned out to be about. It is written with
// the task's end.
func (b *taskBook) concerns(id, imageID string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.tasks[id]; t != nil {
		changed := *t
		changed.ImageID = imageID
		b.tasks[id] = &changed
	}
}

// end writes what became of a task.
func (b *taskBook) end(ctx context.Context, id string, cause error, nowMicros int64) error {
	b.mu.Lock()
	t := b.tasks[id]
	b.mu.Unlock()
	if t == nil {
		return nil
	}
	return b.put(ctx, t.ended(cause, nowMicros))
}

func (b *taskBook) put(ctx context.Context, t *task) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	err = b.catalog.putCreating(ctx, taskRecordID(t.ID).ContainerID(), func() error {
		_, err := b.catalog.store.PutObject(ctx, taskRecordID(t.ID), bytes.NewReader(body), objstore.PutOptions{
			SizeBytes: int64(len(body)), ContentType: "application/json", DeleteAt: t.ExpiresMicros / 1e6,
		})
		return err
	})
	if err != nil {
		return err
	}
	b.mu.Lock()
	b.tasks[t.ID] = t
	b.mu.Unlock()
	return nil
}

// list gives the tasks that are kept and that choose accepts, oldest first.
func (b *taskBook) list(nowMicros int64, choose func(*task) bool) []*task {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []*task
	for _, t := range b.tasks {
		if !t.expired(nowMicros) && choose(t) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(x, y *task) int {
		return cmp.Or(cmp.Compare(x.CreatedMicros, y.CreatedMicros), cmp.Compare(x.ID, y.ID))
	})
	return list
}
