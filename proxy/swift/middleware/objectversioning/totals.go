// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"errors"

	"needletail/objstore"
	"needletail/proxy/swift"
)

// Totals returns the Store as quotas see it: over the result,
// swift.Request.AccountUsage and ContainerUsage count the bytes of all
// versions.
func Totals(s objstore.Store) objstore.Store { return totals{s} }

type totals struct{ objstore.Store }

var _ swift.Totals = totals{}

// Plain returns the Store without the bytes of versions.
func (t totals) Plain() objstore.Store { return t.Store }

// AddToContainer adds the bytes of the container's versions.
func (t totals) AddToContainer(r *swift.Request, c objstore.ContainerID, info *objstore.ContainerInfo) error {
	if _, ok := info.Metadata.Lookup(containerSysmeta); !ok {
		return nil
	}
	hidden, err := r.ContainerUsage(t.Store, layoutOf(t.Store).hidden(c))
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return err
	}
	info.BytesUsed += hidden.BytesUsed
	return nil
}

// AddToAccount adds the bytes of all versions in the account. In Swift's layout
// the versions are among the account's own objects.
func (t totals) AddToAccount(r *swift.Request, a objstore.AccountName, info *objstore.AccountInfo) error {
	if t.Guarantees().SwiftLayout {
		return nil
	}
	hidden, err := r.AccountUsage(t.Store, hiddenAccount(a))
	if errors.Is(err, objstore.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	info.BytesUsed += hidden.BytesUsed
	policies := append([]objstore.PolicyUsage(nil), info.Policies...)
	for i := range policies {
		for _, u := range hidden.Policies {
			if u.Policy == policies[i].Policy {
				policies[i].BytesUsed += u.BytesUsed
			}
		}
	}
	info.Policies = policies
	return nil
}
