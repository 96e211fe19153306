// SPDX-License-Identifier: Apache-2.0

package encryption

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"needletail/objstore"
)

// An empty encrypted object stands for each root secret in use now or before:
//
//	account    0xFF "encryption"   no client can name it: it is not UTF-8
//	container  "root-secrets"
//	object     "id " and the secret's id
//
// The object opens only under the secret of its PUT.
const (
	checkAccount   = "\xffencryption"
	checkContainer = "root-secrets"
	checkPrefix    = "id "
)

// ErrOtherSecret refuses a store: the store was encrypted under another secret
// of the same id.
var ErrOtherSecret = errors.New("the root secret is not the one that the store was encrypted under")

// ErrShared refuses root secrets over a store that other programs read: they know
// nothing of the envelopes here.
var ErrShared = errors.New("other programs read the store, and could not read what is encrypted here")

// CheckSecrets compares each configured secret with the store's object for the
// secret's id, and makes the object of the active secret if the object is
// missing. The error is ErrOtherSecret, ErrShared, or the store's. CheckSecrets
// must come before any use of the store: data written under a wrong secret is
// lost with the secret.
func (s *Store) CheckSecrets(ctx context.Context) error {
	if len(s.keys.secrets) > 0 && s.Guarantees().SwiftLayout {
		return ErrShared
	}
	var ids []string
	for id := range s.keys.secrets {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, strings.Compare)
	for _, id := range ids {
		mark := objstore.ObjectID{Account: checkAccount, Container: checkContainer, Object: objstore.ObjectName(checkPrefix + id)}
		_, err := s.HeadObject(ctx, mark, objstore.OpenOptions{})
		switch {
		case errors.Is(err, ErrEnvelope):
			return fmt.Errorf("%w: id %q", ErrOtherSecret, id)
		case errors.Is(err, objstore.KindNotFound):
			if s.keys.write && id == s.keys.active {
				err = s.remember(ctx, mark)
			} else {
				err = nil
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// remember writes the active secret's mark.
func (s *Store) remember(ctx context.Context, mark objstore.ObjectID) error {
	if _, err := s.Store.PutContainer(ctx, mark.ContainerID(), objstore.PutContainerOptions{}); err != nil {
		return err
	}
	_, err := s.PutObject(ctx, mark, strings.NewReader(""), objstore.PutOptions{})
	return err
}
