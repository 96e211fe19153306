package swift

import (
	"context"
	"errors"
	"strings"

	"needletail/objstore"
	"needletail/proxy/web"
)

// TempURLKeys are the keys under which an account and one of its containers
// let others sign: X-Account-Meta-Temp-URL-Key(-2) and
// X-Container-Meta-Temp-URL-Key(-2). They are secrets.
type TempURLKeys struct{ Account, Container []string }

// KeyStore is where keys are found.
type KeyStore interface {
	objstore.AccountStore
	objstore.ContainerStore
}

// ReadTempURLKeys looks the keys up. Nothing remembers them, so that a key that
// was removed is dead at once. What does not exist has none.
func ReadTempURLKeys(ctx context.Context, store KeyStore, p Path) (keys TempURLKeys, err error) {
	id := p.ContainerID()
	account, err := store.HeadAccount(ctx, id.Account)
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return keys, err
	}
	container, err := store.HeadContainer(ctx, id)
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return keys, err
	}
	keys.Account = tempURLKeys(account.Metadata, AccountResource)
	keys.Container = tempURLKeys(container.Metadata, ContainerResource)
	return keys, nil
}

func tempURLKeys(m objstore.Metadata, of Resource) (keys []string) {
	for _, f := range m {
		name, ok := web.CutPrefix(f.Name, of.UserPrefix())
		isKey := strings.EqualFold(name, "Temp-Url-Key") || strings.EqualFold(name, "Temp-Url-Key-2")
		if ok && isKey && f.Value != "" {
			keys = append(keys, f.Value)
		}
	}
	return keys
}
