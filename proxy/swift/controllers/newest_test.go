// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"

	"needletail/objstore"
)

// asked is a Store that notes who wants the newest state.
type asked struct {
	objstore.Store
	newest map[string]bool
}

func (a asked) HeadAccount(ctx context.Context, id objstore.AccountName, o objstore.InfoOptions) (objstore.AccountInfo, error) {
	a.newest["head account"] = o.Newest
	return a.Store.HeadAccount(ctx, id, o)
}

func (a asked) ListContainers(ctx context.Context, id objstore.AccountName, o objstore.ListOptions, visit func(*objstore.ContainerEntry) error) error {
	a.newest["list account"] = o.Newest
	return a.Store.ListContainers(ctx, id, o, visit)
}

func (a asked) HeadContainer(ctx context.Context, id objstore.ContainerID, o objstore.InfoOptions) (objstore.ContainerInfo, error) {
	if !o.Cached { // rights come from the cache
		a.newest["head container"] = o.Newest
	}
	return a.Store.HeadContainer(ctx, id, o)
}

func (a asked) ListObjects(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions, visit func(*objstore.ObjectEntry) error) error {
	a.newest["list container"] = o.Newest
	return a.Store.ListObjects(ctx, id, o, visit)
}

func (a asked) HeadObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.ObjectInfo, error) {
	a.newest["head object"] = o.Newest
	return a.Store.HeadObject(ctx, id, o)
}

func (a asked) OpenObject(ctx context.Context, id objstore.ObjectID, o objstore.OpenOptions) (objstore.Object, error) {
	a.newest["open object"] = o.Newest
	return a.Store.OpenObject(ctx, id, o)
}

// X-Newest goes down to the Store in every read.
func TestNewest(t *testing.T) {
	newest := map[string]bool{}
	s := newServer(t, func(c *Config) { c.Store = asked{c.Store, newest} })
	s.must(201, "PUT /v1/a/c", "")
	s.must(201, "PUT /v1/a/c/o", "abc")
	for _, c := range []struct {
		request string
		status  int
		calls   []string
	}{
		{"HEAD /v1/a", 204, []string{"head account"}}, {"GET /v1/a", 200, []string{"head account", "list account"}},
		{"HEAD /v1/a/c", 204, []string{"head container"}}, {"GET /v1/a/c", 200, []string{"head container", "list container"}},
		{"HEAD /v1/a/c/o", 200, []string{"head object"}}, {"GET /v1/a/c/o", 200, []string{"open object"}},
	} {
		for value, want := range map[string]bool{"": false, "no": false, "True": true} {
			clear(newest)
			s.must(c.status, c.request, "", "X-Newest: "+value)
			for _, call := range c.calls {
				if got, ok := newest[call]; !ok || got != want {
					t.Errorf("%s with X-Newest %q: %s has %v", c.request, value, call, newest)
				}
			}
		}
	}
}
