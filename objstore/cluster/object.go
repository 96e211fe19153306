// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/verdict"
	"needletail/objstore/cluster/wire"
)

func onObject(op string, id objstore.ObjectID) call { return call{op, id.String()} }

func (s *Store) beginObject(c call, id objstore.ObjectID) error {
	return s.begin(c, string(id.Account), string(id.Container), string(id.Object))
}

// place is where an object lies, and where its row goes.
type place struct {
	object *target
	row    rowTarget
}

// placeWrite finds the policy of an object's container. A write needs the
// container.
func (s *Store) placeWrite(ctx context.Context, c call, id objstore.ObjectID) (place, error) {
	container, err := s.containerInfo(ctx, c, id.ContainerID(), cached)
	switch {
	case errors.Is(err, objstore.KindNotFound):
		return place{}, c.fail(objstore.KindContainerNotFound, nil)
	case err != nil:
		return place{}, err
	}
	t, err := s.placeObject(c, id, container.info.Policy)
	if err != nil {
		return place{}, err
	}
	return place{object: t, row: s.rowTargetOf(ctx, c, id, stateOf(container))}, nil
}

// stateOf is the state of sharding; a server before sharding tells none.
func stateOf(a containerAnswer) string {
	if a.state == "" {
		return "unsharded"
	}
	return a.state
}

// placeRead finds the policy for a read. Without a container the policy is 0, as
// in Swift: the objects of a deleted container may still be there
// (swift/proxy/controllers/base.py: container_info).
func (s *Store) placeRead(ctx context.Context, c call, id objstore.ObjectID) (*target, error) {
	container, err := s.containerInfo(ctx, c, id.ContainerID(), cached)
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return nil, err
	}
	return s.placeObject(c, id, container.info.Policy)
}

// placeObject refuses policies that this Store cannot serve.
func (s *Store) placeObject(c call, id objstore.ObjectID, policy objstore.PolicyIndex) (*target, error) {
	t, ok := s.objectTarget(id, policy)
	if !ok {
		return nil, c.fail(objstore.KindUnavailable, fmt.Errorf("%w: index %d", errUnknownPolicy, policy))
	}
	code := s.codings[policy]
	if code.err != nil {
		return nil, c.fail(objstore.KindUnavailable, code.err)
	}
	t.code = code.coding
	return t, nil
}

// HeadObject reports an object.
func (s *Store) HeadObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.ObjectInfo, error) {
	c := onObject("head object", id)
	if err := s.beginObject(c, id); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer s.end()
	t, err := s.placeRead(ctx, c, id)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	a, err := s.headObject(ctx, c, t, &o)
	return a.info, err
}

// headObject asks the servers.
func (s *Store) headObject(ctx context.Context, c call, t *target, o *objstore.OpenOptions) (objectAnswer, error) {
	r := &request{target: t, method: "HEAD"}
	src, bad := s.newFinder(r, openHeader(s.header(ctx), o, t.policy)).find(ctx)
	if src == nil {
		return objectAnswer{}, s.refusal(ctx, c, r, bad)
	}
	defer src.close()
	size := int64(0) // an archive's head tells the size of the object
	if r.code == nil {
		var err error
		if size, err = contentLength(src.Header); err != nil {
			return objectAnswer{}, unreadable(c, r, src.node, src.Status, err)
		}
	}
	return s.readHead(c, r, src.node, src.Response, size)
}

