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
