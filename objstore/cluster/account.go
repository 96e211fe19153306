// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"slices"

	"needletail/objstore"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/wire"
)

func onAccount(op string, a objstore.AccountName) call { return call{op, "/" + string(a)} }

// HeadAccount reports an account.
func (s *Store) HeadAccount(ctx context.Context, a objstore.AccountName, o objstore.InfoOptions) (objstore.AccountInfo, error) {
	c := onAccount("head account", a)
	if err := s.begin(c, string(a)); err != nil {
		return objstore.AccountInfo{}, err
	}
	defer s.end()
	return s.account(ctx, c, a, o)
}

// PostAccount merges metadata into an account, or creates the account.
func (s *Store) PostAccount(ctx context.Context, a objstore.AccountName, u objstore.MetadataUpdate) (created bool, err error) {
	c := onAccount("post account", a)
	if err := s.begin(c, string(a)); err != nil {
		return false, err
	}
	defer s.end()
	err = s.checkUpdate(c, u, func() (objstore.Metadata, error) {
		info, err := s.headAccount(ctx, c, a, false)
		return info.Metadata, err
	})
	if err != nil {
		return false, err
	}
	defer s.forgetAccount(ctx, a)
	r := &request{target: s.accountTarget(a), method: "POST"}
	got := s.writeAll(ctx, r, updateHeader(s.stamped(ctx), u.Set))
	if kindOf(r.server, got.status) == objstore.KindNotFound {
		return s.createAccount(ctx, c, a, u.Set)
	}
	if !success(got) {
		return false, s.refusal(ctx, c, r, got)
	}
	return false, nil
}

// createAccount makes an account with metadata
// (swift/proxy/controllers/base.py: autocreate_account).
func (s *Store) createAccount(ctx context.Context, c call, a objstore.AccountName, set objstore.Metadata) (created bool, err error) {
	defer s.forgetAccount(ctx, a)
	r := &request{target: s.accountTarget(a), method: "PUT"}
	set = slices.DeleteFunc(set.Clone(), func(f objstore.Field) bool { return f.Value == "" })
	got := s.writeAll(ctx, r, updateHeader(s.stamped(ctx), set))
	switch {
	case got.status == statusForbidden:
		// The name is free again when the reaper is done
		// (swift/account/server.py: PUT).
		return false, c.fail(objstore.KindConflict, errors.Join(errDeletedAccount, got.err(r.server, r.method)))
	case !success(got):
		return false, s.refusal(ctx, c, r, got)
	}
	return got.status == statusCreated, nil
}

var (
	errHasContainers  = errors.New("the account has containers")
	errDeletedAccount = errors.New("the account was deleted, and is not yet cleared away")
)

// DeleteAccount removes an account. Swift's servers delete an account with
// containers too, and leave the rest to the reaper: the check is the Store's own.
func (s *Store) DeleteAccount(ctx context.Context, a objstore.AccountName) error {
	c := onAccount("delete account", a)
	if err := s.begin(c, string(a)); err != nil {
		return err
	}
	defer s.end()
	info, err := s.headAccount(ctx, c, a, false)
	if err != nil {
		return err
	}
	if info.ContainerCount > 0 {
		return c.fail(objstore.KindNotEmpty, errHasContainers)
	}
	defer s.forgetAccount(ctx, a)
	r := &request{target: s.accountTarget(a), method: "DELETE"}
	if got := s.writeAll(ctx, r, s.stamped(ctx)); !success(got) {
		return s.refusal(ctx, c, r, got)
	}
	return nil
}

// stamped is the head of a write of an account or a container.
func (s *Store) stamped(ctx context.Context) wire.Header {
	h := s.header(ctx)
	h.Set("X-Timestamp", s.clock.Now().String())
	return h
}

// writeAll sends the same head to as many nodes as the target has primaries, and
// returns the best response.
func (s *Store) writeAll(ctx context.Context, r *request, h wire.Header) *answer {
	heads := make([]wire.Header, r.primaries())
	for i := range heads {
		heads[i] = h
	}
	w := s.write(ctx, r, s.iter(r.target, nodes.AnyRegion), heads)
	return w.best(w.Best(nil))
}

func success(a *answer) bool { return a.status >= 200 && a.status < 300 }

// checkUpdate lets MetadataUpdate.Check see the result of an update: the merge
// with the metadata of now, which other writers may change meanwhile. An update
// that changes nothing needs no check.
func (s *Store) checkUpdate(c call, u objstore.MetadataUpdate, old func() (objstore.Metadata, error)) error {
	if u.Check == nil || len(u.Set) == 0 {
		return nil
	}
	before, err := old()
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return err
	}
	if _, err := u.Apply(before); err != nil {
		return c.fail(objstore.KindInvalid, err)
	}
	return nil
}
