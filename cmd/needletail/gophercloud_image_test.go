// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/registeredlimits"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/services"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/imagedata"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/imageimport"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/members"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/tasks"
)

// imageClient is a client of the catalog's image service.
func (g *goCloud) imageClient() *gophercloud.ServiceClient {
	g.Helper()
	client, err := openstack.NewImageV2(g.ProviderClient, gophercloud.EndpointOpts{Region: "RegionOne"})
	g.ok(err)
	return client
}

func (g *goCloud) newImage(client *gophercloud.ServiceClient, name string) *images.Image {
	g.Helper()
	return mustGo[images.Image](g)(images.Create(g.Context(), client, images.CreateOpts{Name: name, DiskFormat: "raw",
		ContainerFormat: "bare", Tags: []string{"go", name}, Properties: map[string]string{"os_distro": "debian"}}).Extract())
}

func TestGophercloudImages(t *testing.T) {
	g := newGoCloud(t)
	ctx, sc := t.Context(), g.imageClient()
	first, second := g.newImage(sc, "first"), g.newImage(sc, "second")
	g.ok(imagedata.Upload(ctx, sc, first.ID, strings.NewReader("the data")).ExtractErr())
	first = mustGo[images.Image](g)(images.Get(ctx, sc, first.ID).Extract())
	if first.Status != images.ImageStatusActive || first.SizeBytes != 8 || first.Properties["os_distro"] != "debian" {
		t.Errorf("after the upload: %+v", first)
	}
	for want, o := range map[*images.Image]images.ListOpts{
		first:  {Status: images.ImageStatusActive},
		second: {Name: "in:second,third", Tags: []string{"go"}},
	} {
		if list := rows(g, images.List(sc, o), images.ExtractImages, 1); list[0].ID != want.ID {
			t.Errorf("%+v lists %+v", o, list)
		}
	}
	rows(g, images.List(sc, images.ListOpts{Limit: 1, Sort: "name:asc"}), images.ExtractImages, 2)
	rows(g, images.List(sc, images.ListOpts{Owner: "nobody"}), images.ExtractImages, 0)

	changed := mustGo[images.Image](g)(images.Update(ctx, sc, first.ID, images.UpdateOpts{
		images.ReplaceImageName{NewName: "renamed"}, images.ReplaceImageTags{NewTags: []string{"one"}},
		images.UpdateImageProperty{Op: images.AddOp, Name: "hw", Value: "virtio"},
		images.UpdateImageProperty{Op: images.RemoveOp, Name: "os_distro"},
		images.ReplaceImageMinDisk{NewMinDisk: 3},
	}).Extract())
	if changed.Name != "renamed" || changed.Properties["hw"] != "virtio" || changed.Properties["os_distro"] != nil || changed.MinDiskGigabytes != 3 {
		t.Errorf("after the update: %+v", changed)
	}
	project := mustGo[projects.Project](g)(projects.Create(ctx, g.ServiceClient, projects.CreateOpts{Name: "guest"}).Extract())
	mustGo[members.Member](g)(members.Create(ctx, sc, first.ID, project.ID).Extract())
	_, err := members.Create(ctx, sc, first.ID, project.ID).Extract()
	g.refused(err, http.StatusConflict)
	accepted := mustGo[members.Member](g)(members.Update(ctx, sc, first.ID, project.ID, members.UpdateOpts{Status: "accepted"}).Extract())
	if rows(g, members.List(sc, first.ID), members.ExtractMembers, 1); accepted.Status != "accepted" {
		t.Errorf("member: %+v", accepted)
	}
	g.ok(members.Delete(ctx, sc, first.ID, project.ID).ExtractErr())

	body, err := imagedata.Download(ctx, sc, first.ID).Extract()
	g.ok(err)
	got, err := io.ReadAll(body)
	g.ok(err)
	if g.ok(body.Close()); string(got) != "the data" {
		t.Errorf("downloaded %q", got)
	}
	g.importImage(sc, second.ID)
	for _, m := range []*images.Image{first, second} {
		g.ok(images.Delete(ctx, sc, m.ID).ExtractErr())
	}
	_, err = images.Get(ctx, sc, first.ID).Extract()
	g.refused(err, http.StatusNotFound)
	g.site.Stop()
}

