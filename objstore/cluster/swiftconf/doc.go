// SPDX-License-Identifier: Apache-2.0

// Package swiftconf reads the configuration of an OpenStack Swift cluster as it
// is: swift.conf and the ring files of a swift_dir.
//
// Vocabulary:
//
//   - A swift_dir is the folder that every server of a cluster has a copy of,
//     /etc/swift by default. The folder holds swift.conf, account.ring.gz,
//     container.ring.gz, object.ring.gz of policy 0, and object-N.ring.gz of
//     policy N.
//   - The hash secrets are a prefix and a suffix around each path before the
//     MD5. With wrong secrets every lookup is a 404.
//   - A constraint is a limit of the section [swift-constraints], one for the
//     whole cluster.
//   - Options are the settings of a proxy, beside swift.conf: a cluster's
//     proxies may differ in them.
//
// swift.conf is read as Python's configparser reads it, because Swift does:
// indented lines continue a value, "%%" is a percent sign, "%(name)s" is another
// option, the bytes are Latin-1, and an option that is there twice is an error.
//
// A Dir is safe for concurrent use. Rings are loaded at the start, and loaded
// again when their file has changed; swift.conf is read once, as in Swift.
//
// Invariants: a Config and a ring that are given out never change. Every
// contradiction between swift.conf and the rings is named at the start, and no
// Dir is opened with one. A ring that broke later leaves the ring before in
// place.
package swiftconf
