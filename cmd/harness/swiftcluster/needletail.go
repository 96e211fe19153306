// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// needletailName is the name of needletail's proxy beside Swift's.
const needletailName = "needletail"

// NeedletailConfig is a configuration of needletail as a proxy of the cluster, with
// the users of DefaultUsers and the features of DefaultFilters. More is TOML that
// comes behind.
func NeedletailConfig(listen, more string) string {
	var users strings.Builder
	for _, line := range DefaultUsers {
		name, rest, _ := strings.Cut(line, " = ")
		account, user, _ := strings.Cut(strings.TrimPrefix(name, "user_"), "_")
		fmt.Fprintf(&users, "  %q,\n", account+":"+user+"="+strings.ReplaceAll(rest, " ", ","))
	}
	return fmt.Sprintf(`listen = %q
[cluster]
swift_dir = "/etc/swift"
conn_timeout = "%ds"
[tempauth]
reseller_prefix = ["AUTH", "SERVICE"]
require_group = { SERVICE = "service" }
users = [
%s]
[swift]
allow_account_management = true
allow_open_expired = true
allowed_digests = ["sha1", "sha256", "sha512"]
[filter.domain_remap]
storage_domain = ["example.net"]
%s`, listen, connectSeconds, users.String(), more)
}

// StartNeedletail starts a needletail of this binary as a second proxy, and returns
// when it listens on NeedletailAddr. The name for StopServer and Signal is
// "needletail"; its output is log/needletail.out.
func (c *Cluster) StartNeedletail(ctx context.Context, binary, config string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "etc", "needletail.toml"), []byte(config), 0o600); err != nil {
		return err
	}
	arguments := []string{"serve", "--config", "/etc/swift/needletail.toml"}
	if err := c.start(ctx, order{Do: "start", Name: needletailName, Program: binary, Arguments: arguments, Exec: true}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := c.awaitPort(ctx, needletailName, NeedletailAddr); err != nil {
		text, _ := os.ReadFile(filepath.Join(c.Dir, "log", "needletail.out"))
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(text)))
	}
	return nil
}

// ReplaceProxy has swift-init and swift-proxy-server start needletail in the place of
// Swift's proxy, with the configuration of Swift's proxy.
func (c *Cluster) ReplaceProxy(ctx context.Context, binary string) error {
	binary, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	ranges, err := c.sharesWholeRanges(ctx)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(proxyScript, shellQuoted(filepath.Join(c.Dir, "log", "needletail.out")), shellQuoted(binary), ranges)
	return os.WriteFile(filepath.Join(c.Dir, "bin", "swift-proxy-server"), []byte(text), 0o755)
}

// sharesWholeRanges asks the cluster's Swift for the name under which its proxies
// share shards: the name has a version if the values are namespaces.
func (c *Cluster) sharesWholeRanges(ctx context.Context) (bool, error) {
	cmd := exec.CommandContext(ctx, python, "-c",
		"from swift.proxy.controllers import base; print(base.get_cache_key('a', 'c', shard='listing'))")
	cmd.Env = c.env
	out, err := cmd.Output()
	if err != nil {
		return false, fmt.Errorf("name of shards in memcached: %w", err)
	}
	return strings.TrimSpace(string(out)) == "shard-listing/a/c", nil
}

// proxyScript becomes needletail, with the configuration that swift-init names
// first, and shares shards as the cluster's Swift does. swift-init takes the end of the output for the server's readiness, and
// looks for the program's name in the command line (swift/common/manager.py: wait,
// safe_kill). The log takes standard error first: otherwise the shell that reads
// the output would keep a copy of standard error open.
const proxyScript = `#!/bin/bash
log=%s
needletail=%s
config=/etc/swift/needletail.toml
exec 2>>"$log"
whole_ranges=%t
"$needletail" cluster config "$1" >"$config" || exit
sed -i "s/^\[cluster\]$/&\nwhole_shard_ranges = $whole_ranges/" "$config"
exec -a swift-proxy-server "$needletail" serve --config "$config" > >(
  exec 3>&1 >>"$log"
  while IFS= read -r line; do
    printf '%%s\n' "$line"
    [[ $line != *'listening on'* ]] || exec 3>&-
  done
)
`
