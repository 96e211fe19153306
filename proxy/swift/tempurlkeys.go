// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"errors"
	"strings"

	"needletail/objstore"
	"needletail/proxy/web"
)

// TempURLKeys are the keys that sign temporary URLs and forms for an account
// and for a container: X-Account-Meta-Temp-URL-Key(-2) and
// X-Container-Meta-Temp-URL-Key(-2). The keys are secrets.
type TempURLKeys struct{ Account, Container []string }

// KeyStore has the accounts and containers with keys.
type KeyStore interface {
	objstore.AccountStore
	objstore.ContainerStore
}

// ReadTempURLKeys looks the keys up, once for a client's request. The next
// request looks again, and a removed key is dead at once. A missing account or
// container has no keys.
func (r *Request) ReadTempURLKeys(store KeyStore, p Path) (keys TempURLKeys, err error) {
	id := p.ContainerID()
	account, err := r.AccountInfo(store, id.Account)
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return keys, err
	}
	container, err := r.ContainerInfo(store, id)
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return keys, err
	}
	keys.Account = tempURLKeys(account.Metadata, AccountResource)
	keys.Container = tempURLKeys(container.Metadata, ContainerResource)
	return keys, nil
}

// tempURLKeys returns the keys in the metadata of a resource.
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
