// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"proxy-server":           "swift-proxy-server /etc/swift/proxy-server.conf",
		"object-server/1":        "swift-object-server /etc/swift/object-server/1.conf",
		"object-reconstructor/4": "swift-object-reconstructor /etc/swift/object-server/4.conf",
		"container-sync/2":       "swift-container-sync /etc/swift/container-server/2.conf",
		"object-expirer":         "swift-object-expirer /etc/swift/object-expirer.conf",
		"container-reconciler":   "swift-container-reconciler /etc/swift/container-reconciler.conf",
	} {
		program, config, err := configOf(name)
		require.NoError(t, err, name)
		require.Equal(t, want, program+" "+config)
	}
	for _, name := range []string{"", "object-server", "object-server/0", "object-server/5", "object-server/10", "proxy-server/1", "proxy-server/", "sh", "object-expirer/1"} {
		_, _, err := configOf(name)
		require.Error(t, err, name)
	}
	require.Len(t, StorageServers(), 12)
	require.Len(t, Daemons(), 50)
	for _, name := range StorageServers() {
		addr, err := Addr(name)
		require.NoError(t, err)
		got, ok := ServerName(addr)
		require.True(t, ok)
		require.Equal(t, name, got)
	}
	addr, err := Addr("container-server/3")
	require.NoError(t, err)
	require.Equal(t, "127.0.0.3:6231", addr)
	_, ok := ServerName("127.0.0.3:6221")
	require.False(t, ok)
}

func TestReadStatus(t *testing.T) {
	parent, host, inside := readStatus("Name:\tswift\nPid:\t812\nPPid:\t640\nUid:\t0\t0\nNSpid:\t812\t23\nSeccomp:\n")
	require.Equal(t, [3]int{640, 812, 23}, [3]int{parent, host, inside})
	parent, _, _ = readStatus("")
	require.Zero(t, parent)
}

func TestConfigs(t *testing.T) {
	o := Options{Dir: t.TempDir(), DefaultPolicy: "ec42", ECType: "isa_l_rs_vand", Workers: 3}
	require.NoError(t, o.complete())
	files := o.configs()
	require.Contains(t, files["swift.conf"], "name = ec42\npolicy_type = erasure_coding\nec_type = isa_l_rs_vand\n")
	require.Equal(t, 1, strings.Count(files["swift.conf"], "default = yes"))
	require.True(t, strings.HasSuffix(files["swift.conf"], "default = yes\n"), files["swift.conf"])
	require.Contains(t, files["object-server/3.conf"], "bind_ip = 127.0.0.3\nbind_port = 6230\nworkers = 3\nconn_timeout = 5\n")
	require.Contains(t, files["proxy-server.conf"], "workers = 3\n")
	require.Contains(t, files["account-server/4.conf"], "devices = /srv/4/node\n")
	require.Equal(t, 1, strings.Count(files["proxy-server.conf"], "[filter:proxy-logging]"), "a filter that is in the pipeline twice has a section")
	require.Contains(t, files["rsyncd.conf"], "[object6240]\nmax connections = 25\npath = /srv/4/node/\n")

	require.NotContains(t, files["proxy-server.conf"], "encryption")

	o = Options{Dir: t.TempDir(), Encrypted: true}
	require.NoError(t, o.complete())
	proxy := o.configs()["proxy-server.conf"]
	require.Contains(t, proxy, " symlink keymaster encryption proxy-logging proxy-server\n")
	require.Contains(t, proxy, "[filter:keymaster]\nuse = egg:swift#keymaster\nencryption_root_secret = ")
	require.Contains(t, proxy, "[filter:encryption]\nuse = egg:swift#encryption\n")
	require.NotContains(t, DefaultFilters, "encryption")
	require.NotContains(t, DefaultSettings, "keymaster")

	for _, r := range rings() {
		require.GreaterOrEqual(t, len(r.Devices), r.Replicas, r.Name)
	}
	require.Equal(t, device{1, 2, "127.0.0.2", 6220, "sdb6", 1}, rings()[4].Devices[3])
}

