// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"testing"
)

func TestBootstrap(t *testing.T) {
	w := newWorld(t)
	count := func() [6]int {
		return [6]int{len(w.Users(nil)), len(w.Projects(nil)), len(w.Roles(nil)),
			len(w.Grants(nil)), len(w.Services(nil)), len(w.Endpoints(nil))}
	}
	if got := count(); got != [6]int{3, 2, 5, 6, 3, 9} {
		t.Errorf("made %v", got)
	}
	admin := w.login("admin", adminPassword, adminScope)
	w.login("admin", adminPassword, Scope{Kind: ScopeSystem})
	urls := map[string]string{}
	for _, c := range w.Catalog(admin) {
		for _, e := range c.Endpoints {
			urls[c.Service.Type+" "+e.Interface] = e.URL
		}
	}
	for key, want := range map[string]string{
		"identity public": "http://h:1/identity", "identity internal": "http://h:1/identity",
		"identity admin": "http://h:1/identity", "image public": "http://h:1/image",
		"object-store public": "http://h:1/v1/AUTH_" + admin.Project.ID, "object-store admin": "http://h:1/v1/AUTH_" + admin.Project.ID,
		"image internal": "http://h:1/image", "image admin": "http://h:1/image", "object-store internal": "http://h:1/v1/AUTH_" + admin.Project.ID,
	} {
		if urls[key] != want {
			t.Errorf("%s is %q, want %q", key, urls[key], want)
		}
	}
	// A second run after a restart, with a new URL: no row is made twice,
	// tokens live on, and endpoints follow, except for the endpoint changed by
	// hand.
	image := w.Endpoints(func(e *Endpoint) bool { return e.Interface == "public" && e.URL == "http://h:1/image" })[0]
	_, err := w.UpdateEndpoint(image.ID, func(e *Endpoint) { e.URL = "http://by-hand/image" })
	w.ok(err)
	w.reopen()
	result, err := w.Bootstrap(context.Background(), BootstrapOptions{AdminPassword: adminPassword, PublicURL: "http://h:2"})
	w.ok(err)
	if got := count(); got != [6]int{3, 2, 5, 6, 3, 9} || len(result.Passwords) != 0 {
		t.Errorf("a second run made %v and passwords for %d", got, len(result.Passwords))
	}
	w.wantValid(admin.Text, true, "after a second run")
	for _, e := range w.Endpoints(nil) {
		follows := e.URL[:10] == "http://h:2"
		if follows != (e.ID != image.ID) {
			t.Errorf("endpoint %s is %s", e.ID, e.URL)
		}
	}
	// A third run with a new password sets the password and ends the old
	// tokens.
	_, err = w.Bootstrap(context.Background(), BootstrapOptions{AdminPassword: "another", PublicURL: "http://h:2"})
	w.ok(err)
	w.wantValid(admin.Text, false, "after the password was reset")
	w.login("admin", "another", adminScope)
}

func TestBootstrapMakesUpPasswords(t *testing.T) {
	w := &world{t: t, dir: t.TempDir(), clock: &clock{}}
	w.open()
	defer w.Close()
	result, err := w.Bootstrap(context.Background(), BootstrapOptions{PublicURL: "http://h"})
	w.ok(err)
	for _, name := range []string{"admin", "glance", "glance-swift"} {
		if len(result.Passwords[name]) < 20 {
			t.Errorf("%s has the password %q", name, result.Passwords[name])
		}
	}
	w.login("admin", result.Passwords["admin"], adminScope)
}
