// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"

	"needletail/objstore"
)

// page is a part of a listing that the servers give at once.
type page struct {
	limit int // entries asked for
	count int // entries that came
	last  string
	// subdir says that the last entry is a subdir.
	subdir bool
}

// eachPage asks for pages until limit entries came, or a page was not full.
// Servers refuse a limit above their own (swift/common/constraints.py).
func eachPage(o objstore.ListOptions, most int, ask func(o objstore.ListOptions, p *page) error) error {
	for o.Limit > 0 {
		p := page{limit: min(o.Limit, most)}
		if err := ask(o, &p); err != nil {
			return err
		}
		if p.count < p.limit {
			return nil
		}
		o.Limit, o.Marker = o.Limit-p.count, p.last
	}
	return nil
}

// listed turns an error of eachRow into an error of the Store. An error of the
// caller's visit stays as the error is.
func (s *Store) listed(ctx context.Context, c call, r *request, src *source, err error) error {
	var visited *visitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &visited):
		return visited.err
	case ctx.Err() != nil:
		return c.fail(objstore.KindUnavailable, context.Cause(ctx))
	}
	s.bodyFailed(r, src, err)
	return c.fail(objstore.KindUnavailable, &answerError{src.node.String(), r.method, src.Status, err.Error()})
}

// eachRowOf decodes the listing of an answer. Nothing is listed by 204.
func eachRowOf[T any](src *source, visit func(*T) error) error {
	if src.Status == statusNoContent {
		return nil
	}
	return eachRow(src.Body, visit)
}

// bodyFailed counts a broken body against its node.
func (s *Store) bodyFailed(r *request, src *source, err error) {
	s.metrics.BodyFailed(r.server, src.node.Address(), src.node.Device.Device)
	s.failed(r, src.node, err)
}

// ListContainers lists a part of an account.
func (s *Store) ListContainers(ctx context.Context, a objstore.AccountName, o objstore.ListOptions,
	visit func(*objstore.ContainerEntry) error) error {

	c := onAccount("list containers", a)
	if err := s.begin(c, string(a)); err != nil {
		return err
	}
	defer s.end()
	if o.Limit <= 0 {
		_, err := s.account(ctx, c, a, cached)
		return err
	}
	return eachPage(o, s.dir.Config().Constraints.AccountListingLimit, func(o objstore.ListOptions, p *page) error {
		r := &request{target: s.accountTarget(a), method: "GET", query: listQuery(o, p.limit)}
		src, err := s.openListing(ctx, c, r, &o)
		if err != nil {
			return err
		}
		defer src.close()
		return s.listed(ctx, c, r, src, eachRowOf(src, func(row *containerRow) error {
			e, err := row.entry(s.policies)
			if err != nil {
				return &visitError{c.fail(objstore.KindInternal, err)}
			}
			p.count, p.last = p.count+1, e.Name
			return visit(&e)
		}))
	})
}

// openListing asks for a page. The servers leave out the names of Swift's
// features without the header (swift/common/request_helpers.py:
// get_reserved_name).
func (s *Store) openListing(ctx context.Context, c call, r *request, o *objstore.ListOptions) (*source, error) {
	h := s.infoHeader(ctx, o.Newest)
	if o.Reserved {
		h.Set("X-Backend-Allow-Reserved-Names", "true")
	}
	src, bad := s.newFinder(r, h).find(ctx)
	if src == nil {
		return nil, s.refusal(ctx, c, r, bad)
	}
	return src, nil
}

// ListObjects lists a part of a container.
func (s *Store) ListObjects(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions,
	visit func(*objstore.ObjectEntry) error) error {

	c := onContainer("list objects", id)
	if err := s.beginContainer(c, id); err != nil {
		return err
	}
	defer s.end()
	if o.Limit <= 0 {
		_, err := s.containerInfo(ctx, c, id, cached)
		return err
	}
	return eachPage(o, s.dir.Config().Constraints.ContainerListingLimit, func(o objstore.ListOptions, p *page) error {
		return s.objectPage(ctx, c, id, o, p, visit)
	})
}

// objectPage lists a page of a container.
func (s *Store) objectPage(ctx context.Context, c call, id objstore.ContainerID, o objstore.ListOptions, p *page,
	visit func(*objstore.ObjectEntry) error) error {

	l := &lister{
		Store: s, call: c, account: string(id.Account), visit: visit,
		etags: s.keys.Listing(id), reserved: o.Reserved, visited: map[objstore.ContainerID]bool{}, counted: o.Counted,
	}
	if err := l.list(ctx, id, o, p, 0); err != nil {
		return err
	}
	l.countedByRows(&o, p)
	return nil
}
