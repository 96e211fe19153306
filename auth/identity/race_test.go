// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// TestConcurrentUse validates tokens during changes and revocations. A token
// revoked before the begin of a validation is never valid.
func TestConcurrentUse(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	names := []string{"ann", "bob", "eve", "joe"}
	for _, name := range names {
		w.member(name)
	}
	for _, name := range names {
		wg.Go(func() {
			for range 10 {
				token, err := w.Authenticate(ctx, passwordLogin(name, "pw", adminScope))
				if err != nil {
					t.Error(err)
					return
				}
				if !w.valid(token.Text) {
					t.Error("a new token is not valid")
				}
				if err := w.RevokeToken(token.Text); err != nil {
					t.Error(err)
				}
				if w.valid(token.Text) {
					t.Error("a revoked token is valid")
				}
			}
		})
		wg.Go(func() {
			for j := range 10 {
				r, err := w.CreateRole(Role{Name: fmt.Sprintf("%s-%d", name, j)})
				if err != nil {
					t.Error(err)
					return
				}
				w.Catalog(&Token{User: &User{}})
				w.Grants(nil)
				if err := w.DeleteRole(r.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestOneOfManyWins: of many requests for a name at the same time, a single
// request gets the name.
func TestOneOfManyWins(t *testing.T) {
	w := newWorld(t)
	const askers = 8
	errs := make(chan error, askers)
	for range askers {
		go func() {
			_, err := w.CreateProject(Project{Name: "same", DomainID: DefaultDomainID, Enabled: true})
			errs <- err
		}()
	}
	won := 0
	for range askers {
		if err := <-errs; err == nil {
			won++
		} else if KindOf(err) != KindConflict {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d won", won)
	}
}
