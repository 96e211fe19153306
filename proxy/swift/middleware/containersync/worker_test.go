// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
)

// far is the other cluster: it holds names and answers PUTs as told.
type far struct {
	*httptest.Server
	names  []string // ascending
	status int      // of PUT and DELETE; 0 means 201 and 204
	got    []string // "METHOD path"
	pages  int      // listed
}

func newFar(t *testing.T) *far {
	f := &far{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "GET" {
			f.pages++
			q := r.URL.Query()
			limit, _ := strconv.Atoi(q.Get("limit"))
			var lines []string
			for _, n := range f.names {
				if n > q.Get("marker") && len(lines) < min(limit, 3) {
					lines = append(lines, `{"name":"`+n+`","last_modified":"2100-01-01T00:00:00.000000"}`)
				}
			}
			_, _ = io.WriteString(w, "["+strings.Join(lines, ",")+"]")
			return
		}
		f.got = append(f.got, r.Method+" "+r.URL.EscapedPath())
		_, _ = io.Copy(io.Discard, r.Body)
		status := map[string]int{"PUT": 201, "DELETE": 204}[r.Method]
		if f.status != 0 {
			status = f.status
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(f.Close)
	return f
}

var synced = objstore.ContainerID{Account: "a", Container: "s"}

// newWorker has container /a/s synced to the far end's /v1/a/c.
func newWorker(t *testing.T, f *far, names ...string) (*Worker, objstore.Store) {
	t.Helper()
	rs, err := NewRealms([]Realm{{Name: "us", Key: "rk", Clusters: map[string]string{"far": f.URL + "/v1"}}}, "")
	require.NoError(t, err)
	s := Record(newStore(t))
	_, err = s.PutContainer(t.Context(), synced, objstore.PutContainerOptions{MetadataUpdate: objstore.MetadataUpdate{Set: objstore.Metadata{
		{Name: keyHeader, Value: "uk"}, {Name: toHeader, Value: "//us/far/a/c"},
	}}})
	require.NoError(t, err)
	for _, n := range names {
		put(t, s, synced.Object(objstore.ObjectName(n)))
	}
	return NewWorker(WorkerConfig{Store: s, Realms: rs, Log: slog.New(slog.DiscardHandler), ObjectsPerSecond: 1e6}), s
}

func put(t *testing.T, s objstore.Store, id objstore.ObjectID) {
	t.Helper()
	_, err := s.PutObject(t.Context(), id, strings.NewReader("x"), objstore.PutOptions{SizeBytes: 1})
	require.NoError(t, err)
}

func pass(t *testing.T, w *Worker) Report {
	t.Helper()
	r, err := w.Pass(t.Context())
	require.NoError(t, err)
	return r
}

func TestOnlyWhatIsMissingIsSent(t *testing.T) {
	f := newFar(t)
	f.names = []string{"0", "b", "b1", "b2", "b3", "d", "e", "f", "z"}
	w, _ := newWorker(t, f, "a", "b", "c", "d", "g/ä", "z")
	require.Equal(t, Report{Containers: 1, Puts: 3}, pass(t, w))
	require.Equal(t, []string{"PUT /v1/a/c/a", "PUT /v1/a/c/c", "PUT /v1/a/c/g/%C3%A4"}, f.got)
	require.Equal(t, 3, f.pages)
}

// A pass that starts in the middle goes once around, and finds what is there.
func TestGoesAround(t *testing.T) {
	f := newFar(t)
	f.names, f.status = []string{"a", "c"}, 503
	w, s := newWorker(t, f, "a", "b", "c", "d")
	require.Equal(t, Report{Containers: 1, Failures: 1}, pass(t, w))
	f.status, f.got = 0, nil
	require.Equal(t, Report{Containers: 1, Puts: 3}, pass(t, w)) // d, and d and b from the beginning
	require.Equal(t, []string{"PUT /v1/a/c/d", "PUT /v1/a/c/b", "PUT /v1/a/c/d"}, f.got)
	_, err := s.HeadObject(t.Context(), containerMark(synced), objstore.OpenOptions{})
	require.NoError(t, err)
}

func TestNotReadyWithoutKey(t *testing.T) {
	f := newFar(t)
	w, s := newWorker(t, f, "a")
	require.NoError(t, s.PostContainer(t.Context(), synced, objstore.MetadataUpdate{Set: objstore.Metadata{{Name: keyHeader, Value: ""}}}))
	require.Equal(t, Report{}, pass(t, w))
	require.Zero(t, f.pages)
}

// Where the store's clock is ahead, a deletion is still newer than what it
// deletes; and what is put again is not deleted there.
func TestDeletionsAndClocks(t *testing.T) {
	f := newFar(t)
	w, s := newWorker(t, f)
	ahead := objstore.TimestampOf(time.Now().Add(time.Hour))
	id := synced.Object("o")
	_, err := s.PutObject(t.Context(), id, strings.NewReader(""), objstore.PutOptions{Timestamp: ahead})
	require.NoError(t, err)
	_, err = Record(cut{w.Store}).DeleteObject(t.Context(), id, objstore.DeleteOptions{})
	require.ErrorIs(t, err, objstore.KindUnavailable)
	mark, err := s.HeadObject(t.Context(), deletionMark(id), objstore.OpenOptions{})
	require.NoError(t, err)
	_, err = w.Store.DeleteObject(t.Context(), id, objstore.DeleteOptions{})
	require.NoError(t, err)
	require.Greater(t, mark.Modified, ahead)
	_, err = s.PutObject(t.Context(), id, strings.NewReader(""), objstore.PutOptions{Timestamp: mark.Modified})
	require.NoError(t, err)
	f.names = []string{"o"}
	require.Equal(t, Report{Containers: 1}, pass(t, w))
	_, err = s.HeadObject(t.Context(), deletionMark(id), objstore.OpenOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound)
	require.Empty(t, f.got)
}

// A failure for the object alone does not stop the rest; one for all does, and
// the next pass goes on after it, then comes back to it.
func TestFailures(t *testing.T) {
	f := newFar(t)
	f.status = 422
	w, s := newWorker(t, f, "a", "b", "c")
	require.Equal(t, Report{Containers: 1, Failures: 3}, pass(t, w))
	f.status, f.got = 503, nil
	require.Equal(t, Report{Containers: 1, Failures: 1}, pass(t, w))
	require.Equal(t, []string{"PUT /v1/a/c/a"}, f.got)
	mark, err := s.HeadObject(t.Context(), containerMark(synced), objstore.OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, "a", mark.Metadata.Get(positionField))
	f.status, f.got = 0, nil
	require.Equal(t, Report{Containers: 1, Puts: 5}, pass(t, w))
	require.Equal(t, []string{"PUT /v1/a/c/b", "PUT /v1/a/c/c", "PUT /v1/a/c/a"}, f.got[:3])
}

func TestTimeIsBounded(t *testing.T) {
	f := newFar(t)
	w, _ := newWorker(t, f, "a", "b")
	w.ContainerTime = -1
	require.Equal(t, Report{Containers: 1}, pass(t, w))
	require.Empty(t, f.got)
}

func TestDeletionsAreKeptUntilSent(t *testing.T) {
	f := newFar(t)
	w, s := newWorker(t, f, "a", "b")
	pass(t, w)
	f.names, f.got, f.status = []string{"a", "b"}, nil, 500
	_, err := s.DeleteObject(t.Context(), synced.Object("a"), objstore.DeleteOptions{})
	require.NoError(t, err)
	_, err = s.DeleteObject(t.Context(), synced.Object("a"), objstore.DeleteOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound)
	require.Equal(t, Report{Containers: 1, Failures: 1}, pass(t, w))
	f.status = 409
	require.Equal(t, Report{Containers: 1, Deletes: 1}, pass(t, w))
	require.Equal(t, Report{Containers: 1}, pass(t, w))
	require.Equal(t, []string{"DELETE /v1/a/c/a", "DELETE /v1/a/c/a"}, f.got)
}

// The mark of a deletion whose object is still there goes when it is old.
func TestOldIntentions(t *testing.T) {
	f := newFar(t)
	f.names = []string{"a"}
	w, s := newWorker(t, f)
	old := objstore.TimestampOf(time.Now().Add(-2 * intentAge))
	_, err := s.PutObject(t.Context(), synced.Object("a"), strings.NewReader(""), objstore.PutOptions{Timestamp: old - 1})
	require.NoError(t, err)
	mark := deletionMark(synced.Object("a"))
	require.NoError(t, putMark(t.Context(), w.Store, mark, objstore.PutOptions{Timestamp: old}))
	require.Equal(t, Report{Containers: 1}, pass(t, w))
	_, err = s.HeadObject(t.Context(), mark, objstore.OpenOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound)
	require.Empty(t, f.got)
}

func TestForget(t *testing.T) {
	f := newFar(t)
	w, s := newWorker(t, f)
	gone := objstore.ContainerID{Account: "a", Container: "gone"}
	old := objstore.TimestampOf(time.Now().Add(-2 * intentAge))
	require.NoError(t, putMark(t.Context(), w.Store, containerMark(gone), objstore.PutOptions{Timestamp: old}))
	require.NoError(t, putMark(t.Context(), w.Store, deletionMark(gone.Object("o")), objstore.PutOptions{}))
	fresh := objstore.ContainerID{Account: "a", Container: "fresh"}
	require.NoError(t, putMark(t.Context(), w.Store, containerMark(fresh), objstore.PutOptions{}))
	require.Equal(t, Report{Containers: 1}, pass(t, w))
	for id, want := range map[objstore.ObjectID]error{
		containerMark(gone): objstore.KindNotFound, deletionMark(gone.Object("o")): objstore.KindNotFound, containerMark(fresh): nil,
	} {
		_, err := s.HeadObject(t.Context(), id, objstore.OpenOptions{})
		require.ErrorIs(t, err, want, id)
	}
}

// A mark that has become newer is of another deletion.
func TestNewerMarksStay(t *testing.T) {
	s := newStore(t)
	mark := deletionMark(synced.Object("o"))
	require.NoError(t, putMark(t.Context(), s, mark, objstore.PutOptions{Timestamp: 10}))
	require.NoError(t, putMark(t.Context(), s, mark, objstore.PutOptions{Timestamp: 7}))
	require.NoError(t, dropMark(t.Context(), s, mark, 9))
	_, err := s.HeadObject(t.Context(), mark, objstore.OpenOptions{})
	require.NoError(t, err)
	require.NoError(t, dropMark(t.Context(), s, mark, 10))
	require.NoError(t, dropMark(t.Context(), s, mark, 10))
	_, err = s.HeadObject(t.Context(), mark, objstore.OpenOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound)
}

func TestRunEnds(t *testing.T) {
	f := newFar(t)
	w, s := newWorker(t, f, "a")
	ctx, cancel := context.WithCancel(t.Context())
	w.Interval = time.Millisecond
	w.Store = notify{s, func() { cancel() }}
	w.Run(ctx) // ends, since the second look at the marks cancels it
	require.Equal(t, []string{"PUT /v1/a/c/a"}, f.got)
}

// notify calls seen when the marks are listed past the first page.
type notify struct {
	objstore.Store
	seen func()
}

func (n notify) ListObjects(ctx context.Context, c objstore.ContainerID, o objstore.ListOptions, visit func(*objstore.ObjectEntry) error) error {
	if c == syncedMarks && o.Marker != "" {
		n.seen()
	}
	return n.Store.ListObjects(ctx, c, o, visit)
}

func TestBadListings(t *testing.T) {
	const ok = `{"name":"b","last_modified":"2026-10-02T09:41:59.123450"}`
	list, err := parseListing([]byte("["+ok+"]"), "a")
	require.NoError(t, err)
	require.Equal(t, "b", list[0].name)
	require.Equal(t, "2026-10-02T09:41:59.123450", string(list[0].modified.AppendISO(nil)))
	for _, text := range []string{"", "{}", "[" + ok + "," + ok + "]", `[{"name":"a","last_modified":"2026-10-02T09:41:59"}]`,
		`[{"name":"c","last_modified":"yesterday"}]`, `[{"subdir":"x/"}]`} {
		_, err := parseListing([]byte(text), "a")
		require.ErrorIs(t, err, errListing, text)
	}
	_, err = parseListing(make([]byte, maxListingBytes+1), "")
	require.ErrorIs(t, err, errListing)
}

func FuzzParseListing(f *testing.F) {
	f.Add([]byte(`[{"name":"b","last_modified":"2026-10-02T09:41:59.123450"}]`), "a")
	f.Add([]byte(`[{"name":""}]`), "")
	f.Fuzz(func(t *testing.T, text []byte, marker string) {
		list, err := parseListing(text, marker)
		if err != nil && !errors.Is(err, errListing) {
			t.Fatal(err)
		}
		for _, l := range list {
			require.Greater(t, l.name, marker)
			marker = l.name
		}
	})
}

// cut ends before a deletion, as a process may.
type cut struct{ objstore.Store }

func (cut) DeleteObject(context.Context, objstore.ObjectID, objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	return objstore.ObjectInfo{}, &objstore.Error{Kind: objstore.KindUnavailable}
}

func TestMarksAreHidden(t *testing.T) {
	if !markAccount.Hidden() {
		t.Errorf("a client can name %q", markAccount)
	}
}

// Over a store that Swift's own daemon synchronises nothing is marked and
// nothing is sent.
func TestSharedStoreIsNotSynced(t *testing.T) {
	f := newFar(t)
	shared := memstore.New(memstore.Options{Guarantees: &objstore.Guarantees{SwiftLayout: true}})
	require.Same(t, shared, Record(shared))
	w, _ := newWorker(t, f)
	w.Store = shared
	w.Run(t.Context())
	_, err := w.Pass(t.Context())
	require.ErrorIs(t, err, ErrShared)
	w.Store = newStore(t)
	_, err = w.Pass(t.Context())
	require.NoError(t, err)
}