func (g *goCloud) importImage(sc *gophercloud.ServiceClient, id string) {
	g.Helper()
	ctx := g.Context()
	info, err := imageimport.Get(ctx, sc).Extract()
	if g.ok(err); len(info.ImportMethods.Value) != 3 {
		g.Errorf("import methods: %+v", info)
	}
	g.ok(imagedata.Stage(ctx, sc, id, strings.NewReader("staged")).ExtractErr())
	g.ok(imageimport.Create(ctx, sc, id, imageimport.CreateOpts{Name: imageimport.GlanceDirectMethod}).ExtractErr())
	list := rows(g, tasks.List(sc, tasks.ListOpts{Type: "api_image_import"}), tasks.ExtractTasks, 1)
	task := mustGo[tasks.Task](g)(tasks.Get(ctx, sc, list[0].ID).Extract())
	if task.Status != "success" || task.Result["image_id"] != id {
		g.Errorf("the task of the import: %+v", task)
	}
	if m := mustGo[images.Image](g)(images.Get(ctx, sc, id).Extract()); m.Status != images.ImageStatusActive || m.SizeBytes != 6 {
		g.Errorf("after the import: %+v", m)
	}
}

func TestLimitsOfKeystoneApplyToImages(t *testing.T) {
	g := newGoCloud(t)
	ctx, sc := t.Context(), g.imageClient()
	service := rows(g, services.List(g.ServiceClient, services.ListOpts{ServiceType: "image"}), services.ExtractServices, 1)[0].ID
	_, project := adminToken(t, g.site)
	usage := func(want string) {
		t.Helper()
		res, err := sc.Get(ctx, sc.ServiceURL("info", "usage"), nil, &gophercloud.RequestOpts{KeepResponseBody: true})
		g.ok(err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if g.ok(err); !strings.Contains(string(body), want) {
			t.Errorf("usage is %s, want %s", body, want)
		}
	}
	usage(`{"usage": {}}`)
	_, err := registeredlimits.BatchCreate(ctx, g.ServiceClient, registeredlimits.BatchCreateOpts{
		{ServiceID: service, RegionID: "RegionOne", ResourceName: "image_count_total", DefaultLimit: 0},
		{ServiceID: service, ResourceName: "image_size_total", DefaultLimit: 2},
	}).Extract()
	g.ok(err)
	_, err = images.Create(ctx, sc, images.CreateOpts{Name: "one too many"}).Extract()
	g.refused(err, http.StatusRequestEntityTooLarge)
	own, err := limits.BatchCreate(ctx, g.ServiceClient, limits.BatchCreateOpts{{ServiceID: service, RegionID: "RegionOne", ProjectID: project,
		ResourceName: "image_count_total", ResourceLimit: 2}}).Extract()
	g.ok(err)
	full, other := g.newImage(sc, "full"), g.newImage(sc, "other")
	usage(`"image_count_total": {"usage": 2, "limit": 2}`)
	usage(`"image_size_total": {"usage": 0, "limit": 2}, "image_stage_total": {"usage": 0, "limit": -1}`)
	g.ok(imagedata.Upload(ctx, sc, full.ID, strings.NewReader(strings.Repeat("x", 2<<20))).ExtractErr())
	err = imagedata.Upload(ctx, sc, other.ID, strings.NewReader(strings.Repeat("x", 1<<20))).ExtractErr()
	if g.refused(err, http.StatusRequestEntityTooLarge); !strings.Contains(err.Error(),
		"Project "+project+" is over a limit for [Resource image_size_total is over limit of 2 due to current usage 2 and delta 1]") {
		t.Errorf("refused with %v", err)
	}
	g.ok(limits.Delete(ctx, g.ServiceClient, own[0].ID).ExtractErr())
	usage(`"image_count_total": {"usage": 2, "limit": 0}`)
	g.site.Stop()
}
