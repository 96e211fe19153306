// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"needletail/objstore/replacefile"
)

const (
	openrcName     = "openrc"
	cloudsYAMLName = "clouds.yaml"
)

// credentials are the data for a login as the bootstrapped admin. AuthURL ends
// in "/v3": some clients, rclone for example, accept only this form.
type credentials struct {
	AuthURL, Username, Project, Password, Region string
}

// randomPassword has 24 characters.
func randomPassword() string {
	var b [18]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// write puts openrc and clouds.yaml into the data folder, readable by their
// owner alone, and durable: the password stands nowhere else in clear.
func (c credentials) write(dir string) error {
	if err := writeSecret(filepath.Join(dir, openrcName), c.openrc()); err != nil {
		return err
	}
	return writeSecret(filepath.Join(dir, cloudsYAMLName), c.cloudsYAML())
}

func (c credentials) openrc() string {
	vars := [][2]string{
		{"OS_AUTH_URL", c.AuthURL},
		{"OS_IDENTITY_API_VERSION", "3"},
		{"OS_USERNAME", c.Username},
		{"OS_PASSWORD", c.Password},
		{"OS_PROJECT_NAME", c.Project},
		{"OS_USER_DOMAIN_ID", "default"},
		{"OS_PROJECT_DOMAIN_ID", "default"},
		{"OS_REGION_NAME", c.Region},
	}
	var b strings.Builder
	for _, v := range vars {
		fmt.Fprintf(&b, "export %s='%s'\n", v[0], strings.ReplaceAll(v[1], "'", `'\''`))
	}
	return b.String()
}

func (c credentials) cloudsYAML() string {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	return "clouds:\n  needletail:\n" +
		"    auth:\n" +
		"      auth_url: " + quote(c.AuthURL) + "\n" +
		"      username: " + quote(c.Username) + "\n" +
		"      password: " + quote(c.Password) + "\n" +
		"      project_name: " + quote(c.Project) + "\n" +
		"      user_domain_id: default\n" +
		"      project_domain_id: default\n" +
		"    region_name: " + quote(c.Region) + "\n" +
		"    identity_api_version: 3\n"
}

// writeSecret replaces a file of the data folder durably. Only the owner of the
// process can read the file.
func writeSecret(path, text string) error {
	return replacefile.Write(replacefile.Private, path, []byte(text))
}

func syncDir(dir string) error { return replacefile.SyncFolder(replacefile.Private, dir) }

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
