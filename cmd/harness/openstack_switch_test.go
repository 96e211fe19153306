// SPDX-License-Identifier: Apache-2.0

//go:build openstack

package harness

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"needletail/cmd/harness/page"
	"needletail/cmd/harness/testserver"
)

// TestOpenStackSwitch: images that a real glance-api stored, in segments and
// whole, become needletail's and the other way round, over one container; each
// side deletes what the other stored.
func TestOpenStackSwitch(t *testing.T) {
	t.Setenv("OS_BOOTSTRAP_PASSWORD", servicePassword)
	c, dir := newCloud(t), t.TempDir()
	p := testserver.Start(t, filepath.Join(dir, "data"), "--config", writeFile(t, filepath.Join(dir, "config.toml"),
		fmt.Sprint("[identity]\npassword_hash_rounds = ", passwordRounds, "\n[glance]\nshow_multiple_locations = true\n")))
	c.setUp(p.URL+"/identity", p.URL+"/image", p.URL)
	x := &topology{cloud: c, t: t, keystone: p.URL + "/identity", swift: p.URL}
	startGlance(t, c.db(), x.keystone, c.imagePort, false, "[DEFAULT]", "show_multiple_locations = True")

	ours, theirs := p.URL+"/image", c.glanceURL()
	save, takeOver := pageScripts(t)
	records := t.TempDir()
	small, large := filepath.Join(dir, "small"), filepath.Join(dir, "large")
	randomFile(t, small, 3<<20)
	randomFile(t, large, 12<<20)
	x.imageAt(theirs)
	toOurs := x.upload(small, large)
	x.script(records, save)
	x.imageAt(ours)
	x.takeOver(records, "place=swift+config://ref1/glance\n"+takeOver, toOurs)
	toTheirs := x.upload(small, large)
	x.script(records, save)
	x.imageAt(theirs)
	place := "swift+http://service%3Aglance-swift:" + servicePassword + "@" + strings.TrimPrefix(x.keystone, "http://") + "/v3/glance"
	x.takeOver(records, "place="+place+"\n"+takeOver, toTheirs)
	x.wantNothing("after both directions")
}

// pageScripts returns the commands that docs/glance.md tells an operator to run on
// the old side, and the commands for the new side.
func pageScripts(t *testing.T) (save, takeOver string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/glance.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := page.Blocks(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var scripts []string
	for _, b := range blocks {
		if b.Kind != page.Syntax {
			continue
		}
		commands, err := page.Commands(b.Text)
		if err != nil {
			t.Fatal(err)
		}
		script := ""
		for _, c := range commands {
			script += c.Text + "\n"
		}
		scripts = append(scripts, script)
	}
	if len(scripts) != 3 || !strings.HasPrefix(scripts[1], "place=") {
		t.Fatalf("the page has %q, want three scripts: to save, the place, to take over", scripts)
	}
	return scripts[0], scripts[2]
}

// script runs shell commands in the folder, as admin.
func (x *topology) script(dir, commands string) {
	x.t.Helper()
	path := writeFile(x.t, filepath.Join(dir, "script"), "set -e\ncd "+dir+"\n"+commands)
	x.clients().script(x.t, path, x.env(x.keystone, "admin", "admin"))
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

// takeOver makes what lies in the container images of this side by the script,
// compares them with what the other side said, reads and deletes them.
func (x *topology) takeOver(dir, script string, stored map[string]string) {
	t := x.t
	t.Helper()
	before := x.stored()
	x.script(dir, script)
	for id, file := range stored {
		record, err := os.ReadFile(filepath.Join(dir, id+".json"))
		var want map[string]any
		if err != nil || json.Unmarshal(record, &want) != nil {
			t.Fatalf("%v in %s", err, record)
		}
		got := x.show("openstack", "image", "show", id)
		for _, field := range []string{"name", "status", "size", "checksum", "owner", "visibility", "disk_format", "container_format", "properties"} {
			if a, b := plainProperties(got[field]), plainProperties(want[field]); a != b {
				t.Errorf("%s of %s is %s, was %s", field, id, a, b)
			}
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

// plainProperties prints a value of `openstack image show`; of properties those
// that say what the image is, not who serves it.
func plainProperties(v any) string {
	if properties, ok := v.(map[string]any); ok {
		v = []any{properties["os_hash_algo"], properties["os_hash_value"], properties["os_hidden"]}
	}
	return fmt.Sprint(v)
}
