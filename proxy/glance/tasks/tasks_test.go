// SPDX-License-Identifier: Apache-2.0

package tasks

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/wire"
)

func newStore(t *testing.T) objstore.Store {
	t.Helper()
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func open(t *testing.T, store objstore.Store) *Book {
	t.Helper()
	b, err := Open(t.Context(), store, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func start(t *testing.T, b *Book, task *Task) {
	t.Helper()
	if _, err := b.Start(t.Context(), task); err != nil {
		t.Fatal(err)
	}
}

func status(err error) int {
	var e *wire.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func TestInputsAreBounded(t *testing.T) {
	b := &Book{recordbook.New(nil, records, nil)}
	if _, err := b.Start(t.Context(), &Task{Input: make([]byte, inputMax+1)}); status(err) != 413 {
		t.Errorf("a long input: %v", err)
	}
	for i := range inputsMax / inputMax {
		if !b.room(0) {
			t.Fatalf("no room for task %d", i)
		}
		b.records.Show(&Task{ID: fmt.Sprint(i), Input: make([]byte, inputMax)})
	}
	if b.room(0) {
		t.Error("room for one more")
	}
}

func TestNumberIsBounded(t *testing.T) {
	b := open(t, newStore(t))
	now := time.Now().UnixMicro()
	for i := range tasksMax {
		b.records.Show(&Task{ID: fmt.Sprint(i), Status: Success, ExpiresMicros: now + 1})
	}
	if _, err := b.Start(t.Context(), &Task{ID: "a", CreatedMicros: now}); status(err) != 503 || err.(*wire.Error).Header.Get("Retry-After") == "" {
		t.Errorf("one more than the most is kept: %v", err)
	}
	if _, err := b.Start(t.Context(), &Task{ID: "b", CreatedMicros: now + 1}); err != nil {
		t.Errorf("after the others expired: %v", err)
	}
}

func TestTasksEnd(t *testing.T) {
	store := newStore(t)
	b := open(t, store)
	now := time.Now().UnixMicro()
	for _, id := range []string{"good", "bad", "interrupted"} {
		start(t, b, &Task{ID: id, CreatedMicros: now})
	}
	b.Concerns("good", "image")
	for id, message := range map[string]string{"good": "", "bad": "The disk is full.", "unknown": "x"} {
		if err := b.End(t.Context(), id, message, now); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if running := b.Find("interrupted", now); running == nil || running.Status != Processing || running.ExpiresMicros != 0 {
		t.Errorf("%+v", running)
	}
	b = open(t, store)
	for id, want := range map[string]Task{
		"good":        {Status: Success, ImageID: "image"},
		"bad":         {Status: Failure, Message: "The disk is full."},
		"interrupted": {Status: Failure, Message: Interrupted},
	} {
		t.Run(id, func(t *testing.T) {
			got := b.Find(id, now)
			if got == nil || got.Status != want.Status || got.Message != want.Message || got.ImageID != want.ImageID {
				t.Errorf("%+v", got)
			}
			expires := got.ExpiresMicros
			if expires < now+life.Microseconds() || b.Find(id, expires-1) == nil || b.Find(id, expires) != nil {
				t.Errorf("expires %d after %d", expires, now)
			}
			info, err := store.HeadObject(t.Context(), records.ObjectID(id), objstore.OpenOptions{})
			if err != nil || info.DeleteAt != expires/1e6 {
				t.Errorf("the Store deletes the record at %d, %v", info.DeleteAt, err)
			}
		})
	}
	if b.Find("unknown", now) != nil || len(b.List(now, func(*Task) bool { return true })) != 3 {
		t.Error("an unknown task is kept")
	}
}

// The row of a task tells its source to the task's project and to admins alone.
func TestRowsHideTheSource(t *testing.T) {
	task := &Task{Owner: "p", UserID: "u", Input: []byte(`{"uri": "secret"}`), Message: "m", RequestID: "r"}
	for name, c := range map[string]struct {
		task    *Task
		project string
		admin   bool
		shown   bool
	}{
		"the project":              {task, "p", false, true},
		"an admin":                 {task, "q", true, true},
		"another project":          {task, "q", false, false},
		"no project, and no owner": {&Task{UserID: "u", Input: task.Input}, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			row := c.task.RowView(c.project, c.admin)
			for _, key := range []string{"input", "user_id"} {
				if shown := row.Get(key) != nil; shown != c.shown {
					t.Errorf("%s is shown: %v", key, shown)
				}
			}
		})
	}
}

func TestPages(t *testing.T) {
	b := open(t, newStore(t))
	now := time.Now().UnixMicro()
	ids := make([]string, 4)
	for i := range ids {
		ids[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
		start(t, b, &Task{ID: ids[i], Type: TypeImport, CreatedMicros: now + int64(i), UpdatedMicros: now - int64(i)})
	}
	if err := b.End(t.Context(), ids[1], "failed", now); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"":                                 "3 2 1 0",
		"sort_dir=asc":                     "0 1 2 3",
		"sort_key=id&sort_dir=asc":         "0 1 2 3",
		"limit=2":                          "3 2",
		"limit=2&marker=" + ids[2]:         "1 0",
		"status=failure":                   "1",
		"status=processing":                "3 2 0",
		"status=pending":                   "",
		"sort_key=updated_at&sort_dir=asc": "3 2 0 1",
		"type=import&limit=1":              "3",
	} {
		t.Run(query, func(t *testing.T) {
			q, err := ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			page, err := q.Page(b, now)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, task := range page {
				got = append(got, fmt.Sprint(slices.Index(ids, task.ID)))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("lists %v, want %s", got, want)
			}
		})
	}
	q, err := ParseQuery("marker=00000000-0000-4000-8000-000000000009")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Page(b, now); status(err) != 400 {
		t.Errorf("an unknown marker: %v", err)
	}
}

func TestQueriesAreChecked(t *testing.T) {
	for _, query := range []string{"marker=x", "status=lost", "type=lost", "sort_key=magic", "sort_dir=up", "limit=x"} {
		t.Run(query, func(t *testing.T) {
			if _, err := ParseQuery(query); status(err) != 400 {
				t.Errorf("%v", err)
			}
		})
	}
}
