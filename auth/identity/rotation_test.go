// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"needletail/auth/token"
)

// TestRotationUnderLoad: during rotations of the keys, by this process and as
// a second process rotates them, no login fails and no token still alive is
// refused.
func TestRotationUnderLoad(t *testing.T) {
	w := newWorld(t)
	other, err := token.OpenRepository(filepath.Join(w.dir, "fernet-keys"))
	w.ok(err)
	const active = 12 // more than the rotations: no key is dropped
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var checked atomic.Int64
	for range 4 {
		wg.Go(func() {
			var kept []string
			for {
				select {
				case <-stop:
					return
				default:
				}
				tok, err := w.Authenticate(context.Background(), passwordLogin("admin", adminPassword, adminScope))
				if err != nil {
					t.Errorf("login: %v", err)
					return
				}
				kept = append(kept[max(0, len(kept)-50):], tok.Text)
				for _, text := range kept {
					checked.Add(1)
					if !w.valid(text) {
						t.Error("a token was refused")
						return
					}
				}
			}
		})
	}
	for i := range active - 2 {
		for before := checked.Load(); checked.Load() < before+200 && !t.Failed(); {
			runtime.Gosched()
		}
		if i%2 == 0 {
			w.ok(w.RotateKeys(active))
		} else {
			w.ok(other.Rotate(active))
		}
	}
	close(stop)
	wg.Wait()
	// A token issued before the last but one rotation ends with its key.
	old := w.login("admin", adminPassword, adminScope)
	w.wantValid(old.Text, true, "before")
	w.ok(w.RotateKeys(2))
	w.ok(w.RotateKeys(2))
	w.wantValid(old.Text, false, "after its key was dropped")
}
