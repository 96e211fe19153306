// SPDX-License-Identifier: Apache-2.0

package recordbook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"needletail/objstore"
	"needletail/objstore/memstore"
)

type note struct {
	Version int    `json:"version"`
	ID      string `json:"id"`
	Owner   string `json:"owner"`
	Text    string `json:"text"`
}

func noteKind() Kind[note] {
	return Kind[note]{
		Container: "notes",
		Name:      func(n *note) string { return n.ID },
		Check: func(n *note) error {
			if n.Version != 1 {
				return fmt.Errorf("version %d", n.Version)
			}
			return nil
		},
		Weigh: func(n *note) (string, int64) { return n.Owner, int64(len(n.Text)) },
	}
}

// failing is a Store whose operations fail as its fields say; nil lets an
// operation pass.
type failing struct {
	objstore.Store
	write error
	open  func(objstore.ObjectID) error
}

func (f *failing) PutObject(ctx context.Context, id objstore.ObjectID, body io.Reader, o objstore.PutOptions) (objstore.ObjectInfo, error) {
	if f.write != nil {
		return objstore.ObjectInfo{}, f.write
	}
	return f.Store.PutObject(ctx, id, body, o)
}

func (f *failing) DeleteObject(ctx context.Context, id objstore.ObjectID, o objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	if f.write != nil {
		return objstore.ObjectInfo{}, f.write
	}
	return f.Store.DeleteObject(ctx, id, o)
}

func (f *failing) OpenObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	if f.open != nil {
		if err := f.open(id); err != nil {
			return nil, err
		}
	}
	return f.Store.OpenObject(ctx, id, o)
}

func newStore(t *testing.T) *failing {
	t.Helper()
	store := memstore.New(memstore.Options{})
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return &failing{Store: store}
}