// PostObject replaces the metadata of an object. The answer is what the servers
// tell: the content type and the sysmeta.
func (s *Store) PostObject(ctx context.Context, id objstore.ObjectID, o objstore.PostOptions) (objstore.ObjectInfo, error) {
	c := onObject("post object", id)
	if err := s.beginObject(c, id); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer s.end()
	p, err := s.placeWrite(ctx, c, id)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	at := internaltime.Of(s.clock.Now())
	r := &request{target: p.object, method: "POST"}
	n := r.primaries()
	heads := s.objectHeads(postHeader(s.header(ctx), s.sealedPost(id, &o), at, r.policy), n, r.putQuorum(), r.target, p.row, o.DeleteAt)
	got := s.post(ctx, r, heads)
	if got.status == statusNotFound && o.AllowExpired && o.DeleteAt == 0 {
		got = s.postExpired(ctx, r, heads)
	}
	if !success(got) {
		return objstore.ObjectInfo{}, s.refusal(ctx, c, r, got)
	}
	return postedInfo(r.account, &o, at, s.postedHead(r.target, got.header)), nil
}

// postExpired is a POST to an expired object on servers of Swift 2.30, which
// open such an object for a replicator alone. They leave the expirer's queue
// alone then: the expirer finds the old row later, and no such time.
func (s *Store) postExpired(ctx context.Context, r *request, heads []wire.Header) *answer {
	again := make([]wire.Header, len(heads))
	for i := range heads {
		again[i] = heads[i].Clone() // a straggler may still send the first
		again[i].Set("X-Backend-Replication", "true")
	}
	return s.post(ctx, r, again)
}

// post asks the primaries, and then as many handoffs as there are primaries
// without the object, if others have the object
// (swift/proxy/controllers/obj.py: _post_object).
func (s *Store) post(ctx context.Context, r *request, heads []wire.Header) *answer {
	it := s.iter(r.target, nodes.AnyRegion)
	w := s.write(ctx, r, it, heads)
	if extra := w.PostHandoffs(); extra > 0 && ctx.Err() == nil {
		s.writeHandoffs(ctx, r, w, it.Handoffs(extra), heads)
	}
	return w.best(w.BestPost(int(r.ring.Replicas())))
}

// postedInfo is an object after a POST, as far as the answer tells.
func postedInfo(account string, o *objstore.PostOptions, at internaltime.Time, h wire.Header) objstore.ObjectInfo {
	i := objstore.ObjectInfo{Modified: at.Units, DeleteAt: o.DeleteAt, ContentType: o.ContentType}
	if i.ContentType == "" {
		i.ContentType = h.Get("X-Backend-Content-Type")
	}
	for _, f := range o.Metadata {
		if !anyPrefix(f.Name, objstore.SysmetaObject) {
			i.Metadata.Set(f.Name, f.Value)
		}
	}
	for _, f := range h {
		if name := titleName(f.Name); anyPrefix(name, objstore.SysmetaObject) && !isEC(name) {
			if name == sha512Name {
				i.SHA512 = f.Value
			} else {
				i.Metadata.Set(name, f.Value)
			}
		}
	}
	takeListing(account, &i)
	return i
}

// DeleteObject removes an object. The answer has the type of what was there.
func (s *Store) DeleteObject(ctx context.Context, id objstore.ObjectID, o objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	c := onObject("delete object", id)
	if err := s.beginObject(c, id); err != nil {
		return objstore.ObjectInfo{}, err
	}
	defer s.end()
	p, err := s.placeWrite(ctx, c, id)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	at := internaltime.Of(o.Timestamp)
	if o.Timestamp == 0 {
		at.Units = s.clock.Now()
	}
	r := &request{target: p.object, method: "DELETE"}
	n := r.primaries() + s.nodes.HandoffDeletes(r.walk(nodes.LocalHandoffs))
	heads := s.objectHeads(deleteHeader(s.header(ctx), &o, at, r.policy), n, r.putQuorum(), r.target, p.row, 0)
	w := s.write(ctx, r, s.iter(r.target, nodes.LocalHandoffs), heads)
	got := w.best(w.Best(verdict.DeleteOverrides))
	if !success(got) {
		return objstore.ObjectInfo{}, s.refusal(ctx, c, r, got)
	}
	info := objstore.ObjectInfo{Modified: at.Units}
	info.ContentType, info.Listing.SizeBytes = cutSwiftBytes(got.header.Get("X-Backend-Content-Type"))
	return info, nil
}
