// SPDX-License-Identifier: Apache-2.0

package objstore

import (
	"fmt"
	"math"
	"strings"
)

// PolicyIndex identifies a storage policy on disk and never changes. A
// container keeps its first policy for good.
type PolicyIndex uint16

// PolicyUnknown is the policy of a listed container where the listing does not
// tell the policy, as those of older servers of Swift.
const PolicyUnknown PolicyIndex = math.MaxUint16

// Policy is a storage policy: how many devices keep which part of an object. A
// policy has either copies, or data and parity fragments. Without both, an
// object has a single copy.
type Policy struct {
	Index      PolicyIndex
	Name       string
	Aliases    []string // other names that clients may use
	Default    bool     // for containers that name none; exactly one policy
	Deprecated bool     // refused for new containers

	// Copies is how many devices hold all of an object's bytes.
	Copies int
	// DataFragments (k) and ParityFragments (m) are the numbers of a
	// Reed-Solomon code: any k of k+m devices give the bytes back.
	DataFragments   int
	ParityFragments int

	// The remaining fields are for a cluster of Swift's servers, and zero in an
	// embedded store.

	// ECType is the name of the code in liberasurecode, "isa_l_rs_vand".
	ECType string
	// SegmentBytes is the length of body that is coded at once.
	SegmentBytes int64
	// DuplicationFactor is how often each fragment is stored; 0 means once.
	DuplicationFactor int
}

// slotsMax bounds the copies, or the different fragments, of an object.
const slotsMax = 64

// duplicationMax bounds how often a fragment is stored.
const duplicationMax = 16

// Erasure reports whether bodies are coded, not copied.
func (p Policy) Erasure() bool { return p.DataFragments > 0 }

// Slots returns the number of devices with a part of an object.
func (p Policy) Slots() int {
	if p.Erasure() {
		return (p.DataFragments + p.ParityFragments) * max(p.DuplicationFactor, 1)
	}
	return max(p.Copies, 1)
}

// validate checks the numbers of copies and fragments.
func (p Policy) validate() error {
	switch {
	case p.Copies < 0 || p.DataFragments < 0 || p.ParityFragments < 0:
		return fmt.Errorf("storage policy %q has a negative number of copies or fragments", p.Name)
	case p.Copies > 0 && (p.Erasure() || p.ParityFragments > 0):
		return fmt.Errorf("storage policy %q has copies and fragments", p.Name)
	case p.Erasure() != (p.ParityFragments > 0):
		return fmt.Errorf("storage policy %q needs both data and parity fragments", p.Name)
	case max(p.Copies, p.DataFragments+p.ParityFragments) > slotsMax:
		return fmt.Errorf("storage policy %q needs %d devices, more than %d", p.Name, p.Slots(), slotsMax)
	}
	return p.validateCode()
}

// validateCode checks the fields of a cluster's erasure code.
func (p Policy) validateCode() error {
	switch {
	case p.DuplicationFactor < 0 || p.SegmentBytes < 0:
		return fmt.Errorf("storage policy %q has a negative duplication factor or segment size", p.Name)
	case p.ClusterCode() && !p.Erasure():
		return fmt.Errorf("storage policy %q has the settings of an erasure code, and no fragments", p.Name)
	case p.DuplicationFactor > duplicationMax:
		return fmt.Errorf("storage policy %q stores each fragment %d times, more than %d", p.Name, p.DuplicationFactor, duplicationMax)
	}
	return nil
}

// ClusterCode reports whether the policy has fields for a cluster of Swift's
// servers.
func (p Policy) ClusterCode() bool {
	return p.ECType != "" || p.SegmentBytes != 0 || p.DuplicationFactor != 0
}

// Policies is the set of configured policies.
type Policies []Policy

// DefaultPolicies returns the policies of a store without configuration.
func DefaultPolicies() Policies {
	return Policies{{Index: 0, Name: "Policy-0", Default: true}}
}

// Default is the default policy.
func (ps Policies) Default() Policy {
	for _, p := range ps {
		if p.Default {
			return p
		}
	}
	return Policy{}
}

// ByIndex returns the policy of an index.
func (ps Policies) ByIndex(i PolicyIndex) (Policy, bool) {
	for _, p := range ps {
		if p.Index == i {
			return p, true
		}
	}
	return Policy{}, false
}

// ByName returns the policy of a name or an alias, without regard to case.
func (ps Policies) ByName(name string) (Policy, bool) {
	for _, p := range ps {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
		for _, a := range p.Aliases {
			if strings.EqualFold(a, name) {
				return p, true
			}
		}
	}
	return Policy{}, false
}

// Validate checks that names and indexes are unique, that a single policy is
// the default, and that each policy has sensible numbers of copies or
// fragments.
func (ps Policies) Validate() error {
	names, indexes, defaults := map[string]bool{}, map[PolicyIndex]bool{}, 0
	for _, p := range ps {
		if indexes[p.Index] {
			return fmt.Errorf("storage policy index %d is used twice", p.Index)
		}
		indexes[p.Index] = true
		if err := p.validate(); err != nil {
			return err
		}
		for _, n := range append([]string{p.Name}, p.Aliases...) {
			n = strings.ToLower(n)
			if n == "" || names[n] {
				return fmt.Errorf("storage policy name %q is empty or used twice", n)
			}
			names[n] = true
		}
		if p.Default {
			defaults++
		}
	}
	if defaults != 1 {
		return fmt.Errorf("%d storage policies are default, not one", defaults)
	}
	return nil
}
