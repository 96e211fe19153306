// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// run is the exit code of a command line.
func run(t *testing.T, args ...string) (code int, message string) {
	t.Helper()
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(io.Discard)
	root.SetErr(io.Discard)
	err := root.ExecuteContext(t.Context())
	if err != nil {
		message = err.Error()
	}
	return exitCode(err), message
}

// TestWrongCommandLines: each is 2, and leaves no data folder behind.
func TestWrongCommandLines(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte(strings.Repeat("root:x:0:0\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := func(args ...string) []string { return append([]string{"serve", "--data", data}, args...) }
	for _, args := range [][]string{
		{"bogus"}, {"help", "bogus"}, {"completion", "bogus"}, {"ring", "bogus"}, {"ring"}, {"completion"}, {"--bogus"}, {"serve", "--bogus"},
		{"version", "extra"}, {"check", "extra"}, {"heal", "extra"}, {"repair", "extra"}, {"rotate-keys", "extra"},
		{"bootstrap", "extra"}, {"import-users"}, {"import-users", "a", "b"}, {"inspect"}, {"inspect", "a", "b"},
		{"inspect", plain}, {"ring", "show"}, {"ring", "show", "a", "b"}, {"completion", "bash", "extra"},
		serve("extra"), serve("--listen", "127.0.0.1:99999"), serve("--listen", "127.0.0.1"), serve("--listen", "127.0.0.1:nowhere"),
		serve("--listen", "no host:80"), serve("--tempauth-user", "test"), serve("--tempauth-user", "a:b=c", "--tempauth-user", "a:b=d"),
		serve("--public-url", "h:80"), serve("--config", plain),
	} {
		if code, message := run(t, args...); code != exitUsage || message == "" {
			t.Errorf("%q: code %d, %s", args, code, message)
		}
	}
	if exists(data) {
		t.Error("a wrong command line made a data folder")
	}
	for _, args := range [][]string{{}, {"help"}, {"help", "serve"}, {"help", "ring"}, {"ring", "--help"}, {"--help"}, {"version"}} {
		if code, message := run(t, args...); code != 0 {
			t.Errorf("%q: code %d, %s", args, code, message)
		}
	}
}

// TestInspectTellsForeignFromDamaged: a file with the name of a data file is
// damaged without its end, any other file is none.
func TestInspectTellsForeignFromDamaged(t *testing.T) {
	dir := t.TempDir()
	for name, code := range map[string]int{
		"passwd": exitUsage, "0123456789abcdef0123456789abcdef.img": exitFailure,
		"0123456789abcdef0123456789abcdef": exitFailure, "0123456789abcdef0123456789abcdef.1": exitFailure,
	} {
		for _, content := range []string{"", "short", strings.Repeat("x", 8192)} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, message := run(t, "inspect", path); got != code {
				t.Errorf("%s of %d bytes: code %d, %s", name, len(content), got, message)
			}
		}
	}
}

// TestOptionsWithoutEffect: what means nothing without another option is told.
func TestOptionsWithoutEffect(t *testing.T) {
	dir := t.TempDir()
	for text, ok := range map[string]bool{
		"[container_sync]\ncurrent = \"//A/B\"": false, "[container_sync]\ninterval = \"5s\"": false,
		"[container_sync]\nobjects_per_second = 5.0":                                                       false,
		"[filter.cname_lookup]\nlookup_depth = 3":                                                          false,
		"[filter.cname_lookup]\nnameservers=[\"::1\"]":                                                     false,
		"[filter.cname_lookup]\nlookup_depth = 3\nnameservers = [\"127.0.0.1\"]\nstorage_domain = [\"h\"]": true,
		"[filter.cname_lookup]\nnameservers = [\"x\"]\nstorage_domain = [\"h\"]":                           false,
		"[filter.domain_remap]\npath_root = \"v2\"":                                                        false,
		"[filter.domain_remap]\npath_root = \"v1\"\nstorage_domain = [\"h\"]":                              true,
		"[keystone]\npassword = \"x\"":                                                                     false, "[keystone]\ncafile = \"x\"": false, "[keystone]\nimage_account = \"x\"": false,
		"[keystone]\nservice_token_roles = [\"x\"]\ndelay_auth_decision = false":                                                          true,
		"[container_sync]\ncurrent = \"//A/B\"\n[[container_sync.realm]]\nname = \"A\"\nkey = \"k\"\nclusters = { B = \"http://h/v1/\" }": true,
		"[filter.ratelimit]\nenabled = false\naccount_ratelimit = 5.0":                                                                    true,
	} {
		path := filepath.Join(dir, "c.toml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := loadSettings(path)
		if err == nil {
			err = c.Validate()
		}
		if (err == nil) != ok || err != nil && exitCode(err) != exitUsage {
			t.Errorf("%s: %v", text, err)
		}
	}
}
