// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"needletail/objstore"
)

// Defaults of WorkerConfig; the first two are Swift's.
const (
	DefaultInterval         = 300 * time.Second
	DefaultContainerTime    = 60 * time.Second
	DefaultObjectsPerSecond = 50.0
)

const (
	// localPage is the number of names of ours looked at between two saves of
	// the position.
	localPage = 500
	// intentAge is the age of a mark from which a present object means that the
	// deletion failed.
	intentAge = time.Hour
)

// WorkerConfig configures a Worker; zero durations and rates stand for the
// defaults.
type WorkerConfig struct {
	// Store is the store below Record, or the store that Record returned.
	Store         objstore.Store
	Realms        *Realms
	Log           *slog.Logger
	Interval      time.Duration // from the start of a pass to the next
	ContainerTime time.Duration // after it no further object of a container is sent
	// ObjectsPerSecond bounds the requests that change something.
	ObjectsPerSecond float64
}

// Worker sends the changes of synced containers. A store has one Worker at a
// time.
type Worker struct {
	WorkerConfig
	client  *http.Client
	limiter *rate.Limiter
}

// NewWorker makes a worker; nothing runs before Run or Pass.
func NewWorker(c WorkerConfig) *Worker {
	if c.Interval <= 0 {
		c.Interval = DefaultInterval
	}
	if c.ContainerTime <= 0 {
		c.ContainerTime = DefaultContainerTime
	}
	if c.ObjectsPerSecond <= 0 {
		c.ObjectsPerSecond = DefaultObjectsPerSecond
	}
	if r, ok := c.Store.(*recorder); ok {
		c.Store = r.Store
	}
	return &Worker{WorkerConfig: c, client: newClient(), limiter: rate.NewLimiter(rate.Limit(c.ObjectsPerSecond), 1)}
}

// Report counts the work of a pass. Failures are objects, deletions or
// containers for the next pass.
type Report struct{ Containers, Puts, Deletes, Failures int }

// ErrShared refuses to work on a store that Swift's own daemon synchronises.
var ErrShared = errors.New("the cluster's own container-sync daemon sends the changes")

// Run makes passes until ctx ends. Over a store with Swift's layout Run returns
// at once.
func (w *Worker) Run(ctx context.Context) {
	if w.Store.Guarantees().SwiftLayout {
		w.Log.Info("container sync does not run", "reason", ErrShared)
		return
	}
	defer w.client.CloseIdleConnections()
	for ctx.Err() == nil {
		next := time.NewTimer(w.Interval)
		report, err := w.Pass(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			w.Log.Error("container sync", "error", err)
		case report != (Report{}):
			w.Log.Info("container sync", "containers", report.Containers, "puts", report.Puts,
				"deletes", report.Deletes, "failures", report.Failures)
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
		}
	}
}

// Pass looks at every synced container once. The error is the store's; errors
// of single containers are logged and counted.
func (w *Worker) Pass(ctx context.Context) (Report, error) {
	var report Report
	if w.Store.Guarantees().SwiftLayout {
		return report, ErrShared
	}
	for marker := ""; ; {
		marks, err := w.names(ctx, syncedMarks, objstore.ListOptions{Limit: localPage, Marker: marker})
		if err != nil || len(marks) == 0 {
			return report, err
		}
		for _, m := range marks {
			if ctx.Err() != nil {
				return report, ctx.Err()
			}
			marker = m.name
			account, container, _ := strings.Cut(m.name, "/")
			id := objstore.ContainerID{Account: objstore.AccountName(account), Container: objstore.ContainerName(container)}
			if err := w.container(ctx, id, &report); err != nil {
				report.Failures++
				w.Log.Warn("container sync", "container", id.String(), "error", err)
			}
		}
	}
}

// names is a page of a container's objects; empty if there is no container.
func (w *Worker) names(ctx context.Context, c objstore.ContainerID, o objstore.ListOptions) (list []listed, err error) {
	err = w.Store.ListObjects(ctx, c, o, func(e *objstore.ObjectEntry) error {
		list = append(list, listed{e.Name, e.Modified})
		return nil
	})
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound) {
		err = nil
	}
	return list, err
}

// container brings the far end of a container up to date, as far as its time
// goes.
func (w *Worker) container(ctx context.Context, id objstore.ContainerID, report *Report) error {
	mark := containerMark(id)
	seen, err := w.Store.HeadObject(ctx, mark, objstore.OpenOptions{})
	if err != nil {
		return err
	}
	info, err := w.Store.HeadContainer(ctx, id, objstore.InfoOptions{})
	if err != nil && !errors.Is(err, objstore.KindNotFound) && !errors.Is(err, objstore.KindContainerNotFound) {
		return err
	}
	if info.Metadata.Get(toHeader) == "" {
		return w.forget(ctx, id, mark, seen.Modified)
	}
	userKey := info.Metadata.Get(keyHeader)
	if userKey == "" {
		return nil // as in Swift, it is not ready yet
	}
	to, err := w.Realms.resolve(info.Metadata.Get(toHeader))
	if err != nil {
		return err
	}
	report.Containers++
	s := &session{w: w, id: id, report: report, stop: time.Now().Add(w.ContainerTime),
		peer: &peer{target: to, userKey: userKey, client: w.client}}
	if err := s.deletions(ctx); err != nil {
		return err
	}
	return s.objects(ctx, mark, seen.Metadata.Get(positionField))
}

// forget drops the marks of a container without sync. A container marked a
// moment ago may be about to be synced.
func (w *Worker) forget(ctx context.Context, id objstore.ContainerID, mark objstore.ObjectID, at objstore.Timestamp) error {
	if time.Since(at.Time()) < intentAge {
		return nil
	}
	prefix := strings.TrimPrefix(id.String(), "/") + "/"
	for {
		marks, err := w.names(ctx, deletionMarks, objstore.ListOptions{Limit: localPage, Prefix: prefix})
		if err != nil {
			return err
		}
		if len(marks) == 0 {
			return dropMark(ctx, w.Store, mark, at)
		}
		for _, m := range marks {
			if err := dropMark(ctx, w.Store, deletionMarks.Object(objstore.ObjectName(m.name)), m.modified); err != nil {
				return err
			}
		}
	}
}
