// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"strconv"

	"needletail/objstore"
	"needletail/objstore/cluster/nodes"
	"needletail/objstore/cluster/wire"
)

func onContainer(op string, c objstore.ContainerID) call { return call{op, c.String()} }

func (s *Store) beginContainer(c call, id objstore.ContainerID) error {
	return s.begin(c, string(id.Account), string(id.Container))
}

// HeadContainer reports a container.
func (s *Store) HeadContainer(ctx context.Context, id objstore.ContainerID, o objstore.InfoOptions) (objstore.ContainerInfo, error) {
	c := onContainer("head container", id)
	if err := s.beginContainer(c, id); err != nil {
		return objstore.ContainerInfo{}, err
	}
	defer s.end()
	a, err := s.containerInfo(ctx, c, id, o)
	return a.info, err
}

var (
	errUnknownPolicy    = errors.New("no such storage policy")
	errDeprecatedPolicy = errors.New("the storage policy is deprecated")
	errOtherPolicy      = errors.New("the container has another storage policy, or was deleted later than this request")
)

// PutContainer creates a container, and a missing account too, or merges
// metadata into an existing container.
func (s *Store) PutContainer(ctx context.Context, id objstore.ContainerID, o objstore.PutContainerOptions) (created bool, err error) {
	c := onContainer("put container", id)
	if err := s.beginContainer(c, id); err != nil {
		return false, err
	}
	defer s.end()
	h := s.stamped(ctx)
	if err := s.policyLine(c, &h, o.Policy); err != nil {
		return false, err
	}
	if err := s.checkContainerUpdate(ctx, c, id, o.MetadataUpdate); err != nil {
		return false, err
	}
	if err := s.ensureAccount(ctx, c, id.Account, o.AccountMetadata); err != nil {
		return false, err
	}
	defer s.forgetContainer(ctx, id)
	r := &request{target: s.containerTarget(id), method: "PUT"}
	got := s.writeContainer(ctx, r, updateHeader(h, o.Set))
	switch {
	case got.status == statusConflict:
		return false, c.fail(objstore.KindConflict, errors.Join(errOtherPolicy, got.err(r.server, r.method)))
	case !success(got):
		return false, s.refusal(ctx, c, r, got)
	}
	return got.status == statusCreated, nil
}

// policyLine adds the header of a container's policy.
func (s *Store) policyLine(c call, h *wire.Header, want *objstore.PolicyIndex) error {
	if want == nil {
		h.Set("X-Backend-Storage-Policy-Default", strconv.Itoa(int(s.policies.Default().Index)))
		return nil
	}
	p, known := s.policies.ByIndex(*want)
	switch {
	case !known:
		return c.fail(objstore.KindInvalid, errUnknownPolicy)
	case p.Deprecated:
		return c.fail(objstore.KindInvalid, errDeprecatedPolicy)
	}
	h.Set(policyHeader, strconv.Itoa(int(p.Index)))
	return nil
}

func (s *Store) checkContainerUpdate(ctx context.Context, c call, id objstore.ContainerID, u objstore.MetadataUpdate) error {
	return s.checkUpdate(c, u, func() (objstore.Metadata, error) {
		a, err := s.headContainer(ctx, c, id, false)
		return a.info.Metadata, err
	})
}

// ensureAccount makes the account where the account is missing.
func (s *Store) ensureAccount(ctx context.Context, c call, a objstore.AccountName, m objstore.Metadata) error {
	_, err := s.account(ctx, c, a, cached)
	if errors.Is(err, objstore.KindNotFound) {
		_, err = s.createAccount(ctx, c, a, m)
	}
	return err
}

// writeContainer sends a write whose receivers tell the account servers
// (swift/proxy/controllers/container.py: _backend_requests).
func (s *Store) writeContainer(ctx context.Context, r *request, h wire.Header) *answer {
	heads := make([]wire.Header, r.primaries())
	for i := range heads {
		heads[i] = h.Clone()
	}
	account := s.accountTarget(objstore.AccountName(r.account))
	dealServers(heads, "X-Account-", account, account.primaries(), false)
	w := s.write(ctx, r, s.iter(r.target, nodes.AnyRegion), heads)
	return w.best(w.Best(nil))
}

// PostContainer merges metadata.
func (s *Store) PostContainer(ctx context.Context, id objstore.ContainerID, u objstore.MetadataUpdate) error {
	c := onContainer("post container", id)
	if err := s.beginContainer(c, id); err != nil {
		return err
	}
	defer s.end()
	if err := s.checkContainerUpdate(ctx, c, id, u); err != nil {
		return err
	}
	defer s.forgetContainer(ctx, id)
	r := &request{target: s.containerTarget(id), method: "POST"}
	if got := s.writeAll(ctx, r, updateHeader(s.stamped(ctx), u.Set)); !success(got) {
		return s.refusal(ctx, c, r, got)
	}
	return nil
}

// DeleteContainer removes a container that is empty, as far as the container
// servers know.
func (s *Store) DeleteContainer(ctx context.Context, id objstore.ContainerID) error {
	c := onContainer("delete container", id)
	if err := s.beginContainer(c, id); err != nil {
		return err
	}
	defer s.end()
	h := s.stamped(ctx)
	if err := s.policyLine(c, &h, nil); err != nil {
		return err
	}
	defer s.forgetContainer(ctx, id)
	r := &request{target: s.containerTarget(id), method: "DELETE"}
	got := s.writeContainer(ctx, r, h)
	switch {
	case got.status == statusConflict:
		return c.fail(objstore.KindNotEmpty, got.err(r.server, r.method))
	case got.status == statusAccepted:
		return c.fail(objstore.KindNotFound, nil) // swift/proxy/controllers/container.py: DELETE
	case !success(got):
		return s.refusal(ctx, c, r, got)
	}
	return nil
}
