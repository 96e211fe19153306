// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"fmt"
	"slices"
	"strings"
)

// connectSeconds is generous: a busy machine takes longer than Swift's half a second
// for a connection, and a server that does not run refuses at once.
const connectSeconds = 5

// defaultSection is [DEFAULT] of every configuration.
func (o *Options) defaultSection() string {
	return fmt.Sprintf("[DEFAULT]\nuser = root\nlog_level = %s\nlog_address = /run/swift/log.sock\n", o.LogLevel)
}

// configs returns the files of /etc/swift by their paths below.
func (o *Options) configs() map[string]string {
	files := map[string]string{
		"swift.conf":                 o.swiftConf(),
		"proxy-server.conf":          o.proxyConf(),
		"container-sync-realms.conf": o.Realms,
		"internal-client.conf":       o.clientConf("", "proxy-logging", "cache", "symlink"),
		"object-expirer.conf":        o.clientConf("object-expirer", "proxy-logging", "cache"),
		"container-reconciler.conf":  o.clientConf("container-reconciler", "proxy-logging", "cache"),
		"rsyncd.conf":                rsyncConf(),
		"test.conf":                  testConf,
		"memcache.conf":              "[memcache]\nmemcache_servers = " + memcachedAddr + "\n",
	}
	for node := 1; node <= Nodes; node++ {
		for i, kind := range storageKinds {
			files[fmt.Sprintf("%s-server/%d.conf", kind, node)] = o.storageConf(node, i)
		}
	}
	return files
}

func (o *Options) swiftConf() string {
	var b strings.Builder
	b.WriteString("[swift-hash]\nswift_hash_path_prefix = changeme\nswift_hash_path_suffix = changeme\n")
	types := []string{
		"policy_type = replication\n",
		"policy_type = replication\n",
		fmt.Sprintf("policy_type = erasure_coding\nec_type = %s\nec_num_data_fragments = 4\nec_num_parity_fragments = 2\n", o.ECType),
	}
	for i, name := range Policies {
		fmt.Fprintf(&b, "[storage-policy:%d]\nname = %s\n%s", i, name, types[i])
		if name == o.DefaultPolicy {
			b.WriteString("default = yes\n")
		}
	}
	return b.String()
}

// daemonSections are the sections of the daemons beside a kind of server.
var daemonSections = map[string]string{
	"account": `[account-replicator]
rsync_module = {replication_ip}::account{replication_port}
[account-auditor]
[account-reaper]
`,
	// The thresholds of sharding are the ones that Swift's probe tests assume.
	"container": `[container-replicator]
rsync_module = {replication_ip}::container{replication_port}
[container-updater]
[container-auditor]
[container-sync]
[container-sharder]
auto_shard = true
rsync_module = {replication_ip}::container{replication_port}
shard_container_threshold = 100
shard_scanner_batch_size = 10
cleave_batch_size = 2
`,
	"object": `[object-replicator]
rsync_module = {replication_ip}::object{replication_port}
[object-reconstructor]
[object-updater]
[object-auditor]
[object-relinker]
`,
}

func (o *Options) storageConf(node, kindIndex int) string {
	kind := storageKinds[kindIndex]
	return o.defaultSection() + fmt.Sprintf(`devices = /srv/%d/node
mount_check = false
disable_fallocate = true
bind_ip = 127.0.0.%[1]d
bind_port = %d
workers = %[5]d
conn_timeout = %[3]d
node_timeout = 10
recon_cache_path = /var/cache/swift/%[1]d
[pipeline:main]
pipeline = healthcheck recon %[4]s-server
[app:%[4]s-server]
use = egg:swift#%[4]s
[filter:recon]
use = egg:swift#recon
[filter:healthcheck]
use = egg:swift#healthcheck
`, node, nodePort(node, kindIndex), connectSeconds, kind, o.Workers) + daemonSections[kind]
}

