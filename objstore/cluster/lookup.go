// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"iter"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/wire"
)

// eachField goes over the fields of a head.
func eachField(h wire.Header) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range h {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}
}

// cached allows an answer out of the cache.
var cached = objstore.InfoOptions{Cached: true}

// account reports an account, out of the cache if o allows.
func (s *Store) account(ctx context.Context, c call, a objstore.AccountName, o objstore.InfoOptions) (objstore.AccountInfo, error) {
	if o.Cached && !o.Newest && s.cache != nil {
		if in, ok := s.cache.Account(ctx, a); ok && in.ReallyExists == in.Exists() {
			if !in.Exists() {
				return objstore.AccountInfo{}, c.fail(objstore.KindNotFound, nil)
			}
			info := in.Contract()
			info.Cached = true
			return info, nil
		}
	}
	return s.headAccount(ctx, c, a, o.Newest)
}

// infoHeader is the head of a question about an account or a container.
func (s *Store) infoHeader(ctx context.Context, newest bool) wire.Header {
	h := s.header(ctx)
	if newest {
		h.Set(newestHeader, "True")
	}
	return h
}

// headAccount asks the servers.
func (s *Store) headAccount(ctx context.Context, c call, a objstore.AccountName, newest bool) (objstore.AccountInfo, error) {
	r := &request{target: s.accountTarget(a), method: "HEAD", query: "format=json"}
	src, bad := s.newFinder(r, s.infoHeader(ctx, newest)).find(ctx)
	if src == nil {
		s.keepAccount(ctx, a, bad.status, bad.header)
		return objstore.AccountInfo{}, s.refusal(ctx, c, r, bad)
	}
	defer src.close()
	info, err := readAccount(src.Header, s.policies)
	if err != nil {
		return info, c.fail(objstore.KindUnavailable, &answerError{src.node.String(), r.method, src.Status, err.Error()})
	}
	s.keepAccount(ctx, a, src.Status, src.Header)
	return info, nil
}

// keepAccount caches an answer, if the answer is clear.
func (s *Store) keepAccount(ctx context.Context, a objstore.AccountName, status int, h wire.Header) {
	if s.cache != nil && ctx.Err() == nil {
		s.cache.SetAccount(ctx, a, infocache.AccountInfoFromHeaders(status, eachField(h), s.policies))
	}
}

// forgetAccount makes the next lookup of an account ask the servers.
func (s *Store) forgetAccount(ctx context.Context, a objstore.AccountName) {
	if s.cache != nil {
		s.cache.ForgetAccount(context.WithoutCancel(ctx), a)
	}
}

// containerInfo reports a container, out of the cache if o allows.
func (s *Store) containerInfo(ctx context.Context, c call, id objstore.ContainerID, o objstore.InfoOptions) (containerAnswer, error) {
	if o.Cached && !o.Newest && s.cache != nil {
		if in, ok := s.cache.Container(ctx, id); ok {
			if !in.Exists() {
				return containerAnswer{}, c.fail(objstore.KindNotFound, nil)
			}
			a := containerAnswer{info: in.Contract(), state: in.ShardingState}
			a.info.Cached = true
			return a, nil
		}
	}
	return s.headContainer(ctx, c, id, o.Newest)
}

// headContainer asks the servers.
func (s *Store) headContainer(ctx context.Context, c call, id objstore.ContainerID, newest bool) (containerAnswer, error) {
	r := &request{target: s.containerTarget(id), method: "HEAD"}
	src, bad := s.newFinder(r, s.infoHeader(ctx, newest)).find(ctx)
	if src == nil {
		s.keepContainer(ctx, id, bad.status, bad.header)
		return containerAnswer{}, s.refusal(ctx, c, r, bad)
	}
	defer src.close()
	a, err := readContainer(src.Header)
	if err != nil {
		return a, c.fail(objstore.KindUnavailable, &answerError{src.node.String(), r.method, src.Status, err.Error()})
	}
	s.keepContainer(ctx, id, src.Status, src.Header)
	return a, nil
}

// keepContainer caches an answer, if the answer is clear.
func (s *Store) keepContainer(ctx context.Context, id objstore.ContainerID, status int, h wire.Header) {
	if s.cache != nil && ctx.Err() == nil {
		s.cache.SetContainer(ctx, id, infocache.ContainerInfoFromHeaders(status, eachField(h)))
	}
}

// forgetContainer makes the next lookup of a container ask the servers.
func (s *Store) forgetContainer(ctx context.Context, id objstore.ContainerID) {
	if s.cache != nil {
		s.cache.ForgetContainer(context.WithoutCancel(ctx), id)
	}
}
