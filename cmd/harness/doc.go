// SPDX-License-Identifier: Apache-2.0

// Package harness has the tests that drive the program from outside, as a process:
// kill -9 under verifying writers, the clients of Debian's packages (tag e2e), a
// real Keystone and Glance beside ours (tag openstack), floods of strangers (tag
// strangers), objects of a Swift cluster that cross from proxy to proxy, and servers
// of a cluster that fail under verifying clients (tag cluster). The folders below
// have the comparison with a real Swift (oracle), Swift's own functional tests
// (conformance), and what the tests share: the process (testserver) and the pages of
// the documentation (page).
package harness