func (o *Options) proxyConf() string {
	host, port, _ := strings.Cut(ProxyAddr, ":")
	var b strings.Builder
	fmt.Fprintf(&b, "%sbind_ip = %s\nbind_port = %s\nworkers = %d\n", o.defaultSection(), host, port, o.Workers)
	fmt.Fprintf(&b, `[pipeline:main]
pipeline = catch_errors %s proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
allow_open_expired = true
conn_timeout = %g
`, strings.Join(o.Filters, " "), o.ProxyConnTimeout)
	for _, f := range slices.Compact(slices.Sorted(slices.Values(append([]string{"catch_errors"}, o.Filters...)))) {
		b.WriteString(filterSection(f))
		b.WriteString(o.Settings[f])
		if f == "tempauth" {
			b.WriteString(strings.Join(o.Users, "\n") + "\n")
		}
	}
	return b.String()
}

// filterSection begins a filter's section. The entry point is the filter's name in
// snake case, with an exception.
func filterSection(filter string) string {
	entry := strings.ReplaceAll(filter, "-", "_")
	if filter == "cache" {
		entry = "memcache"
	}
	text := fmt.Sprintf("[filter:%s]\nuse = egg:swift#%s\n", filter, entry)
	if filter == "cache" {
		text += "memcache_servers = " + memcachedAddr + "\n"
	}
	return text
}

// clientConf is the configuration of a program with Swift's proxy inside.
func (o *Options) clientConf(section string, filters ...string) string {
	var b strings.Builder
	b.WriteString(o.defaultSection())
	if section != "" {
		fmt.Fprintf(&b, "[%s]\n", section)
	}
	fmt.Fprintf(&b, "[pipeline:main]\npipeline = catch_errors %s proxy-server\n", strings.Join(filters, " "))
	fmt.Fprintf(&b, "[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\nconn_timeout = %d\n", connectSeconds)
	for _, f := range append([]string{"catch_errors"}, filters...) {
		b.WriteString(filterSection(f))
	}
	return b.String()
}

func rsyncConf() string {
	var b strings.Builder
	b.WriteString("uid = root\ngid = root\nuse chroot = no\nlog file = /run/swift/rsyncd.log\npid file = /run/swift/rsyncd-own.pid\naddress = 0.0.0.0\n")
	for node := 1; node <= Nodes; node++ {
		for i, kind := range storageKinds {
			module := fmt.Sprintf("%s%d", kind, nodePort(node, i))
			fmt.Fprintf(&b, "[%s]\nmax connections = 25\npath = /srv/%d/node/\nread only = false\nlock file = /run/swift/%[1]s.lock\n", module, node)
		}
	}
	return b.String()
}

// testConf is the configuration of Swift's own tests: test/__init__.py looks for
// /etc/swift/test.conf.
const testConf = `[func_test]
auth_uri = http://` + ProxyAddr + `/auth/v1.0
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
service_prefix = SERVICE
storage_domain = example.net
collate = C
[probe_test]
check_server_timeout = 60
validate_rsync = true
proxy_base_url = http://` + ProxyAddr + `
`

// ring is a ring to build, as the nursery reads it.
type ring struct {
	Name      string   `json:"name"`
	PartPower int      `json:"part_power"`
	Replicas  int      `json:"replicas"`
	Devices   []device `json:"devices"`
}

type device struct {
	Region int     `json:"region"`
	Zone   int     `json:"zone"`
	IP     string  `json:"ip"`
	Port   int     `json:"port"`
	Device string  `json:"device"`
	Weight float64 `json:"weight"`
}

// rings returns SAIO's rings. Each node is a zone; a ring for erasure codes has two
// devices a node.
func rings() []ring {
	const partPower = 10
	list := []ring{
		{"account", partPower, 3, devices(2, 1)},
		{"container", partPower, 3, devices(1, 1)},
		{"object", partPower, 3, devices(0, 1)},
		{"object-1", partPower, 2, devices(0, 1)},
		{"object-2", partPower, 6, devices(0, 2)},
	}
	return list
}

func devices(kind, perNode int) []device {
	var list []device
	for node := 1; node <= Nodes; node++ {
		for _, disk := range disks(node)[:perNode] {
			list = append(list, device{1, node, fmt.Sprintf("127.0.0.%d", node), nodePort(node, kind), disk, 1})
		}
	}
	return list
}

// disks are the devices of a node.
func disks(node int) []string {
	return []string{fmt.Sprintf("sdb%d", node), fmt.Sprintf("sdb%d", node+Nodes)}
}
