package containersync

import (
	"context"
	"errors"
	"strings"
	"time"

	"needletail/objstore"
)

// session is one container's turn in a pass.
type session struct {
	w      *Worker
	id     objstore.ContainerID
	peer   *peer
	report *Report
	stop   time.Time
}

func (s *session) over() bool { return !time.Now().Before(s.stop) }

// failed counts an error of one object, and returns it if others fare no
// better.
func (s *session) failed(what, name string, err error) error {
	if fatal(err) {
		return err
	}
	s.report.Failures++
	s.w.Log.Warn("container sync", "failed", what, "object", s.id.Object(objstore.ObjectName(name)).String(), "error", err)
	return nil
}

// deletions sends the marked ones.
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

// deletion sends one, unless the object is here, and says whether the mark has
// served.
func (s *session) deletion(ctx context.Context, name string, at objstore.Timestamp) (done bool, err error) {
	info, err := s.w.Store.HeadObject(ctx, s.id.Object(objstore.ObjectName(name)), objstore.OpenOptions{})
	switch {
	case err == nil:
		// It was put again, or the deletion is on its way, or it never was done.
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
// if it did not start there, and keeps how far it came.
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
				// Past the one that failed, so that it cannot hold up the rest.
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

// save keeps the position, if it is not what is kept already.
func (s *session) save(ctx context.Context, mark objstore.ObjectID, position string) error {
	info, err := s.w.Store.HeadObject(ctx, mark, objstore.OpenOptions{})
	if err != nil || info.Metadata.Get(positionField) == position {
		return err
	}
	_, err = s.w.Store.PostObject(ctx, mark, objstore.PostOptions{Metadata: objstore.Metadata{{Name: positionField, Value: position}}})
	return err
}

// object sends one of ours if the other end has none as new.
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
