// SPDX-License-Identifier: Apache-2.0

package swiftcluster

import (
	"fmt"
	"slices"
	"strings"
)

// Nodes is the number of storage nodes.
const Nodes = 4

// Addresses inside the namespaces.
const (
	ProxyAddr      = "127.0.0.1:8080" // of Swift's proxy
	NeedletailAddr = "127.0.0.1:8090" // for needletail's proxy beside Swift's
	memcachedAddr  = "127.0.0.1:11211"
	rsyncAddr      = "127.0.0.1:873"
)

// Names of servers without a node.
const (
	ProxyServer = "proxy-server"
	memcached   = "memcached"
	rsyncd      = "rsyncd"
)

// storageKinds are the kinds of storage servers, at the last digit of the port.
var storageKinds = []string{"object", "container", "account"}

// daemonsOfNode are the daemons beside the servers of each node, and daemonsAlone the
// daemons that a cluster has once.
var (
	daemonsOfNode = []string{
		"account-replicator", "account-auditor", "account-reaper",
		"container-replicator", "container-auditor", "container-updater", "container-sync", "container-sharder",
		"object-replicator", "object-reconstructor", "object-auditor", "object-updater",
	}
	daemonsAlone = []string{"object-expirer", "container-reconciler"}
)

// StorageServers returns the names of all storage servers.
func StorageServers() []string {
	var names []string
	for node := 1; node <= Nodes; node++ {
		for _, kind := range storageKinds {
			names = append(names, Name(kind+"-server", node))
		}
	}
	return names
}

// Daemons returns the names of all daemons.
func Daemons() []string {
	var names []string
	for node := 1; node <= Nodes; node++ {
		for _, d := range daemonsOfNode {
			names = append(names, Name(d, node))
		}
	}
	return append(names, daemonsAlone...)
}

// Name is the name of the server or daemon of a node.
func Name(program string, node int) string { return fmt.Sprintf("%s/%d", program, node) }

// ServerName is the name of the storage server behind an address of a ring, such as
// 127.0.0.3:6231; ok is false for another address.
func ServerName(addr string) (name string, ok bool) {
	for node := 1; node <= Nodes; node++ {
		for i, kind := range storageKinds {
			if addr == nodeAddr(node, i) {
				return Name(kind+"-server", node), true
			}
		}
	}
	return "", false
}

// Addr is the address of a storage server, or of Swift's proxy.
func Addr(name string) (string, error) {
	if name == ProxyServer {
		return ProxyAddr, nil
	}
	for node := 1; node <= Nodes; node++ {
		for i, kind := range storageKinds {
			if name == Name(kind+"-server", node) {
				return nodeAddr(node, i), nil
			}
		}
	}
	return "", fmt.Errorf("%q is no server", name)
}

func nodeAddr(node, kind int) string { return fmt.Sprintf("127.0.0.%d:%d", node, nodePort(node, kind)) }

func nodePort(node, kind int) int { return 6200 + 10*node + kind }

// configOf returns the program of a name and the path of its configuration inside the
// namespaces.
func configOf(name string) (program, config string, err error) {
	base, node, ofNode := strings.Cut(name, "/")
	kind, _, _ := strings.Cut(base, "-")
	program = "swift-" + base
	switch {
	case !ofNode && (base == ProxyServer || slices.Contains(daemonsAlone, base)):
		return program, "/etc/swift/" + base + ".conf", nil
	case ofNode && len(node) == 1 && node[0] >= '1' && node[0] <= '0'+Nodes &&
		(slices.Contains(daemonsOfNode, base) || base == kind+"-server" && slices.Contains(storageKinds, kind)):
		return program, "/etc/swift/" + kind + "-server/" + node + ".conf", nil
	}
	return "", "", fmt.Errorf("%q is no server and no daemon of the cluster", name)
}
