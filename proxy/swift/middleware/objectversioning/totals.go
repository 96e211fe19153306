package objectversioning

import (
	"context"
	"errors"

	"needletail/objstore"
)

// Totals returns the Store for quotas: the bytes of containers and accounts
// count all versions.
func Totals(s objstore.Store) objstore.Store { return totals{s} }

type totals struct{ objstore.Store }

// HeadContainer adds the bytes of the container's versions.
func (t totals) HeadContainer(ctx context.Context, c objstore.ContainerID) (objstore.ContainerInfo, error) {
	info, err := t.Store.HeadContainer(ctx, c)
	if err != nil {
		return info, err
	}
	if _, ok := info.Metadata.Lookup(containerSysmeta); !ok {
		return info, nil
	}
	hidden, err := t.Store.HeadContainer(ctx, hiddenContainer(c))
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return info, err
	}
	info.BytesUsed += hidden.BytesUsed
	return info, nil
}

// HeadAccount adds the bytes of all versions in the account.
func (t totals) HeadAccount(ctx context.Context, a objstore.AccountName) (objstore.AccountInfo, error) {
	info, err := t.Store.HeadAccount(ctx, a)
	if err != nil {
		return info, err
	}
	hidden, err := t.Store.HeadAccount(ctx, hiddenAccount(a))
	if errors.Is(err, objstore.KindNotFound) {
		return info, nil
	}
	if err != nil {
		return info, err
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
	return info, nil
}
