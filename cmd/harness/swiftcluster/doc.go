// SPDX-License-Identifier: Apache-2.0

// Package swiftcluster starts a real OpenStack Swift cluster of four storage nodes on
// this machine, from Debian's packages or from a checkout, in mount, network and
// process namespaces of its own. Clusters run side by side, and beside anything else:
// a cluster sees its own /etc/swift, /srv and /run/swift, and a loopback of its own.
// Linux and root are needed.
//
// The layout is the one of Swift's "SAIO" (doc/saio of Swift's source), for Swift's
// own probe tests rely on it. Node N of 1 to 4 has the address 127.0.0.N, the object
// server on port 62N0, the container server on 62N1, the account server on 62N2, and
// the devices /srv/N/node/sdbN and, for erasure codes, sdb(N+4). The policies are gold
// (3 replicas), silver (2 replicas) and ec42 (4+2 fragments on 8 devices). Swift's
// proxy listens on 127.0.0.1:8080, memcached on port 11211, rsync on 873.
//
// Vocabulary:
//
//	nursery  the first process in the namespaces (nursery.py): the parent of all
//	         servers. The kernel ends all processes of a cluster with the nursery.
//	folder   everything of a cluster: configuration, logs, the nursery's socket. The
//	         devices lie in memory, on a tmpfs of bounded size, or in the folder.
//	name     of a server or daemon, after Swift's PID files: "object-server/1",
//	         "container-updater/4", "proxy-server", "object-expirer"
//
// Invariants: a cluster that a test starts ends with the process of the test. No
// process outside of a cluster gets a signal. Nothing outside of the folder is
// written, except for empty mount points.
package swiftcluster
