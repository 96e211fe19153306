// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKeystoneConfig(t *testing.T) {
	for text, want := range map[string]string{
		"username = \"u\"":                               "keystone: auth_url is missing",
		"auth_url = \"http://k\"":                        "keystone: username is missing",
		"auth_url = \"k\"":                               "keystone: auth_url is no",
		"auth_url = \"http://k\"\ncafile = \"/nowhere\"": "keystone: cafile",
		"auth_url = \"http://k\"\nusername = \"u\"\npassword = \"p\"\nproject_name = \"s\"": "",
	} {
		path := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(path, []byte("[keystone]\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestOsloLimitConfig(t *testing.T) {
	const external = "[keystone]\nauth_url = \"http://k\"\nusername = \"u\"\npassword = \"p\"\nproject_name = \"s\"\n"
	for text, want := range map[string]string{
		external + "[oslo_limit]\nendpoint_id = \"e\"":                                                         "",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nusername = \"g\"\npassword = \"p\"":                     "",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nusername = \"g\"":                                       "oslo_limit: password is missing",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nsystem_scope = \"some\"":                                "oslo_limit: system_scope",
		external + "[oslo_limit]\nusername = \"g\"":                                                            "oslo_limit: endpoint_id is missing",
		"[oslo_limit]\nendpoint_id = \"e\"":                                                                    "oslo_limit: endpoint_id is of an external",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nusername = \"g\"\npassword = \"p\"\nproject_id = \"x\"": "",
	} {
		cfg, err := Load(writeConfig(t, text))
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	o, k := OsloLimit{EndpointID: "e", ProjectName: "admin"}, Keystone{Username: "u", Password: "p"}
	if l := o.user(&k); l.System || l.Username != "u" || l.ProjectName != "admin" {
		t.Errorf("%+v", l)
	}
}
