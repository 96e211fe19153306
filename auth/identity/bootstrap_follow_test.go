// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"strings"
	"testing"
)

func TestLaterStartsCreateNothing(t *testing.T) {
	dir := t.TempDir()
	open := func() *Service {
		s, err := Open(Options{Dir: dir, BcryptCost: 4})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	if s.Bootstrapped() {
		t.Fatal("an empty store says that it was bootstrapped")
	}
	if _, err := s.Bootstrap(context.Background(), BootstrapOptions{AdminPassword: "p", PublicURL: "http://old:1"}); err != nil {
		t.Fatal(err)
	}
	glance := s.Users(func(u *User) bool { return u.Name == "glance" })[0]
	if err := s.DeleteUser(glance.ID); err != nil {
		t.Fatal(err)
	}
	image := s.Services(func(c *CatalogService) bool { return c.Type == "image" })[0]
	if err := s.DeleteService(image.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open()
	defer s.Close()
	if !s.Bootstrapped() {
		t.Fatal("the bootstrap is forgotten after a restart")
	}
	if err := s.FollowPublicURL(BootstrapOptions{PublicURL: "http://new:2"}); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Users(func(u *User) bool { return u.Name == "glance" })); n != 0 {
		t.Error("a user that was deleted came back")
	}
	if n := len(s.Services(func(c *CatalogService) bool { return c.Type == "image" })); n != 0 {
		t.Error("a service that was deleted came back")
	}
	endpoints := s.Endpoints(nil)
	if len(endpoints) == 0 {
		t.Fatal("there are no endpoints")
	}
	for _, e := range endpoints {
		if !strings.HasPrefix(e.URL, "http://new:2") {
			t.Errorf("endpoint %s %s did not follow", e.Interface, e.URL)
		}
	}
}

// TestImageAdminComesOnce: a store of an earlier version gets the image
// service's admin endpoint at the next start. After a deletion the endpoint
// stays away.
func TestImageAdminComesOnce(t *testing.T) {
	w := newWorld(t)
	image := w.Services(func(c *CatalogService) bool { return c.Type == "image" })[0]
	admins := func() []*Endpoint {
		return w.Endpoints(func(e *Endpoint) bool { return e.ServiceID == image.ID && e.Interface == "admin" })
	}
	remove := func() {
		t.Helper()
		for _, e := range admins() {
			w.ok(w.DeleteEndpoint(e.ID))
		}
	}
	start := func() {
		t.Helper()
		w.reopen()
		w.ok(w.FollowPublicURL(BootstrapOptions{PublicURL: "http://h:2"}))
	}
	remove()
	start()
	if n := len(admins()); n != 0 {
		t.Errorf("%d endpoints after one was deleted", n)
	}
	w.ok(w.update(func(t *tx) error { // as an earlier version left it
		drop(t, w.milestones, imageAdminMade)
		return nil
	}))
	for range 2 {
		start()
		if made := admins(); len(made) != 1 || made[0].URL != "http://h:2/image" || made[0].RegionID != DefaultRegion {
			t.Fatalf("made %v", made)
		}
	}
}
