// SPDX-License-Identifier: Apache-2.0

// Package datafolder is the folder of a store before the store is open: the
// names of the parts, the lock, the id of the store, the notes of the parts that
// were made, and the place of the second copy of the index.
//
// The online store (package engine) and the offline tools (package fsck) begin
// here. Both lock the folder first, so that only one process at a time uses the
// folder.
//
//	DATA/needletail.json            format version, id of the store, notes
//	DATA/LOCK                       locked while a process uses the store
//	DATA/index/                     package meta
//	DATA/ring/                      a ring per storage policy
//	DATA/data/ tmp/ quarantine/     package device
//	DEVICE/index-mirror/            the second copy of index and needletail.json
package datafolder
