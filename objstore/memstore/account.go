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
func (s *Store) HeadAccount(_ context.Context, a objstore.AccountName, _ objstore.InfoOptions) (objstore.AccountInfo, error) {
	c := onAccount("head account", a)
	if err := s.begin(c, string(a)); err != nil {
		return objstore.AccountInfo{}, err
	}
	defer s.mu.Unlock()
	acc := s.accounts[a]
	if acc == nil {
		return objstore.AccountInfo{}, c.fail(objstore.KindNotFound, nil)
	}
	return acc.info(), nil
}

func (a *account) info() objstore.AccountInfo {
	info := objstore.AccountInfo{Created: a.created, Metadata: a.metadata.Clone()}
	usage := map[objstore.PolicyIndex]objstore.PolicyUsage{}
	for _, c := range a.containers {
		objects, bytes := c.count()
		info.ContainerCount++
		info.ObjectCount += objects
		info.BytesUsed += bytes
		u := usage[c.policy]
		u.Policy = c.policy
		u.ContainerCount++
		u.ObjectCount += objects
		u.BytesUsed += bytes
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
	if err := s.begin(c, string(a)); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	acc := s.accounts[a]
	created := acc == nil
	if created {
		acc = s.newAccount()
	}
	merged, err := u.Apply(acc.metadata)
	if err != nil {
		return false, c.fail(objstore.KindInvalid, err)
	}
	acc.metadata = merged
	s.accounts[a] = acc
	return created, nil
}

func (s *Store) newAccount() *account {
	return &account{created: s.clock.Now(), containers: map[objstore.ContainerName]*container{}}
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
		objects, bytes := cont.count()
		entries = append(entries, objstore.ContainerEntry{
			Name: l.name, ObjectCount: objects, BytesUsed: bytes,
			Modified: cont.modified, Policy: cont.policy,
		})
	}
	return entries, nil
}
