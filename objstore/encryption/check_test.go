// SPDX-License-Identifier: Apache-2.0

package encryption_test

import (
	"errors"
	"testing"

	"needletail/objstore"
	"needletail/objstore/encryption"
	"needletail/objstore/memstore"
	"needletail/objstore/storetest"
)

func TestCheckSecrets(t *testing.T) {
	inner := memstore.New(memstore.Options{Policies: storetest.Policies()})
	check := func(want error, o encryption.KeyOptions) {
		t.Helper()
		if err := encryption.New(inner, keys(t, o)).CheckSecrets(ctx); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%q active, off %v: %v, want %v", o.Active, o.Disable, err, want)
		}
	}
	a, b := secret(1), secret(2)
	check(nil, encryption.KeyOptions{})
	check(nil, encryption.KeyOptions{Secrets: map[string][]byte{"": b}, Disable: true}) // leaves no mark
	check(nil, encryption.KeyOptions{Secrets: map[string][]byte{"": a}})
	check(nil, encryption.KeyOptions{Secrets: map[string][]byte{"": a}})
	check(encryption.ErrOtherSecret, encryption.KeyOptions{Secrets: map[string][]byte{"": b}})
	check(encryption.ErrOtherSecret, encryption.KeyOptions{Secrets: map[string][]byte{"": b}, Disable: true})
	check(nil, encryption.KeyOptions{Secrets: map[string][]byte{"": a, "new": b}, Active: "new"})
	check(encryption.ErrOtherSecret, encryption.KeyOptions{Secrets: map[string][]byte{"": b, "new": b}, Active: "new"})
	check(encryption.ErrOtherSecret, encryption.KeyOptions{Secrets: map[string][]byte{"": a, "new": a}})
	check(nil, encryption.KeyOptions{Secrets: map[string][]byte{"new": b}, Active: "new"}) // the old one may go
	check(nil, encryption.KeyOptions{})
	if err := inner.Close(); err != nil {
		t.Fatal(err)
	}
	if err := encryption.New(inner, one(t)).CheckSecrets(ctx); err == nil || errors.Is(err, encryption.ErrOtherSecret) {
		t.Errorf("of a store that fails: %v", err)
	}
}

// A store that other programs read is not encrypted in a form of ours.
func TestCheckSecretsOfASharedStore(t *testing.T) {
	inner := memstore.New(memstore.Options{Guarantees: &objstore.Guarantees{SwiftLayout: true}})
	if err := encryption.New(inner, encryption.Keys{}).CheckSecrets(ctx); err != nil {
		t.Errorf("without a secret: %v", err)
	}
	for name, k := range map[string]encryption.Keys{
		"one": one(t), "off": keys(t, encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}, Disable: true}),
	} {
		if err := encryption.New(inner, k).CheckSecrets(ctx); !errors.Is(err, encryption.ErrShared) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
