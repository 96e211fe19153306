// SPDX-License-Identifier: Apache-2.0

package encryption_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"needletail/objstore"
	"needletail/objstore/encryption"
	"needletail/objstore/memstore"
	"needletail/objstore/storetest"
)

func secret(fill byte) []byte { return bytes.Repeat([]byte{fill}, encryption.SecretMinBytes) }

func keys(t testing.TB, o encryption.KeyOptions) encryption.Keys {
	t.Helper()
	k, err := encryption.NewKeys(o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func one(t testing.TB) encryption.Keys {
	return keys(t, encryption.KeyOptions{Secrets: map[string][]byte{"": secret(1)}})
}

func open(t *testing.T) objstore.Store {
	return encryption.New(memstore.New(memstore.Options{Policies: storetest.Policies()}), one(t))
}

func openOff(*testing.T) objstore.Store {
	return encryption.New(memstore.New(memstore.Options{Policies: storetest.Policies()}), encryption.Keys{})
}

// TestConformance: encryption keeps the whole contract, on and off.
func TestConformance(t *testing.T) {
	t.Run("on", func(t *testing.T) { storetest.Run(t, open) })
	t.Run("off", func(t *testing.T) { storetest.Run(t, openOff) })
}

func TestRandom(t *testing.T) {
	storetest.RunRandom(t, open, 1, 200)
	storetest.RunRandom(t, open, time.Now().UnixNano(), 60, storetest.LargeSizes...)
}

var (
	ctx       = context.Background()
	container = objstore.ContainerID{Account: "AUTH_a", Container: "c"}
	id        = container.Object("o")
)

// site is one memory under several configurations.
type site struct {
	testing.TB
	inner objstore.Store
}

func newSite(t testing.TB) *site {
	s := &site{t, memstore.New(memstore.Options{Policies: storetest.Policies()})}
	_, err := s.inner.PutContainer(ctx, container, objstore.PutContainerOptions{})
	s.ok(err)
	return s
}

func (s *site) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) with(o encryption.KeyOptions) objstore.Store {
	s.Helper()
	return encryption.New(s.inner, keys(s, o))
}

func put(t testing.TB, st objstore.Store, o objstore.ObjectID, body []byte, m ...objstore.Field) objstore.ObjectInfo {
	t.Helper()
	info, err := st.PutObject(ctx, o, bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body)), ContentType: "a/b", Metadata: m})
	if err != nil {
		t.Fatal(err)
	}
	return info
}
