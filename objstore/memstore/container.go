// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"context"
	"errors"

	"needletail/objstore"
)

type container struct {
	created  objstore.Timestamp
	modified objstore.Timestamp
	policy   objstore.PolicyIndex
	metadata objstore.Metadata
	objects  map[objstore.ObjectName]*object

	promises objstore.Guarantees
	listed   map[objstore.ObjectName]*object // see rows
	late     []lateRow
	reported counts // known to the account
}

// count walks all rows and returns the values that the counters must have. It
// adds stored sizes, not listed sizes: a manifest's segments count where they
// lie.
func (c *container) count() (n counts) {
	rows := c.objects
	if !c.promises.ExactCounts {
		rows = c.rows()
	}
	for _, o := range rows {
		n.objects++
		n.bytes += o.info.SizeBytes
	}
	return n
}

// container finds a container, or nil. The mutex is held.
func (s *Store) container(id objstore.ContainerID) *container {
	acc := s.accounts[id.Account]
	if acc == nil {
		return nil
	}
	return acc.containers[id.Container]
}

func (s *Store) beginContainer(op string, id objstore.ContainerID) (call, error) {
	c := call{op, id.String()}
	return c, s.begin(c, string(id.Account), string(id.Container))
}

// HeadContainer reports a container.
func (s *Store) HeadContainer(_ context.Context, id objstore.ContainerID, o objstore.InfoOptions) (objstore.ContainerInfo, error) {
	c, err := s.beginContainer("head container", id)
	if err != nil {
		return objstore.ContainerInfo{}, err
	}
	defer s.mu.Unlock()
	if info, ok := s.cache.containers[id]; ok && o.Cached {
		info.Cached = true
		return info, nil
	}
	cont := s.container(id)
	if cont == nil {
		return objstore.ContainerInfo{}, c.fail(objstore.KindNotFound, nil)
	}
	n := cont.count()
	info := objstore.ContainerInfo{
		Created: cont.created, Modified: cont.modified, Policy: cont.policy,
		Metadata: cont.metadata.Clone(), ObjectCount: n.objects, BytesUsed: n.bytes,
	}
	cont.looked()
	if !s.promises.ExactCounts {
		s.cache.containers[id] = info
	}
	return info, nil
}

var (
	errUnknownPolicy    = errors.New("no such storage policy")
	errDeprecatedPolicy = errors.New("the storage policy is deprecated")
)

// PutContainer creates a container or merges metadata into the container.
func (s *Store) PutContainer(_ context.Context, id objstore.ContainerID, o objstore.PutContainerOptions) (bool, error) {
	c, err := s.beginContainer("put container", id)
	if err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	if err := s.checkText(c, o.Set); err != nil {
		return false, err
	}
	cont := s.container(id)
	created := cont == nil
	switch {
	case created:
		if cont, err = s.newContainer(c, o.Policy); err != nil {
			return false, err
		}
	case o.Policy != nil && *o.Policy != cont.policy:
		return false, c.fail(objstore.KindConflict, nil)
	}
	merged, err := o.Apply(cont.metadata)
	if err != nil {
		return false, c.fail(objstore.KindInvalid, err)
	}
	cont.metadata = merged
	delete(s.cache.containers, id)
	if !created {
		cont.modified = s.clock.Now()
		return false, nil
	}
	acc := s.accounts[id.Account]
	if acc == nil {
		if acc, err = s.newAccount(c, id.Account); err != nil {
			return false, err
		}
		for _, f := range o.AccountMetadata {
			acc.metadata.Set(f.Name, f.Value)
		}
		s.accounts[id.Account] = acc
	}
	acc.containers[id.Container] = cont
	delete(s.cache.accounts, id.Account)
	return true, nil
}

func (s *Store) newContainer(c call, want *objstore.PolicyIndex) (*container, error) {
	p := s.policies.Default()
	if want != nil {
		var known bool
		if p, known = s.policies.ByIndex(*want); !known {
			return nil, c.fail(objstore.KindInvalid, errUnknownPolicy)
		}
		if p.Deprecated {
			return nil, c.fail(objstore.KindInvalid, errDeprecatedPolicy)
		}
	}
	now := s.clock.Now()
	return &container{
		created: now, modified: now, policy: p.Index,
		objects: map[objstore.ObjectName]*object{}, listed: map[objstore.ObjectName]*object{},
		promises: s.promises,
	}, nil
}

// PostContainer merges metadata.
func (s *Store) PostContainer(_ context.Context, id objstore.ContainerID, u objstore.MetadataUpdate) error {
	c, err := s.beginContainer("post container", id)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if err := s.checkText(c, u.Set); err != nil {
		return err
	}
	cont := s.container(id)
	if cont == nil {
		return c.fail(objstore.KindNotFound, nil)
	}
	merged, err := u.Apply(cont.metadata)
	if err != nil {
		return c.fail(objstore.KindInvalid, err)
	}
	cont.metadata, cont.modified = merged, s.clock.Now()
	delete(s.cache.containers, id)
	return nil
}

// DeleteContainer removes an empty container.
func (s *Store) DeleteContainer(_ context.Context, id objstore.ContainerID) error {
	c, err := s.beginContainer("delete container", id)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	cont := s.container(id)
	if cont == nil {
		return c.fail(objstore.KindNotFound, nil)
	}
	n := cont.count()
	cont.looked()
	if n.objects > 0 {
		return c.fail(objstore.KindNotEmpty, nil)
	}
	delete(s.accounts[id.Account].containers, id.Container)
	delete(s.cache.containers, id)
	delete(s.cache.accounts, id.Account)
	return nil
}

// ListObjects lists a page of a container.
func (s *Store) ListObjects(_ context.Context, id objstore.ContainerID, o objstore.ListOptions,
	visit func(*objstore.ObjectEntry) error) error {

	entries, err := s.objectEntries(id, o)
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

func (s *Store) objectEntries(id objstore.ContainerID, o objstore.ListOptions) ([]objstore.ObjectEntry, error) {
	c, err := s.beginContainer("list objects", id)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	cont := s.container(id)
	if cont == nil {
		return nil, c.fail(objstore.KindNotFound, nil)
	}
	var entries []objstore.ObjectEntry
	rows := cont.rows()
	for _, l := range list(keys(rows), o) {
		if l.subdir {
			entries = append(entries, objstore.ObjectEntry{Name: l.name, Subdir: true})
			continue
		}
		entries = append(entries, rows[objstore.ObjectName(l.name)].entry(l.name))
	}
	cont.looked()
	return entries, nil
}
