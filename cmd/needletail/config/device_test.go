// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"strings"
	"testing"
)

func TestConfigDevices(t *testing.T) {
	c, err := Load(writeConfig(t, `
[[device]]
path = "/disk/a"
zone = 1
[[device]]
path = "/disk/b"
weight = 50.5
[[device]]
path = "/disk/c"
[[device]]
path = "/disk/d"
state = "draining"
[[policy]]
name = "three"
copies = 3
default = true
[[policy]]
index = 1
name = "coded"
data = 2
parity = 1
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	d := c.devices()
	if len(d) != 4 || d[0].Path != "/disk/a" || d[0].Zone != 1 || d[0].Weight != 100 || d[1].Weight != 50.5 || d[2].Draining || !d[3].Draining {
		t.Errorf("devices are %+v", d)
	}
	if p := c.StoragePolicies(); p[0].Slots() != 3 || p[0].Erasure() || p[1].Slots() != 3 {
		t.Errorf("policies are %+v", p)
	}
	c = Default()
	if len(c.devices()) != 0 {
		t.Error("there are devices by default")
	}
}

func TestConfigDevicesAreChecked(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c, err := Load(writeConfig(t, text))
		if err == nil {
			err = c.Validate()
		}
		if !errors.Is(err, ErrUsage) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", text, err, want)
		}
	}
	f("[storage]\nheal_bytes_per_second = 1048575", "heal_bytes_per_second")
	f("[storage]\nscrub_bytes_per_second = 1048575", "scrub_bytes_per_second")
	f("[storage]\nscrub_bytes_per_second = -1", "scrub_bytes_per_second")
	f("[storage]\ndevice_failed_after = \"0s\"", "device_failed_after")
	f("[storage]\ndark_data_age = \"59m59s\"", "dark_data_age")
	a, b := "[[device]]\npath = \"/a\"\n", "[[device]]\npath = \"/b\"\n"
	f("[[device]]\nzone = 1", "no path")
	f(a+"zone = -1", "zone")
	f(a+"zone = 65537", "zone")
	f(a+"weight = 0.0", "weight")
	f(a+"weight = -1.0", "weight")
	f(a+"weight = nan", "weight")
	f(a+"weight = 1e10", "weight")
	f(a+"state = \"gone\"", "state")
	f(a+"speed = 1", "device.speed")
	f(a+a, "twice")
	f(a+"[[device]]\npath = \"/x/../a\"", "twice")
	policy := func(s string) string { return "[[policy]]\nname = \"p\"\ndefault = true\n" + s + "\n" }
	f(policy("copies = 2"), "needs 2 devices, and 1 are there")
	f(a+b+policy("copies = 3"), "needs 3 devices, and 2 are there")
	f(a+b+policy("data = 2\nparity = 1"), "needs 3 devices, and 2 are there")
	f(a+b+"state = \"draining\"\n"+policy("copies = 2"), "needs 2 devices, and 1 are there")
	f(a+b+policy("copies = 2\ndata = 1\nparity = 1"), "copies and fragments")
	f(a+b+policy("data = 2"), "both data and parity")
}
