// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"needletail/objstore"
	"needletail/proxy/web"
)

// keyStore has metadata, or an error, for an account and a container each.
type keyStore struct {
	objstore.AccountStore
	objstore.ContainerStore
	account, container       objstore.Metadata
	accountErr, containerErr error
}

func (s *keyStore) HeadAccount(context.Context, objstore.AccountName, objstore.InfoOptions) (objstore.AccountInfo, error) {
	return objstore.AccountInfo{Metadata: s.account}, s.accountErr
}

func (s *keyStore) HeadContainer(context.Context, objstore.ContainerID, objstore.InfoOptions) (objstore.ContainerInfo, error) {
	return objstore.ContainerInfo{Metadata: s.container}, s.containerErr
}

func TestReadTempURLKeys(t *testing.T) {
	s := &keyStore{}
	s.account.Set("X-Account-Meta-Temp-Url-Key", "k1")
	s.account.Set("X-Account-Meta-Temp-Url-Key-2", "k2")
	s.account.Set("X-Account-Meta-Temp-Url-Key-3", "no")
	s.account.Set("X-Container-Meta-Temp-Url-Key", "no")
	s.container.Set("X-Container-Meta-Temp-Url-Key", "")
	s.container.Set("X-Container-Meta-Temp-URL-Key-2", "k4")
	read := func(want TempURLKeys, wantErr error) {
		t.Helper()
		keys, err := (&Request{Request: &web.Request{}}).ReadTempURLKeys(s, Path{Version: "v1", Account: "a", Container: "c"})
		if !reflect.DeepEqual(keys, want) || !errors.Is(err, wantErr) {
			t.Errorf("%+v, %v", keys, err)
		}
	}
	read(TempURLKeys{Account: []string{"k1", "k2"}, Container: []string{"k4"}}, nil)
	broken := errors.New("disk")
	s.containerErr = broken
	read(TempURLKeys{}, broken)
	s.accountErr, s.containerErr = broken, nil
	read(TempURLKeys{}, broken)
	none := &objstore.Error{Kind: objstore.KindNotFound}
	*s = keyStore{accountErr: none, containerErr: none}
	read(TempURLKeys{}, nil)
}