func newBook(t *testing.T, store objstore.Store) *Book[note] {
	t.Helper()
	b := New(store, noteKind(), slog.New(slog.DiscardHandler))
	if err := b.Load(t.Context(), func(*note) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return b
}

func ids(b *Book[note]) []string {
	var list []string
	for _, n := range b.List(func(*note) bool { return true }) {
		list = append(list, n.ID)
	}
	slices.Sort(list)
	return list
}

func TestRecordsOutliveTheBook(t *testing.T) {
	store := newStore(t)
	b := newBook(t, store)
	for _, id := range []string{"a", "b", "c"} {
		if err := b.Put(t.Context(), &note{Version: 1, ID: id, Text: "first"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Put(t.Context(), &note{Version: 1, ID: "b", Text: "second"}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time the record is absent
		if err := b.Drop(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	for name, b := range map[string]*Book[note]{"in memory": b, "in the Store": newBook(t, store)} {
		t.Run(name, func(t *testing.T) {
			if got := ids(b); !slices.Equal(got, []string{"b", "c"}) || b.Len() != 2 {
				t.Errorf("%v, %d records", got, b.Len())
			}
			if b.Get("a") != nil || b.Get("b").Text != "second" {
				t.Errorf("a is %v, b is %v", b.Get("a"), b.Get("b"))
			}
		})
	}
}

func TestCreateDoesNotReplace(t *testing.T) {
	store := newStore(t)
	if err := newBook(t, store).Create(t.Context(), &note{Version: 1, ID: "a"}); err != nil {
		t.Fatal(err)
	}
	b := New(store, noteKind(), slog.New(slog.DiscardHandler)) // knows no record
	if err := b.Create(t.Context(), &note{Version: 1, ID: "a", Text: "other"}); !errors.Is(err, objstore.KindPrecondition) {
		t.Errorf("%v", err)
	}
	if b.Get("a") != nil || newBook(t, store).Get("a").Text != "" {
		t.Error("the record was replaced")
	}
}

// A record is shown and forgotten only after the Store has agreed.
func TestTheStoreComesFirst(t *testing.T) {
	store := newStore(t)
	b := newBook(t, store)
	if err := b.Put(t.Context(), &note{Version: 1, ID: "a", Text: "first"}); err != nil {
		t.Fatal(err)
	}
	store.write = &objstore.Error{Kind: objstore.KindUnavailable, Op: "test"}
	if err := b.Put(t.Context(), &note{Version: 1, ID: "a", Text: "second"}); !errors.Is(err, objstore.KindUnavailable) {
		t.Errorf("Put: %v", err)
	}
	if err := b.Create(t.Context(), &note{Version: 1, ID: "b"}); !errors.Is(err, objstore.KindUnavailable) {
		t.Errorf("Create: %v", err)
	}
	if err := b.Drop(t.Context(), "a"); !errors.Is(err, objstore.KindUnavailable) {
		t.Errorf("Drop: %v", err)
	}
	if got := ids(b); !slices.Equal(got, []string{"a"}) || b.Get("a").Text != "first" {
		t.Errorf("memory holds %v, %v", got, b.Get("a"))
	}
}

func TestALongRecordIsNotWritten(t *testing.T) {
	b := newBook(t, newStore(t))
	n := &note{Version: 1, ID: "a"}
	empty, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	n.Text = strings.Repeat("x", MaxRecordBytes-len(empty))
	if err := b.Put(t.Context(), n); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	longer := &note{Version: 1, ID: "b", Text: n.Text + "x"}
	if err := b.Put(t.Context(), longer); !errors.Is(err, ErrTooLong) || b.Get("b") != nil {
		t.Errorf("a byte more: %v", err)
	}
}

// The sums follow each change exactly, and an owner without records is not kept.
func TestRecordsAreWeighed(t *testing.T) {
	b := New(nil, noteKind(), nil)
	check := func(step string, wantOwned, wantTotal int64) {
		t.Helper()
		if owned, total := b.Sums("x"); owned != wantOwned || total != wantTotal {
			t.Errorf("%s: %d and %d bytes, want %d and %d", step, owned, total, wantOwned, wantTotal)
		}
	}
	check("empty", 0, 0)
	b.Show(&note{ID: "a", Owner: "x", Text: "12345"})
	b.Show(&note{ID: "b", Owner: "y", Text: "123"})
	check("two records", 5, 8)
	b.Show(&note{ID: "a", Owner: "x", Text: "1"})
	check("a shorter text", 1, 4)
	b.Show(&note{ID: "a", Owner: "y", Text: "1"})
	check("another owner", 0, 4)
	if len(b.owned) != 1 {
		t.Errorf("owners %v", b.owned)
	}
	b.Forget("absent")
	b.Forget("a")
	b.Forget("b")
	check("nothing is left", 0, 0)
	if len(b.owned) != 0 {
		t.Errorf("owners %v", b.owned)
	}
}

func TestLoadVisitsEveryPage(t *testing.T) {
	store := newStore(t)
	b := newBook(t, store)
	for i := range pageRecords + 1 {
		if err := b.Put(t.Context(), &note{Version: 1, ID: fmt.Sprintf("%04d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	again := New(store, noteKind(), slog.New(slog.DiscardHandler))
	err := again.Load(t.Context(), func(n *note) error {
		if again.Get(n.ID) != n {
			t.Errorf("%s is visited before it is shown", n.ID)
		}
		seen = append(seen, n.ID)
		return nil
	})
	if err != nil || len(seen) != pageRecords+1 || !slices.IsSorted(seen) {
		t.Errorf("%d records, %v", len(seen), err)
	}
	stop := errors.New("stop")
	if err := again.Load(t.Context(), func(*note) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the visit: %v", err)
	}
}

// A record that cannot be understood is logged, stays in the Store and does not
// keep the rest away; a Store that does not answer ends Load.
func TestLoadAfterDamage(t *testing.T) {
	corrupt := &objstore.Error{Kind: objstore.KindCorrupt, Op: "test"}
	missing := &objstore.Error{Kind: objstore.KindNotFound, Op: "test"}
	away := &objstore.Error{Kind: objstore.KindUnavailable, Op: "test"}
	for name, c := range map[string]struct {
		body    string
		open    error
		expires bool
		logged  bool
		err     error
	}{
		"no JSON":                      {body: "{", logged: true},
		"an array":                     {body: "[1]", logged: true},
		"another version":              {body: `{"version": 2, "id": "bad"}`, logged: true},
		"another name":                 {body: `{"version": 1, "id": "good"}`, logged: true},
		"too long":                     {body: strings.Repeat(" ", MaxRecordBytes+1), logged: true},
		"a damaged object":             {open: corrupt, logged: true},
		"a missing object":             {open: missing, logged: true},
		"a record that has expired":    {open: missing, expires: true},
		"a Store that does not answer": {open: away, err: away},
	} {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			if err := newBook(t, store).Put(t.Context(), &note{Version: 1, ID: "good"}); err != nil {
				t.Fatal(err)
			}
			kind := noteKind()
			if c.expires {
				kind.DeleteAt = func(*note) int64 { return 0 }
			}
			bad := kind.ObjectID("bad")
			_, err := store.PutObject(t.Context(), bad, strings.NewReader(c.body), objstore.PutOptions{SizeBytes: int64(len(c.body))})
			if err != nil {
				t.Fatal(err)
			}
			store.open = func(id objstore.ObjectID) error {
				if id == bad {
					return c.open
				}
				return nil
			}
			var log bytes.Buffer
			b := New(store, kind, slog.New(slog.NewTextHandler(&log, nil)))
			if err := b.Load(t.Context(), func(*note) error { return nil }); !errors.Is(err, c.err) {
				t.Errorf("Load: %v", err)
			}
			if c.err == nil && !slices.Equal(ids(b), []string{"good"}) {
				t.Errorf("records %v", ids(b))
			}
			if logged := strings.Contains(log.String(), "record=bad"); logged != c.logged {
				t.Errorf("logged: %v, %s", logged, log.String())
			}
			if _, err := store.HeadObject(t.Context(), bad, objstore.OpenOptions{}); err != nil {
				t.Errorf("the object: %v", err)
			}
		})
	}
}

func TestRecordsExpire(t *testing.T) {
	store := newStore(t)
	kind := noteKind()
	const far = 1 << 33
	kind.DeleteAt = func(*note) int64 { return far }
	b := New(store, kind, slog.New(slog.DiscardHandler))
	if err := b.Put(t.Context(), &note{Version: 1, ID: "a"}); err != nil {
		t.Fatal(err)
	}
	info, err := store.HeadObject(t.Context(), kind.ObjectID("a"), objstore.OpenOptions{})
	if err != nil || info.DeleteAt != far {
		t.Errorf("%+v, %v", info, err)
	}
}

// Changes of a record that hold its lock lose nothing.
func TestLockOrdersChanges(t *testing.T) {
	b := newBook(t, newStore(t))
	b.Show(&note{Version: 1, ID: "a"})
	const changes = 50
	var all sync.WaitGroup
	for range changes {
		all.Go(func() {
			defer b.Lock("a")()
			n := *b.Get("a")
			n.Text += "x"
			if err := b.Put(t.Context(), &n); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(b.Get("a").Text); n != changes {
		t.Errorf("%d of %d changes", n, changes)
	}
}

func TestRecordsAreHidden(t *testing.T) {
	if !Account.Hidden() {
		t.Errorf("a client can name %q", Account)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"version": 1, "id": "a", "text": "t"}`))
	f.Add([]byte(`{"version": 1, "id": "b"}`))
	f.Add([]byte(`null`))
	kind := noteKind()
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := kind.Decode("a", body)
		if (err == nil) != (n != nil) || err != nil && !errors.Is(err, errUnreadable) {
			t.Fatalf("%v, %v", n, err)
		}
		if n != nil && (n.ID != "a" || n.Version != 1) {
			t.Fatalf("%+v", n)
		}
	})
}
