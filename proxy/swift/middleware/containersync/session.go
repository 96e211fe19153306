// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"context"
	"errors"
	"strings"
	"time"

	"needletail/objstore"
)

// session is a container's turn in a pass.
type session struct {
	w      *Worker
	id     objstore.ContainerID
	peer   *peer
	report *Report
	stop   time.Time
}

func (s *session) over() bool { return !time.Now().Before(s.stop) }

// failed counts an error of an object, and returns the error if no further
// object can fare better.
func (s *session) failed(what, name string, err error) error {
	if fatal(err) {
		return err
	}
	s.report.Failures++
	s.w.Log.Warn("container sync", "failed", what, "object", s.id.Object(objstore.ObjectName(name)).String(), "error", err)
	return nil
}

// deletions sends the marked deletions.
func (s *session) deletions(ctx context.Context) error {
	prefix := strings.TrimPrefix(s.id.String(), "/") + "/"
	for marker := ""; ; {
		marks, err := s.w.names(ctx, deletionMarks, objstore.ListOptions{Limit: localPage, Prefix: prefix, Marker: marker})
		if err != nil || len(marks) == 0 {
			return err
		}
		for _, m := range marks {
			if s.over() {
				return nil
			}
			marker = m.name
			name := strings.TrimPrefix(m.name, prefix)
			done, err := s.deletion(ctx, name, m.modified)
			if err == nil && done {
				err = dropMark(ctx, s.w.Store, deletionMarks.Object(objstore.ObjectName(m.name)), m.modified)
			}
			if err != nil {
				if err := s.failed("delete", name, err); err != nil {
					return err
				}
			}
		}
	}
}

// deletion sends a deletion, unless the object is here, and reports whether the
// mark has served.
func (s *session) deletion(ctx context.Context, name string, at objstore.Timestamp) (done bool, err error) {
	info, err := s.w.Store.HeadObject(ctx, s.id.Object(objstore.ObjectName(name)), objstore.OpenOptions{})
	switch {
	case err == nil:
		// The object was put again, or the deletion is on its way, or the
		// deletion never took place.
		return info.Modified >= at || time.Since(at.Time()) > intentAge, nil
	case !errors.Is(err, objstore.KindNotFound):
		return false, err
	}
	if err := s.w.limiter.Wait(ctx); err != nil {
		return false, err
	}
	if err := s.peer.remove(ctx, name, at); err != nil {
		return false, err
	}
	s.report.Deletes++
	return true, nil
}

// objects compares the two listings from position on, then from the beginning
// if it did not start there, and keeps its position.
func (s *session) objects(ctx context.Context, mark objstore.ObjectID, position string) error {
	there, fromStart := &cursor{p: s.peer, marker: position}, position == ""
	for {
		list, err := s.w.names(ctx, s.id, objstore.ListOptions{Limit: localPage, Marker: position})
		if err != nil {
			return err
		}
		for _, l := range list {
			if s.over() {
				return s.save(ctx, mark, position)
			}
			if err := s.object(ctx, l, there); err != nil {
				// The next pass goes on past the failed object, so that the
				// object cannot hold up the rest.
				return errors.Join(err, s.save(ctx, mark, l.name))
			}
			position = l.name
		}
		last := len(list) < localPage
		if last {
			position = ""
		}
		if err := s.save(ctx, mark, position); err != nil || last && fromStart {
			return err
		}
		if last {
			there, fromStart = &cursor{p: s.peer}, true
		}
	}
}

// save keeps the position, unless the same position is kept already.
func (s *session) save(ctx context.Context, mark objstore.ObjectID, position string) error {
	info, err := s.w.Store.HeadObject(ctx, mark, objstore.OpenOptions{})
	if err != nil || info.Metadata.Get(positionField) == position {
		return err
	}
	_, err = s.w.Store.PostObject(ctx, mark, objstore.PostOptions{Metadata: objstore.Metadata{{Name: positionField, Value: position}}})
	return err
}

// object sends an object of ours if the far end has an older object, or no
// object.
func (s *session) object(ctx context.Context, l listed, there *cursor) error {
	modified, err := there.find(ctx, l.name)
	if err != nil || modified >= l.modified {
		return err
	}
	if err := s.w.limiter.Wait(ctx); err != nil {
		return err
	}
	if err := s.send(ctx, l.name); err != nil {
		return s.failed("put", l.name, err)
	}
	return nil
}

func (s *session) send(ctx context.Context, name string) error {
	obj, err := s.w.Store.OpenObject(ctx, s.id.Object(objstore.ObjectName(name)), objstore.OpenOptions{})
	if errors.Is(err, objstore.KindNotFound) {
		return nil // deleted since
	}
	if err != nil {
		return err
	}
	defer obj.Close()
	info := obj.Info()
	if _, link := info.Metadata.Lookup(versionLink); link {
		return nil
	}
	if err := s.peer.put(ctx, name, putHeader(info), info.SizeBytes, obj.Range(0, info.SizeBytes)); err != nil {
		return err
	}
	s.report.Puts++
	return nil
}
