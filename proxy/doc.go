// Package proxy divides the paths of the one port among the services (mount.go).
//
// The folders below it are a hall and its wings. web is the hall: what every
// service needs of HTTP. httpfront stands before the hall and knows the HTTP
// library. swift, keystone, glance and metrics are the wings: each knows the
// hall, and no wing knows another.
package proxy