func TestOptionsAreRefused(t *testing.T) {
	// The socket's path in the folder is "/run/control.sock" longer than the folder's.
	const longest = 107 - len("/run/control.sock")
	long := "/" + strings.Repeat("d", longest-1)
	require.NoError(t, (&Options{Dir: long}).complete())
	require.Error(t, (&Options{Dir: long + "d"}).complete())
	require.Error(t, (&Options{Dir: "/d", DefaultPolicy: "copper"}).complete())
}

func TestFolderOfOthersIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, clearFolder(filepath.Join(dir, "missing")))
	require.NoError(t, clearFolder(dir))
	kept := filepath.Join(dir, "kept")
	require.NoError(t, os.WriteFile(kept, nil, 0o600))
	require.ErrorContains(t, clearFolder(dir), "no cluster's folder")
	require.FileExists(t, kept)
	// With the mark of a cluster that has ended the folder goes. Process 1 is no nursery.
	require.NoError(t, os.WriteFile(filepath.Join(dir, stateFile), []byte(`{"pid": 1}`), 0o600))
	_, err := Open(dir)
	require.ErrorContains(t, err, "no cluster runs")
	require.NoError(t, clearFolder(dir))
	require.NoFileExists(t, kept)
}

func TestEntryPoints(t *testing.T) {
	text := "[metadata]\nname = swift\n[entry_points]\nconsole_scripts =\n    swift-init = swift.common.manager:main\n\n" +
		"paste.filter_factory =\n    # old\n    slo = swift.common.middleware.slo:filter_factory\n[other]\n    x = y\n"
	points, err := entryPoints(bufio.NewScanner(strings.NewReader(text)))
	require.NoError(t, err)
	require.Equal(t, map[string][]string{
		"console_scripts":      {"swift-init = swift.common.manager:main"},
		"paste.filter_factory": {"slo = swift.common.middleware.slo:filter_factory"},
	}, points)
	_, err = entryPoints(bufio.NewScanner(strings.NewReader("[metadata]\nname = other\n")))
	require.Error(t, err)
	pad := strings.Repeat("\n", maxEntryPoints-strings.Count(text, "\n"))
	_, err = entryPoints(bufio.NewScanner(strings.NewReader(text + pad)))
	require.NoError(t, err)
	_, err = entryPoints(bufio.NewScanner(strings.NewReader(text + pad + "\n")))
	require.ErrorContains(t, err, fmt.Sprint(maxEntryPoints))
}

func TestNeedletailConfig(t *testing.T) {
	text := NeedletailConfig(NeedletailAddr, "[log]\nlevel = \"error\"\n")
	require.Contains(t, text, `"test:tester=testing,.admin",`)
	require.Contains(t, text, `"test:tester3=testing3",`)
	require.Contains(t, text, `"admin:admin=admin,.admin,.reseller_admin",`)
	require.True(t, strings.HasSuffix(text, "[log]\nlevel = \"error\"\n"), text)
}

// swift-init waits until the output ends: nothing may keep the output open once
// needletail listens.
func TestProxyScriptEndsItsOutput(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "needletail")
	// The fake serves until its input ends, and takes the place of needletail's
	// configuration too.
	fake := "#!/bin/bash\n[[ $1 == cluster ]] && exec printf '[cluster]\\n[swift]\\n'\necho 'needletail listening on x'\nread -r\n"
	require.NoError(t, os.WriteFile(binary, []byte(fake), 0o755))
	script := fmt.Sprintf(proxyScript, shellQuoted(filepath.Join(dir, "log")), shellQuoted(binary), true)
	script = strings.Replace(script, "config=/etc/swift/needletail.toml", "config="+shellQuoted(filepath.Join(dir, "toml")), 1)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script, "swift-proxy-server", "proxy-server.conf")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = cmd.Stdout
	require.NoError(t, cmd.Start())
	text, err := io.ReadAll(out)
	require.NoError(t, err)
	require.Empty(t, text)
	config, err := os.ReadFile(filepath.Join(dir, "toml"))
	require.NoError(t, err)
	require.Equal(t, "[cluster]\nwhole_shard_ranges = true\n[swift]\n", string(config))
	require.NoError(t, ctx.Err(), "the output ended while the server ran")
	require.NoError(t, in.Close())
	_ = cmd.Wait() // read's status
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	require.Contains(t, string(log), "listening on")
}
