// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/cmd/harness/testserver"
	"needletail/proxy/certificates/certtest"
)

// TestReloadIsAtomic: every answer has the numbers of one file. Two options far
// from one another have the same number in each file.
func TestReloadIsAtomic(t *testing.T) {
	const swaps = 100
	file := func(n int) string {
		return fmt.Sprintf("[limits]\nmax_file_size = %d\n[filter.slo]\nmax_manifest_segments = %d\n", n, n)
	}
	r := startReloading(t, file(1))
	seen, stop, failed := map[int64]bool{}, make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(failed)
		for {
			res, text, err := r.ask("GET", "/info", "")
			var info struct {
				Swift struct {
					Size int64 `json:"max_file_size"`
				}
				SLO struct {
					Segments int64 `json:"max_manifest_segments"`
				}
			}
			if err == nil {
				err = json.Unmarshal([]byte(text), &info)
			}
			if err != nil || res.StatusCode != 200 || info.Swift.Size != info.SLO.Segments {
				failed <- fmt.Errorf("%s: %w", text, err)
				return
			}
			seen[info.Swift.Size] = true
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for n := range swaps {
		require.Contains(t, r.hangup(file(n+2)), "msg=reloaded")
	}
	close(stop)
	require.NoError(t, <-failed)
	require.Greater(t, len(seen), 1)
}

// TestRefusedFileChangesNothing: nothing of a file with a mistake counts, and the
// log says why.
func TestRefusedFileChangesNothing(t *testing.T) {
	r := startReloading(t, "")
	dir := t.TempDir()
	size := between(r.info(), `"max_file_size": `, ",")
	for mistake, why := range map[string]string{
		"unknown = 1\n": "unknown",
		"garbage":       "line 3",
		"[front]\ntrusted_proxies = [\"nowhere\"]\n":                                                "front.trusted_proxies",
		"[log]\nlevel = \"shout\"\n":                                                                "log.level",
		"[log]\nformat = \"xml\"\n":                                                                 "log.format",
		"[filter.name_check]\nforbidden_regexp = \"(\"\n":                                           "filter.name_check.forbidden_regexp",
		"[tempauth]\nusers = [\"nonsense\"]\n":                                                      "tempauth",
		"[tempauth]\nusers = [\"a:b=SECRET\", \"a:b=x\"]\n":                                         "a:b",
		"[log]\nswift_access = true\nswift_access_file = \"" + dir + "\"\n":                         "log.swift_access_file",
		"[tls]\ncert_file = \"/nowhere.crt\"\nkey_file = \"/nowhere.key\"\nmin_version = \"1.1\"\n": "tls.min_version",
	} {
		said := r.hangup("[limits]\nmax_file_size = 10\n" + mistake)
		require.Contains(t, said, "level=ERROR", mistake)
		require.Contains(t, said, why, mistake)
		require.NotContains(t, said, "msg=reloaded", mistake)
		require.NotContains(t, said, "SECRET", mistake)
		require.Equal(t, size, between(r.info(), `"max_file_size": `, ","), mistake)
		require.NotEmpty(t, r.token("test:tester", "testing"), mistake)
	}
	// The options that take a restart stay, and the new options contradict them.
	require.Contains(t, r.hangup("[swift]\nfull_disk_status = 413\n"), "msg=reloaded")
	said := r.hangup("[tempauth]\nreseller_prefix = [\"OTHER\"]\nusers = [\"AUTH_x:tester=testing\"]\n")
	require.Contains(t, said, "together with the options that take a restart")
	require.NotEmpty(t, r.token("test:tester", "testing"))
}

// TestRestartIsNamed: the log has one line with the options that were changed and
// that take a restart, at every reload.
func TestRestartIsNamed(t *testing.T) {
	r := startReloading(t, twoPolicies("gold"))
	data := r.now.settings.Data
	require.NotContains(t, r.hangup(twoPolicies("gold")), "restart to change")
	for text, want := range map[string]string{
		"listen = \"127.0.0.1:9\"\n" + twoPolicies("gold"):                                   "listen",
		"listen = \"127.0.0.1:9\"\n[storage]\nreserve_percent = 2.0\n" + twoPolicies("iron"): "listen, storage.reserve_percent",
		"[limits]\nmax_connections = 5\nmemory_bytes = 9\n" + twoPolicies("gold"):            "limits.max_connections, limits.memory_bytes",
		"[tls]\ncert_file = \"a\"\nkey_file = \"b\"\n" + twoPolicies("gold"):                 "tls.cert_file",
		twoPolicies("gold") + "[[policy]]\nindex = 2\nname = \"new\"\n":                      "policy",
		"[[device]]\npath = \"d\"\n" + twoPolicies("gold"):                                   "device",
		strings.Replace(twoPolicies("gold"), "index = 1", "index = 3", 1):                    "policy.index",
	} {
		for range 2 {
			said := r.hangup(text)
			require.Contains(t, said, "level=WARN msg=\"restart to change: "+want+"\"\n", text)
			require.Contains(t, said, "msg=reloaded", text)
		}
	}
	require.Equal(t, data, r.now.settings.Data)
	require.Contains(t, r.hangup("[limits]\nmax_file_size = 10\nmax_connections = 5\n"+twoPolicies("gold")), "restart to change: limits.max_connections\"")
	require.Equal(t, "413", r.status("PUT", "/v1/AUTH_load/c/large", strings.Repeat("x", 11)), "the rest is taken")
}

func TestReloadedUsersAndTokens(t *testing.T) {
	users := func(list ...string) string { return "[tempauth]\nusers = [" + strings.Join(list, ", ") + "]\n" }
	r := startReloading(t, users(`"a:one=1,.admin"`, `"a:two=2,.admin"`, `"a:three=3,.admin"`))
	one, two, three := r.token("a:one", "1"), r.token("a:two", "2"), r.token("a:three", "3")
	r.hangup(users(`"a:one=1,.admin"`, `"a:two=other,.admin"`, `"a:three=3"`, `"a:four=4"`))
	status := func(token string) string { return r.status("PUT", "/v1/AUTH_a/c", "", "X-Auth-Token", token) }
	require.Contains(t, []string{"201", "202"}, status(one), "a token of the same user")
	require.Equal(t, "401", status(two), "a token of a user with another key")
	require.Equal(t, "401", status(three), "a token of a user with other groups")
	require.Empty(t, r.token("a:two", "2"))
	require.NotEmpty(t, r.token("a:two", "other"))
	require.NotEmpty(t, r.token("a:four", "4"))
	r.hangup(users())
	require.Equal(t, "401", status(one), "the last user has left")
	require.Empty(t, r.token("a:one", "1"))
	r.hangup(users(`"a:one=1,.admin"`))
	require.Equal(t, "401", status(one))
	require.NotEmpty(t, r.token("a:one", "1"), "the first user has come")
}

// TestReloadOpensTheAccessLog: the file is opened anew at every reload, of a file
// with a mistake too, and the lines begin and end with the option.
func TestReloadOpensTheAccessLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "access.log")
	on := fmt.Sprintf("[log]\nswift_access = true\nswift_access_file = %q\n", file)
	r := startReloading(t, on)
	lines := func(path string) int {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return strings.Count(string(text), "/healthcheck/line")
	}
	r.afterRequest("/healthcheck/line")
	require.NoError(t, os.Rename(file, file+".1"))
	r.afterRequest("/healthcheck/line")
	require.NotContains(t, r.hangup(on), "level=WARN")
	r.afterRequest("/healthcheck/line")
	require.Equal(t, 2, lines(file+".1"))
	require.Equal(t, 1, lines(file))
	require.NoError(t, os.Rename(file, file+".2"))
	require.Contains(t, r.hangup(on+"unknown = 1\n"), "level=ERROR")
	r.afterRequest("/healthcheck/line")
	require.Equal(t, 1, lines(file))
	require.Contains(t, r.hangup(strings.ReplaceAll(on, file, filepath.Join(file, "x"))), "level=ERROR")
	r.afterRequest("/healthcheck/line")
	require.Equal(t, 2, lines(file), "a file that cannot be opened took lines away")
	r.hangup("")
	r.afterRequest("/healthcheck/line")
	require.Equal(t, 2, lines(file), "the lines have ended")
	r.hangup(on)
	r.afterRequest("/healthcheck/line")
	require.Equal(t, 3, lines(file), "the lines have begun")
}

