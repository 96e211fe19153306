// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// run is a configuration of the server, and the tests for the configuration.
type run struct {
	name, title string
	files       []string // of test/functional
	match       string   // pytest's -k; "" for all tests of the files
	policy      string   // of the tests' containers; "" for the default one
	config      string   // TOML of the server, besides the address and the data folder
	// users makes the users and returns the section of test.conf that names the
	// users.
	users func(ctx context.Context, s *server) (string, error)
}

var allFiles = []string{"test_*.py", "tests.py"} // pytest does not collect tests.py without the name

var runs = []run{
	{
		name: "A", title: "TempAuth", files: allFiles,
		config: tempAuthConfig + filterConfig + "[swift]\nallow_open_expired = true\n" + allDigests,
		users:  tempAuthUsers,
	},
	{
		name: "B", title: "Keystone",
		files: allFiles,
		config: filterConfig + "[swift]\n" + allDigests + "[keystoneauth]\nreseller_prefix = [\"AUTH\", \"SERVICE\"]\n" +
			"service_roles = { SERVICE = [\"service\"] }\n",
		users: keystoneUsers,
	},
	{
		name: "C", title: "TempAuth without open-expired",
		files: []string{"test_object.py"}, match: "allow_open_expired_disabled",
		config: tempAuthConfig, users: tempAuthUsers,
	},
	{
		name: "D", title: "TempAuth, ETags in quotes, the second policy", files: allFiles, policy: "silver",
		config: tempAuthConfig + filterConfig + "[filter.etag_quoter]\nenable_by_default = true\n[swift]\n" + allDigests,
		users:  tempAuthUsers,
	},
}

const tempAuthConfig = `[tempauth]
reseller_prefix = ["AUTH", "SERVICE"]
require_group = { SERVICE = "service" }
users = [
  "admin:admin=admin,.admin,.reseller_admin",
  "admin:auditor=admin_ro,.reseller_reader",
  "test:tester=testing,.admin",
  "test:tester2=testing2,.admin",
  "test:tester3=testing3",
  "test2:tester2=testing2,.admin",
  "test5:tester5=testing5,service",
]
`

// filterConfig and allDigests turn on features that are off by default. allDigests
// is a key of the table [swift].
const (
	filterConfig = "[filter.domain_remap]\nstorage_domain = [\"example.net\"]\n"
	allDigests   = "allowed_digests = [\"sha1\", \"sha256\", \"sha512\"]\n"
)

// swiftConf is the swift.conf of the tests. Swift's modules read the storage policies
// from the file, and demand a hash prefix without using the prefix. A server without
// configuration has the same policies.
const swiftConf = `[swift-hash]
swift_hash_path_prefix = changeme
swift_hash_path_suffix = changeme
[storage-policy:0]
name = Policy-0
aliases = yellow, orange
default = yes
[storage-policy:1]
name = silver
`

func tempAuthUsers(_ context.Context, s *server) (string, error) {
	return tempAuthConf(s.url), nil
}

// tempAuthConf is the section of test.conf with the users of TempAuth.
func tempAuthConf(url string) string {
	return fmt.Sprintf(`auth_uri = %s/auth/v1.0
account = test
username = tester
password = testing
account2 = test2
username2 = tester2
password2 = testing2
username3 = tester3
password3 = testing3
account5 = test5
username5 = tester5
password5 = testing5
account6 = admin
username6 = admin
password6 = admin
`, url)
}

// commonConf is the end of every test.conf.
const commonConf = `service_prefix = SERVICE
storage_domain = example.net
collate = C
`

// linkForm returns the configuration for the links of staticweb's listings in the
// form of the checkout's tests: "./NAME" since Swift 2.31, NAME before.
func linkForm(source string) (config string, err error) {
	text, err := os.ReadFile(filepath.Join(source, "test", "functional", "test_staticweb.py"))
	if err != nil {
		return "", err
	}
	if !strings.Contains(string(text), `<a href="./`) {
		fmt.Println("== links of listings are bare names, as this Swift's tests want them")
		return "", nil
	}
	fmt.Println("== links of listings begin with ./ (staticweb.dot_slash_links), as this Swift's tests want them")
	return "[filter.staticweb]\ndot_slash_links = true\n", nil
}

// do starts a server with all files below dir, runs the tests and stops the server.
func (r run) do(ctx context.Context, binary, source, dir string) (results, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s, err := startServer(ctx, binary, dir, r.config)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	users, err := r.users(ctx, s)
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"test.conf":  "[func_test]\n" + users + commonConf,
		"swift.conf": swiftConf,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return pytest(ctx, exec.CommandContext, source, dir, r.files, r.match, r.policy)
}
