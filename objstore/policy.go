package objstore

import (
	"fmt"
	"strings"
)

// PolicyIndex identifies a storage policy on disk; it never changes. A
// container keeps the policy that it was created with.
type PolicyIndex uint16

// Policy is a storage policy: how many devices keep what of an object.
type Policy struct {
	Index      PolicyIndex
	Name       string
	Aliases    []string // other names that clients may use
	Default    bool     // for containers that name none; exactly one policy
	Deprecated bool     // refused for new containers
}

// Policies is the set of configured policies.
type Policies []Policy

// DefaultPolicies is what a store without configuration has.
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

// ByIndex finds a policy by its index.
func (ps Policies) ByIndex(i PolicyIndex) (Policy, bool) {
	for _, p := range ps {
		if p.Index == i {
			return p, true
		}
	}
	return Policy{}, false
}

// ByName finds a policy by its name or an alias; case does not matter.
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

// Validate checks that names and indexes are unique and one policy is default.
func (ps Policies) Validate() error {
	names, indexes, defaults := map[string]bool{}, map[PolicyIndex]bool{}, 0
	for _, p := range ps {
		if indexes[p.Index] {
			return fmt.Errorf("storage policy index %d is used twice", p.Index)
		}
		indexes[p.Index] = true
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
