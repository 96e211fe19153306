//go:build openstack

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestOpenStackSwitch: images that a real glance-api stored, in segments and
// whole, become needletail's and the other way round, over one container; each
// side deletes what the other stored.
func TestOpenStackSwitch(t *testing.T) {
	t.Setenv("OS_BOOTSTRAP_PASSWORD", servicePassword)
	c, dir := newCloud(t), t.TempDir()
	p := startServer(t, filepath.Join(dir, "data"), "--config", writeFile(t, filepath.Join(dir, "config.toml"),
		fmt.Sprint("[identity]\npassword_hash_rounds = ", passwordRounds, "\n[glance]\nshow_multiple_locations = true\n")))
	c.setUp(p.url+"/identity", p.url+"/image", p.url)
	x := &topology{cloud: c, t: t, keystone: p.url + "/identity", swift: p.url}
	startGlance(t, c.db(), x.keystone, c.imagePort, false, "[DEFAULT]", "show_multiple_locations = True")

	ours, theirs := p.url+"/image", c.glanceURL()
	x.imageAt(theirs)
	small, large := filepath.Join(dir, "small"), filepath.Join(dir, "large")
	randomFile(t, small, 3<<20)
	randomFile(t, large, 12<<20)
	toOurs := x.upload(small, large)
	x.imageAt(ours)
	x.takeOver(toOurs, "swift+config://ref1/glance/")
	toTheirs := x.upload(small, large)
	x.imageAt(theirs)
	// glance-api takes no swift+config from its users.
	x.takeOver(toTheirs, "swift+http://service%3Aglance-swift:"+servicePassword+"@"+strings.TrimPrefix(x.keystone, "http://")+"/v3/glance/")
	x.wantNothing("after both directions")
}

// upload stores files, and gives them by the ids of their images.
func (x *topology) upload(files ...string) map[string]string {
	x.t.Helper()
	stored := map[string]string{}
	for _, file := range files {
		out := x.run("glance", "image-create", "--name", filepath.Base(file), "--disk-format", "raw", "--container-format", "bare", "--file", file)
		stored[tableValue(out, "id")] = file
	}
	return stored
}

// takeOver makes what lies in the container images of this side, reads them and
// deletes them; the location of each is place and its id.
func (x *topology) takeOver(stored map[string]string, place string) {
	t := x.t
	t.Helper()
	token, _ := login(t, x.keystone, "admin", "admin")
	before := x.stored()
	for id, file := range stored {
		res, body := answerOf(t, "POST", x.image+"/v2/images", `{"id": "`+id+`", "name": "n", "disk_format": "raw", "container_format": "bare"}`,
			"X-Auth-Token", token, "Content-Type", "application/json")
		if res.StatusCode != 201 {
			t.Fatalf("POST images: %d %s", res.StatusCode, body)
		}
		x.run("glance", "location-add", "--url", place+id, id)
		if status := x.status(token, id); status != "active" {
			t.Errorf("%s is %s", id, status)
		}
		saved := filepath.Join(t.TempDir(), "saved")
		x.run("openstack", "image", "save", "--file", saved, id)
		sameFiles(t, file, saved)
	}
	if after := x.stored(); strings.Join(after, " ") != strings.Join(before, " ") {
		t.Errorf("the container held %q and holds %q", before, after)
	}
	for id := range stored {
		x.run("openstack", "image", "delete", id)
	}
	x.wantNothing("after deleting what the other side stored")
}
