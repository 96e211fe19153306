// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"testing"

	"go.uber.org/goleak"

	"needletail/objstore"
	"needletail/objstore/datafolder"
	"needletail/objstore/fsck"
	"needletail/objstore/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

var (
	ctx = context.Background()
	box = objstore.ContainerID{Account: "AUTH_a", Container: "box"}
)

func quiet(o Options) Options {
	o.Logger = slog.New(slog.DiscardHandler)
	if o.Policies == nil {
		o.Policies = storetest.Policies()
	}
	return o
}

// folder is a data folder for package fsck.
func folder(dir string, o Options) datafolder.Folder {
	o = quiet(o)
	return o.Folder(dir)
}

// openTest opens a store that the test closes.
func openTest(t testing.TB, dir string, o Options) *Engine {
	t.Helper()
	e, err := Open(dir, quiet(o))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func closeTest(t testing.TB, e *Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func makeBox(t testing.TB, e *Engine) {
	t.Helper()
	must[bool](t)(e.PutContainer(ctx, box, objstore.PutContainerOptions{}))
}

func put(t testing.TB, e *Engine, name objstore.ObjectName, body []byte) objstore.ObjectInfo {
	t.Helper()
	return must[objstore.ObjectInfo](t)(e.PutObject(ctx, box.Object(name), bytes.NewReader(body),
		objstore.PutOptions{SizeBytes: int64(len(body))}))
}

func get(e *Engine, name objstore.ObjectName) ([]byte, error) {
	obj, err := e.OpenObject(ctx, box.Object(name), objstore.OpenOptions{})
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(obj.Range(0, obj.Info().SizeBytes))
	return body, errors.Join(err, obj.Close())
}

// randomBody is size bytes that differ from seed to seed.
func randomBody(seed uint64, size int) []byte {
	b := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24)})
	_, _ = r.Read(b) // never fails
	return b
}

func wantRecount(t testing.TB, e *Engine) fsck.Recounted {
	t.Helper()
	r, err := e.Recount(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Problems {
		t.Error(p)
	}
	return r
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }
