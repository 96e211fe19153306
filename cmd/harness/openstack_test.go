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

	"needletail/cmd/harness/testserver"
)

// cloud is what the topologies are made of. What is not used is not started.
type cloud struct {
	t       *testing.T // of all topologies: services end with it
	clients func() *clients
	db      func() *database

	// realKeystone is Keystone's address, after the set-up script.
	realKeystone func() string
	// ours is needletail alone, with its own Keystone, after the set-up script.
	ours func() *testserver.Process
	// behind is needletail behind the real Keystone.
	behind func() *testserver.Process

	imagePort, swiftPort int // of the real glance-api, and of behind
}

// lazily makes a value at its first use.
func lazily[T any](start func() T) func() T {
	var v T
	made := false
	return func() T {
		if !made {
			v, made = start(), true
		}
		return v
	}
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{t: t, imagePort: freePort(t), swiftPort: freePort(t)}
	c.clients = lazily(func() *clients { return startClients(t) })
	c.db = lazily(func() *database { return startDatabase(t) })
	c.realKeystone = lazily(func() string {
		url := startKeystone(t, c.db())
		c.setUp(url, c.glanceURL(), c.swiftURL())
		return url
	})
	c.ours = lazily(func() *testserver.Process {
		t.Setenv("OS_BOOTSTRAP_PASSWORD", servicePassword)
		p := c.startAlone(t.TempDir(), "127.0.0.1:0", "")
		c.setUp(p.URL+"/identity", p.URL+"/image", p.URL)
		return p
	})
	c.behind = lazily(func() *testserver.Process { return c.startBehindReal(t.TempDir(), "[glance]\nimage_size_total = 13\n") })
	return c
}

func (c *cloud) glanceURL() string { return fmt.Sprint("http://127.0.0.1:", c.imagePort) }
func (c *cloud) swiftURL() string  { return fmt.Sprint("http://127.0.0.1:", c.swiftPort) }

// startAlone starts needletail with its own Keystone; more are further sections
// of its configuration.
func (c *cloud) startAlone(dir, listen, more string) *testserver.Process {
	config := writeFile(c.t, filepath.Join(dir, "config.toml"), fmt.Sprint("[identity]\npassword_hash_rounds = ", passwordRounds, "\n", more))
	return testserver.Start(c.t, filepath.Join(dir, "data"), "--config", config, "--listen", listen)
}

// startBehindReal starts needletail as what the real Keystone's catalog says.
func (c *cloud) startBehindReal(dir, more string) *testserver.Process {
	_, service := login(c.t, c.realKeystone(), "swift", "service")
	config := writeFile(c.t, filepath.Join(dir, "config.toml"), "[keystone]\nauth_url = \""+c.realKeystone()+"\"\n"+
		"username = \"swift\"\npassword = \""+servicePassword+"\"\nproject_name = \"service\"\n"+
		"image_account = \"AUTH_"+service+"\"\n"+more)
	return testserver.Start(c.t, filepath.Join(dir, "data"), "--config", config, "--listen", fmt.Sprint("127.0.0.1:", c.swiftPort))
}

func (c *cloud) setUp(keystoneURL, imageURL, swiftURL string) {
	env := c.env(keystoneURL, "admin", "admin")
	env["IMAGE_URL"], env["SWIFT_URL"], env["SERVICE_PASSWORD"] = imageURL, swiftURL, servicePassword
	c.clients().script(c.t, "testdata/openstack-setup.sh", env)
}

func (c *cloud) env(keystoneURL, name, project string) map[string]string {
	return map[string]string{
		"OS_AUTH_URL": keystoneURL, "OS_USERNAME": name, "OS_PASSWORD": servicePassword, "OS_PROJECT_NAME": project,
		"OS_USER_DOMAIN_ID": "default", "OS_PROJECT_DOMAIN_ID": "default", "OS_IDENTITY_API_VERSION": "3",
		"OS_REGION_NAME": "RegionOne", "PATH": os.Getenv("PATH"), "HOME": "/nonexistent",
	}
}

// topology is a way to put the services together.
type topology struct {
	*cloud
	t        *testing.T
	keystone string // address
	image    string // address
	swift    string // address
	// glance is the real glance-api; nil: ours.
	glance *imageService
}

// imageAt makes the catalog say where images are.
func (x *topology) imageAt(url string) {
	for _, id := range strings.Fields(x.run("openstack", "endpoint", "list", "--service", "image", "-f", "value", "-c", "ID")) {
		x.run("openstack", "endpoint", "set", "--url", url, id)
	}
	x.image = url
}

// run runs a command as admin, which must end well.
func (x *topology) run(args ...string) string {
	x.t.Helper()
	return x.runAs("admin", args...)
}

func (x *topology) runAs(name string, args ...string) string {
	x.t.Helper()
	r := x.clients().do(x.t, x.env(x.keystone, name, name), args...)
	x.t.Logf("%6.2fs  %.150s", r.Seconds, strings.Join(args, " "))
	if r.Code != 0 {
		x.t.Fatalf("%s: exit code %d\n%s%s", strings.Join(args, " "), r.Code, r.Out, r.Err)
	}
	return r.Out
}

func (x *topology) show(args ...string) map[string]any {
	x.t.Helper()
	out := x.run(append(args, "-f", "json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		x.t.Fatalf("%v in %s", err, out)
	}
	return v
}

// both are needletail's Keystone and Glance, and the real ones.
func (c *cloud) both(t *testing.T) (ours, real *topology) {
	p := c.ours()
	ours = &topology{cloud: c, t: t, keystone: p.URL + "/identity", swift: p.URL}
	ours.imageAt(p.URL + "/image")
	real = &topology{cloud: c, t: t, keystone: c.realKeystone(), swift: c.behind().URL}
	real.imageAt(c.glanceURL())
	return ours, real
}

// TestOpenStack runs the four ways to put needletail and OpenStack together:
//
//	a  needletail alone
//	b  real Keystone, real glance-api, needletail as Swift
//	c  needletail as Keystone and Swift, real glance-api
//	d  real Keystone, needletail as Glance and Swift
//
// tenants is b with a Swift store that is multi-tenant; full is all four with a
// full disk, after which they have one. lists, commands and tokens compare needletail with the real services.
func TestOpenStack(t *testing.T) {
	c := newCloud(t)
	t.Run("a", func(t *testing.T) {
		p := c.ours()
		x := &topology{cloud: c, t: t, keystone: p.URL + "/identity", swift: p.URL}
		x.imageAt(p.URL + "/image")
		x.matrix()
	})
	t.Run("b", func(t *testing.T) {
		x := &topology{cloud: c, t: t, keystone: c.realKeystone(), swift: c.behind().URL}
		x.imageAt(c.glanceURL())
		x.glance = startGlance(t, c.db(), x.keystone, c.imagePort, false)
		x.matrix()
	})
	t.Run("c", func(t *testing.T) {
		p := c.ours()
		x := &topology{cloud: c, t: t, keystone: p.URL + "/identity", swift: p.URL}
		x.imageAt(c.glanceURL())
		x.glance = startGlance(t, c.db(), x.keystone, c.imagePort, false)
		x.matrix()
	})
	t.Run("d", func(t *testing.T) {
		x := &topology{cloud: c, t: t, keystone: c.realKeystone(), swift: c.behind().URL}
		x.imageAt(c.swiftURL() + "/image")
		x.matrix()
	})
	t.Run("tenants", func(t *testing.T) {
		x := &topology{cloud: c, t: t, keystone: c.realKeystone(), swift: c.behind().URL}
		x.imageAt(c.glanceURL())
		x.glance = startGlance(t, c.db(), x.keystone, c.imagePort, true)
		x.shareAndDelete(count(t, "NEEDLETAIL_SHARES", 20))
		x.accountQuota()
	})
	t.Run("lists", func(t *testing.T) {
		ours, real := c.both(t)
		compareLists(t, ours, real)
	})
	t.Run("commands", func(t *testing.T) {
		ours, real := c.both(t)
		real.glance = startGlance(t, c.db(), real.keystone, c.imagePort, false)
		for _, api := range []string{"image", "identity"} {
			t.Run(api, func(t *testing.T) {
				ours.t, real.t = t, t
				compareCommands(t, ours, real, "testdata/openstack-"+api+".txt")
			})
		}
	})
	t.Run("tokens", func(t *testing.T) {
		ours, real := c.both(t)
		for name, x := range map[string]*topology{"ours": ours, "real": real} {
			issued, validated := x.tokenRates(5)
			t.Logf("%s: %.1f tokens issued a second, %.1f validated", name, issued, validated)
		}
	})
	t.Run("full", func(t *testing.T) {
		ours, real := c.both(t)
		dir := filepath.Dir(c.ours().Data)
		c.fullDisk(t, ours, c.ours(), func(more string) *testserver.Process {
			return c.startAlone(dir, strings.TrimPrefix(ours.swift, "http://"), more)
		})
		c.fullDisk(t, real, c.behind(), func(more string) *testserver.Process { return c.startBehindReal(filepath.Dir(c.behind().Data), more) })
	})
}
