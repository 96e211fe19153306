// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/roles"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/imagedata"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
)

// addLocation is an operation that gophercloud has no type for.
type addLocation string

func (url addLocation) ToImagePatchMap() map[string]any {
	return map[string]any{"op": "add", "path": "/locations/-", "value": map[string]any{"url": string(url), "metadata": map[string]any{}}}
}

// glanceStore does to the service project's container what glance_store's Swift
// driver does on the wire.
type glanceStore struct {
	g          *goCloud
	token, url string
}

func (g *goCloud) glanceStore() glanceStore {
	g.Helper()
	ctx, sc := g.Context(), g.ServiceClient
	service := rows(g, projects.List(sc, projects.ListOpts{Name: "service"}), projects.ExtractProjects, 1)[0]
	admin := rows(g, roles.List(sc, roles.ListOpts{Name: "admin"}), roles.ExtractRoles, 1)[0]
	me := mustGo[tokens.User](g)(tokens.Get(ctx, sc, sc.Token()).ExtractUser())
	g.ok(roles.Assign(ctx, sc, admin.ID, roles.AssignOpts{UserID: me.ID, ProjectID: service.ID}).ExtractErr())
	own := g.login(gophercloud.AuthOptions{UserID: me.ID, Password: g.password, TenantID: service.ID})
	return glanceStore{g, own.Token(), g.site.URL + "/v1/AUTH_" + service.ID + "/glance"}
}

// do sends a request and wants that status.
func (s glanceStore) do(status int, method, object, body string, headers ...string) string {
	s.g.Helper()
	res, got := testserver.Answer(s.g.T, method, s.url+object, body, append(headers, "X-Auth-Token", s.token)...)
	if res.StatusCode != status {
		s.g.Fatalf("%s %s: %d %s", method, object, res.StatusCode, got)
	}
	return got
}

// TestSwitchingBetweenGlances: images go from a real glance-api to this one and
// back, over one container, and no byte is copied; encryption at rest included.
func TestSwitchingBetweenGlances(t *testing.T) {
	g := newGoCloud(t, "--config", testserver.WriteConfig(t, "[glance]\nshow_multiple_locations = true\n[encryption]\nroot_secret_file = \""+
		writeRootSecret(t, "a")+"\"\n"))
	ctx, sc, store := t.Context(), g.imageClient(), g.glanceStore()
	data := strings.Repeat("one", 70_000) + strings.Repeat("two", 50_000)
	store.do(201, "PUT", "", "")
	adopt := func(id string) {
		t.Helper()
		made := mustGo[images.Image](g)(images.Create(ctx, sc, images.CreateOpts{ID: id, Name: id, DiskFormat: "raw", ContainerFormat: "bare"}).Extract())
		m := mustGo[images.Image](g)(images.Update(ctx, sc, made.ID, images.UpdateOpts{addLocation("swift+config://ref1/glance/" + id)}).Extract())
		if m.Status != images.ImageStatusActive || m.SizeBytes != int64(len(data)) {
			t.Errorf("taken over: %+v", m)
		}
		body, err := imagedata.Download(ctx, sc, id).Extract()
		g.ok(err)
		defer body.Close()
		if got, err := io.ReadAll(body); string(got) != data || err != nil {
			t.Errorf("downloaded %d bytes, %v", len(got), err)
		}
		g.ok(images.Delete(ctx, sc, id).ExtractErr())
	}
	const segments, whole = "6f2f9b1c-6ca4-4bd1-8dd6-0f0e6a7a1d11", "6f2f9b1c-6ca4-4bd1-8dd6-0f0e6a7a1d12"
	store.do(201, "PUT", "/"+segments+"-00001", data[:210_000])
	store.do(201, "PUT", "/"+segments+"-00002", data[210_000:])
	store.do(201, "PUT", "/"+segments, "", "X-Object-Manifest", "glance/"+segments+"-")
	store.do(201, "PUT", "/"+whole, data)
	adopt(segments)
	adopt(whole)

	ours := g.newImage(sc, "ours")
	g.ok(imagedata.Upload(ctx, sc, ours.ID, strings.NewReader(data)).ExtractErr())
	if got := store.do(200, "GET", "/"+ours.ID, ""); got != data {
		t.Errorf("a glance-api downloads %d bytes", len(got))
	}
	if list := strings.Fields(store.do(200, "GET", "", "")); len(list) != 1 || list[0] != ours.ID {
		t.Errorf("the container holds %q", list)
	}
	g.site.Stop()
}
