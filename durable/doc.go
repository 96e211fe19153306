// Package durable keeps a Pebble database whose disk may fail: the one below
// the index of objects and the one below identities.
package durable
