// SPDX-License-Identifier: Apache-2.0

// Package proxy divides the paths of the single port among the services
// (mount.go).
//
// The folders below are a hall and wings. web is the hall: HTTP as every
// service needs HTTP. httpfront stands before the hall and knows the HTTP
// library. swift, keystone, glance and metrics are the wings: each knows the
// hall, and no wing knows another. pyjson and pyxml are encodings for several
// wings.
package proxy
