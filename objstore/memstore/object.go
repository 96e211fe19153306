// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"cmp"
	"context"
	"io"
	"strings"
	"time"

	"needletail/objstore"
)

// object is a version of an object and never changes.
type object struct {
	info   objstore.ObjectInfo
	offset uint64 // of the time (PutOptions.TimestampOffset)
	body   []byte
}

// newer reports whether a write at the given time replaces the object.
func (s *Store) newer(o *object, at objstore.Timestamp, offset uint64) bool {
	last := o.info.Modified
	if !s.promises.CompareAtCommit {
		last = o.info.Created // swift/obj/server.py: PUT compares data_timestamp
	}
	return at > last || at == last && offset > o.offset
}

// expired is true from the second of DeleteAt on.
func (o *object) expired() bool {
	return o.info.DeleteAt != 0 && o.info.DeleteAt <= time.Now().Unix()
}

func (o *object) entry(name string) objstore.ObjectEntry {
	l, size := &o.info.Listing, o.info.SizeBytes
	if l.SizeBytes != nil {
		size = *l.SizeBytes
	}
	return objstore.ObjectEntry{
		Name: name, SizeBytes: size,
		ETag:        cmp.Or(l.ETag, o.info.ETag),
		ContentType: cmp.Or(l.ContentType, o.info.ContentType),
		Modified:    o.info.Modified, Extra: l.Extra.Clone(),
	}
}

func (s *Store) beginObject(op string, id objstore.ObjectID) (call, error) {
	c := call{op, id.String()}
	return c, s.begin(c, string(id.Account), string(id.Container), string(id.Object))
}

// stored finds an object, expired or not, or nil. The mutex is held.
func (s *Store) stored(id objstore.ObjectID) *object {
	cont := s.container(id.ContainerID())
	if cont == nil {
		return nil
	}
	return cont.objects[id.Object]
}

// live returns the stored object, and an expired object only if asked for.
func (s *Store) live(id objstore.ObjectID, allowExpired bool) *object {
	obj := s.stored(id)
	if obj == nil || obj.expired() && !allowExpired {
		return nil
	}
	return obj
}

// checkPut makes the checks of PutObject before the body and at the commit.
func (s *Store) checkPut(c call, id objstore.ObjectID, o objstore.PutOptions) error {
	if s.container(id.ContainerID()) == nil {
		return c.fail(objstore.KindContainerNotFound, nil)
	}
	if o.IfNoneMatch && s.live(id, false) != nil {
		return c.fail(objstore.KindPrecondition, nil)
	}
	old := s.stored(id)
	if o.Timestamp != 0 && old != nil && !s.newer(old, o.Timestamp, o.TimestampOffset) {
		return c.fail(objstore.KindConflict, nil)
	}
	return nil
}

// PutObject stores a body.
func (s *Store) PutObject(_ context.Context, id objstore.ObjectID, body io.Reader,
	o objstore.PutOptions) (objstore.ObjectInfo, error) {

	c, err := s.beginObject("put object", id)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	err = s.checkPut(c, id, o)
	began := s.clock.Now()
	s.mu.Unlock()
	if err == nil {
		err = s.checkStated(c, o)
	}
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	obj, err := c.readBody(body, o)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	i := &obj.info
	i.ContentType, i.DeleteAt = o.ContentType, o.DeleteAt
	i.Metadata, i.Listing = o.Metadata, o.Listing
	*i = clone(*i)
	if o.Finish != nil {
		if err := o.Finish(i); err != nil {
			return objstore.ObjectInfo{}, c.fail(objstore.KindInternal, err)
		}
	}
	if c, err = s.beginObject("put object", id); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer s.mu.Unlock()
	if s.promises.CompareAtCommit {
		if err := s.checkPut(c, id, o); err != nil {
			return objstore.ObjectInfo{}, err
		}
	}
	old := s.stored(id)
	switch {
	case o.Timestamp != 0:
		i.Created, obj.offset = o.Timestamp, o.TimestampOffset
	case s.promises.LastCommitWins:
		i.Created = s.after(old)
	default:
		i.Created = began
	}
	i.Modified = i.Created
	if old == nil || s.newer(old, i.Created, obj.offset) {
		if cont := s.container(id.ContainerID()); cont != nil {
			cont.set(id.Object, obj)
		}
	}
	return clone(*i), nil
}