// TestReloadOfOtherCertificates: a new cert_file is shown after SIGHUP, and a pair
// that does not fit refuses the whole file.
func TestReloadOfOtherCertificates(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	p := startTLS(t, a, dir, "")
	file := filepath.Join(dir, "needletail.toml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	a.Files(t, dir, "second", "127.0.0.1")
	reload := func(text, want string) {
		t.Helper()
		said := strings.Count(p.Output(), want)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.NoError(t, p.Cmd.Process.Signal(syscall.SIGHUP))
		waitForOutput(t, p, want, said)
	}
	second := strings.ReplaceAll(string(text), "server.", "second.")
	reload(second, "msg=reloaded")
	require.EqualValues(t, 2, shownSerial(t, a, p.URL))
	reload(strings.Replace(second, "second.key", "server.key", 1), "the configuration was not read again")
	require.EqualValues(t, 2, shownSerial(t, a, p.URL))
	reload(strings.Replace(second, "[tls]", "[tls]\nmin_version = \"1.3\"", 1), "msg=reloaded")
	require.EqualValues(t, 2, shownSerial(t, a, p.URL))
}

// waitForOutput waits until a server has printed a text more than n times.
func waitForOutput(t *testing.T, p *testserver.Process, text string, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Count(p.Output(), text) > n }, time.Minute, 10*time.Millisecond, text)
}
