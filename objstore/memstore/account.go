// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"context"
	"slices"

	"needletail/objstore"
)

type account struct {
	created    objstore.Timestamp
	metadata   objstore.Metadata
	containers map[objstore.ContainerName]*container
}

// HeadAccount reports an account.
func (s *Store) HeadAccount(_ context.Context, a objstore.AccountName, o objstore.InfoOptions) (objstore.AccountInfo, error) {
	c := onAccount("head account", a)
	if err := s.begin(c, string(a)); err != nil {
		return objstore.AccountInfo{}, err
	}
	defer s.mu.Unlock()
	if info, ok := s.cache.accounts[a]; ok && o.Cached {
		info.Cached = true
		return info, nil
	}
	acc := s.accounts[a]
	if acc == nil {
		return objstore.AccountInfo{}, c.fail(objstore.KindNotFound, nil)
	}
	info := acc.info()
	acc.report()
	if !s.promises.ExactCounts {
		s.cache.accounts[a] = info
	}
	return info, nil
}

func (a *account) info() objstore.AccountInfo {
	info := objstore.AccountInfo{Created: a.created, Metadata: a.metadata.Clone()}
	usage := map[objstore.PolicyIndex]objstore.PolicyUsage{}
	for _, c := range a.containers {
		n := c.shown()
		info.ContainerCount++
		info.ObjectCount += n.objects
		info.BytesUsed += n.bytes
		u := usage[c.policy]
		u.Policy = c.policy
		u.ContainerCount++
		u.ObjectCount += n.objects
		u.BytesUsed += n.bytes
		usage[c.policy] = u
	}
	for _, u := range usage {
		info.Policies = append(info.Policies, u)
	}
	slices.SortFunc(info.Policies, func(a, b objstore.PolicyUsage) int {
		return int(a.Policy) - int(b.Policy)
	})
	return info
}

// PostAccount creates an account or merges metadata into the account.
func (s *Store) PostAccount(_ context.Context, a objstore.AccountName, u objstore.MetadataUpdate) (bool, error) {
	c := onAccount("post account", a)
	err := s.begin(c, string(a))
	if err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	if err := s.checkText(c, u.Set); err != nil {
		return false, err
	}
	acc := s.accounts[a]
	created := acc == nil
	if created {
		if acc, err = s.newAccount(c, a); err != nil {
			return false, err
		}
	}
	merged, err := u.Apply(acc.metadata)
	if err != nil {
		return false, c.fail(objstore.KindInvalid, err)
	}
	acc.metadata = merged
	s.accounts[a] = acc
	s.cache.forget(a)
	return created, nil
}

func (s *Store) newAccount(c call, a objstore.AccountName) (*account, error) {
	if s.deleted[a] && !s.promises.CleanRecreation {
		return nil, c.fail(objstore.KindConflict, errReborn)
	}
	return &account{created: s.clock.Now(), containers: map[objstore.ContainerName]*container{}}, nil
}

// DeleteAccount removes an account without containers.
func (s *Store) DeleteAccount(_ context.Context, a objstore.AccountName) error {
	c := onAccount("delete account", a)
	if err := s.begin(c, string(a)); err != nil {
		return err
	}
	defer s.mu.Unlock()
	acc := s.accounts[a]
	if acc == nil {
		return c.fail(objstore.KindNotFound, nil)
	}
	if len(acc.containers) > 0 {
		return c.fail(objstore.KindNotEmpty, nil)
	}
	delete(s.accounts, a)
	s.deleted[a] = true
	s.cache.forget(a)
	return nil
}

// ListContainers lists a page of an account.
func (s *Store) ListContainers(_ context.Context, a objstore.AccountName, o objstore.ListOptions,
	visit func(*objstore.ContainerEntry) error) error {

	entries, err := s.containerEntries(a, o)
	if err != nil {
		return err
	}
	for i := range entries {
		if err := visit(&entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) containerEntries(a objstore.AccountName, o objstore.ListOptions) ([]objstore.ContainerEntry, error) {
	c := onAccount("list containers", a)
	if err := s.begin(c, string(a)); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	acc := s.accounts[a]
	if acc == nil {
		return nil, c.fail(objstore.KindNotFound, nil)
	}
	var entries []objstore.ContainerEntry
	for _, l := range list(keys(acc.containers), o) {
		if l.subdir {
			entries = append(entries, objstore.ContainerEntry{Name: l.name, Subdir: true})
			continue
		}
		cont := acc.containers[objstore.ContainerName(l.name)]
		n := cont.shown()
		entries = append(entries, objstore.ContainerEntry{
			Name: l.name, ObjectCount: n.objects, BytesUsed: n.bytes,
			Modified: cont.modified, Policy: cont.policy,
		})
	}
	acc.report()
	return entries, nil
}