// after returns the time of a change that replaces old, whose time may lie in
// the future.
func (s *Store) after(old *object) objstore.Timestamp {
	now := s.clock.Now()
	if old != nil {
		now = max(now, old.info.Modified+1)
	}
	return now
}

// clone copies everything that an ObjectInfo points to.
func clone(i objstore.ObjectInfo) objstore.ObjectInfo {
	i.Metadata = i.Metadata.Clone()
	i.Listing.Extra = i.Listing.Extra.Clone()
	if i.Listing.SizeBytes != nil {
		size := *i.Listing.SizeBytes
		i.Listing.SizeBytes = &size
	}
	return i
}

// HeadObject reports an object.
func (s *Store) HeadObject(_ context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.ObjectInfo, error) {
	obj, err := s.find("head object", id, o)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	return clone(obj.info), nil
}

func (s *Store) find(op string, id objstore.ObjectID, o objstore.OpenOptions) (*object, error) {
	c, err := s.beginObject(op, id)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	obj := s.live(id, o.AllowExpired)
	if obj == nil {
		return nil, c.fail(objstore.KindNotFound, nil)
	}
	return obj, nil
}

// PostObject replaces metadata; sysmeta and the listing's override stay.
func (s *Store) PostObject(_ context.Context, id objstore.ObjectID, o objstore.PostOptions) (objstore.ObjectInfo, error) {
	c, err := s.beginObject("post object", id)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer s.mu.Unlock()
	old := s.live(id, o.AllowExpired)
	if old == nil {
		return objstore.ObjectInfo{}, c.fail(objstore.KindNotFound, nil)
	}
	if err := s.checkDeleteAt(c, o.DeleteAt, 0); err != nil {
		return objstore.ObjectInfo{}, err
	}
	info := clone(old.info)
	info.Modified = s.after(old)
	info.ContentType = cmp.Or(o.ContentType, info.ContentType)
	info.DeleteAt = o.DeleteAt
	info.Metadata = nil
	for _, f := range o.Metadata {
		if !strings.HasPrefix(f.Name, objstore.SysmetaObject) {
			info.Metadata.Set(f.Name, f.Value)
		}
	}
	for _, f := range old.info.Metadata {
		if strings.HasPrefix(f.Name, objstore.SysmetaObject) {
			info.Metadata.Set(f.Name, f.Value)
		}
	}
	s.container(id.ContainerID()).set(id.Object, &object{info: info, offset: old.offset, body: old.body})
	return s.partial(clone(info)), nil
}

// DeleteObject removes an object. An expired object goes too, but only a caller
// with the right DeleteAt is told so (swift/obj/server.py DELETE).
func (s *Store) DeleteObject(_ context.Context, id objstore.ObjectID, o objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	c, err := s.beginObject("delete object", id)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer s.mu.Unlock()
	obj := s.stored(id)
	if obj == nil {
		return objstore.ObjectInfo{}, c.fail(objstore.KindNotFound, nil)
	}
	if o.IfDeleteAt != 0 && o.IfDeleteAt != obj.info.DeleteAt {
		return objstore.ObjectInfo{}, c.fail(objstore.KindPrecondition, nil)
	}
	if o.Timestamp != 0 && !s.newer(obj, o.Timestamp, 0) {
		return objstore.ObjectInfo{}, c.fail(objstore.KindConflict, nil)
	}
	s.container(id.ContainerID()).set(id.Object, nil)
	if obj.expired() && o.IfDeleteAt == 0 {
		return objstore.ObjectInfo{}, c.fail(objstore.KindNotFound, nil)
	}
	return s.partial(clone(obj.info)), nil
}
