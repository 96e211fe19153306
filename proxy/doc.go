// Package proxy puts the parts of the server in order: which service answers a
// path (mount.go), and in which order Swift's middleware sees a request
// (pipeline.go). It holds no behaviour of its own.
package proxy
