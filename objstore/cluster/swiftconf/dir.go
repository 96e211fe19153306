// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"needletail/objstore"
	"needletail/ring"
)

// Dir is an open swift_dir.
type Dir struct {
	config    *Config
	account   *liveRing
	container *liveRing
	objects   map[objstore.PolicyIndex]*liveRing
}

// DirOptions are the arguments of Open that most callers leave empty.
type DirOptions struct {
	// Broken is told of a ring file that changed and cannot be used. Each fault
	// is told once. Broken is called by a lookup, so it must return soon.
	Broken func(error)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Open reads swift.conf and all rings of a swift_dir. The error joins all
// contradictions that were found.
func Open(path string, o DirOptions) (*Dir, error) {
	config, err := Load(path)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Broken == nil {
		o.Broken = func(error) {}
	}
	var errs []error
	open := func(file string, check func(*ring.Ring) error) *liveRing {
		l := &liveRing{path: filepath.Join(path, file), hash: config.Hash, check: check, now: o.Now, tell: o.Broken}
		errs = append(errs, l.load())
		return l
	}
	anyReplicas := func(*ring.Ring) error { return nil }
	d := &Dir{
		config:    config,
		account:   open(ringName("account", 0), anyReplicas),
		container: open(ringName("container", 0), anyReplicas),
		objects:   map[objstore.PolicyIndex]*liveRing{},
	}
	for i, p := range config.Policies {
		l := open(p.RingName(), func(r *ring.Ring) error { return checkReplicas(p, r) })
		d.objects[p.Index] = l
		if r := l.current.Load(); r != nil && !p.Erasure() {
			config.Policies[i].Copies = int(r.Replicas())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return d, nil
}

// checkReplicas refuses a ring of erasure coding with another number of replicas
// than fragments: the place of a node is its fragment
// (swift/common/storage_policy.py: validate_ring_data).
func checkReplicas(p Policy, r *ring.Ring) error {
	if want := p.Replicas(); want > 0 && r.Replicas() != float64(want) {
		return fmt.Errorf("policy %d (%s) needs a ring of exactly %d replicas, (%d data + %d parity fragments) × %d, and the ring has %v",
			p.Index, p.Name, want, p.DataFragments, p.ParityFragments, p.DuplicationFactor, r.Replicas())
	}
	return nil
}

// Config is the content of swift.conf. Copies of a policy is the number of
// replicas that its ring had at the start.
func (d *Dir) Config() *Config { return d.config }

// AccountRing returns the ring of accounts as it is now.
func (d *Dir) AccountRing() *ring.Ring { return d.account.get() }

// ContainerRing returns the ring of containers as it is now.
func (d *Dir) ContainerRing() *ring.Ring { return d.container.get() }

// ObjectRing returns the ring of a policy as it is now. A caller that looks up
// several things for a request keeps the ring. No policy of the index: false.
func (d *Dir) ObjectRing(policy objstore.PolicyIndex) (*ring.Ring, bool) {
	l, ok := d.objects[policy]
	if !ok {
		return nil, false
	}
	return l.get(), true
}
