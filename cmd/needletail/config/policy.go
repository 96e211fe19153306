// SPDX-License-Identifier: Apache-2.0

package config

import "needletail/objstore"

// Policy is a storage policy: how objects are kept. Every container has a
// policy from its creation on.
type Policy struct {
	// Index is the number of the policy on disk. The index of a policy never
	// changes.
	Index uint16 `toml:"index"`
	// Name is the name that clients send in X-Storage-Policy.
	Name string `toml:"name" reload:"yes"`
	// Aliases are more names of the policy.
	Aliases []string `toml:"aliases" reload:"yes"`
	// Default marks the policy of containers that name no policy. Exactly one
	// policy is the default.
	Default bool `toml:"default" reload:"yes"`
	// Deprecated refuses new containers with the policy.
	Deprecated bool `toml:"deprecated" reload:"yes"`
	// Copies is how many devices keep a copy of each object. 0 without data and
	// parity means one copy. Objects stay as they were stored.
	Copies int `toml:"copies"`
	// Data is how many fragments each object is split into, instead of copies:
	// any data of data + parity fragments restore the object.
	Data int `toml:"data"`
	// Parity is how many fragments may be lost.
	Parity int `toml:"parity"`
}

// defaultPolicies returns the policies of Swift's swift.conf-sample. The second
// policy, a comment in the sample, gives clients a choice.
func defaultPolicies() objstore.Policies {
	return objstore.Policies{
		{Index: 0, Name: "Policy-0", Aliases: []string{"yellow", "orange"}, Default: true},
		{Index: 1, Name: "silver"},
	}
}

// StoragePolicies returns the configured policies, or the default policies.
func (c *Config) StoragePolicies() objstore.Policies {
	if len(c.Policies) == 0 {
		return defaultPolicies()
	}
	list := make(objstore.Policies, len(c.Policies))
	for i, p := range c.Policies {
		list[i] = objstore.Policy{
			Index: objstore.PolicyIndex(p.Index), Name: p.Name, Aliases: p.Aliases,
			Default: p.Default, Deprecated: p.Deprecated,
			Copies: p.Copies, DataFragments: p.Data, ParityFragments: p.Parity,
		}
	}
	return list
}
