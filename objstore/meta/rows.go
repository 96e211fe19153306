// SPDX-License-Identifier: Apache-2.0

package meta

import (
	"encoding/binary"

	"needletail/objstore"
)

// AccountRow holds all facts of the index about an account, except the counters.
//
//	version 1 | created varint | metadata fields
type AccountRow struct {
	Created  objstore.Timestamp
	Metadata objstore.Metadata
}

const accountRowVersion = 1

// AppendAccountRow encodes r.
func AppendAccountRow(dst []byte, r *AccountRow) []byte {
	dst = append(dst, accountRowVersion)
	dst = binary.AppendVarint(dst, int64(r.Created))
	return appendFields(dst, r.Metadata)
}

// ParseAccountRow decodes a row of AppendAccountRow.
func ParseAccountRow(b []byte) (AccountRow, error) {
	var r AccountRow
	d := decoder{rest: b}
	d.version(accountRowVersion)
	r.Created = objstore.Timestamp(d.varint())
	r.Metadata = d.fields()
	return r, d.end()
}

// ContainerRow holds all facts of the index about a container, except the counters.
//
//	version 1 | modified varint | modified-created varint | policy uvarint | metadata fields
type ContainerRow struct {
	Created  objstore.Timestamp
	Modified objstore.Timestamp
	Policy   objstore.PolicyIndex
	Metadata objstore.Metadata
}

const containerRowVersion = 1

// AppendContainerRow encodes r.
func AppendContainerRow(dst []byte, r *ContainerRow) []byte {
	dst = append(dst, containerRowVersion)
	dst = binary.AppendVarint(dst, int64(r.Modified))
	dst = binary.AppendVarint(dst, int64(r.Modified-r.Created))
	dst = binary.AppendUvarint(dst, uint64(r.Policy))
	return appendFields(dst, r.Metadata)
}

// ParseContainerRow decodes a row of AppendContainerRow.
func ParseContainerRow(b []byte) (ContainerRow, error) {
	var r ContainerRow
	d := decoder{rest: b}
	d.version(containerRowVersion)
	r.Modified = objstore.Timestamp(d.varint())
	r.Created = r.Modified - objstore.Timestamp(d.varint())
	r.Policy = d.policy()
	r.Metadata = d.fields()
	return r, d.end()
}

// GCRow is a data file in the queue for removal from a device.
//
//	version 1 | policy uvarint | size uvarint
type GCRow struct {
	Policy    objstore.PolicyIndex
	SizeBytes int64
}

const gcRowVersion = 1

// AppendGCRow encodes r.
func AppendGCRow(dst []byte, r GCRow) []byte {
	dst = append(dst, gcRowVersion)
	dst = binary.AppendUvarint(dst, uint64(r.Policy))
	return binary.AppendUvarint(dst, uint64(r.SizeBytes))
}

// ParseGCRow decodes a row of AppendGCRow.
func ParseGCRow(b []byte) (GCRow, error) {
	var r GCRow
	d := decoder{rest: b}
	d.version(gcRowVersion)
	r.Policy = d.policy()
	r.SizeBytes = int64(d.uvarint())
	return r, d.end()
}

// HealRow is a data file in the queue of the healer.
//
//	version 1 | 1 if every byte is to be verified, else 0
type HealRow struct{ Verify bool }

const healRowVersion = 1

// AppendHealRow encodes r.
func AppendHealRow(dst []byte, r HealRow) []byte {
	if r.Verify {
		return append(dst, healRowVersion, 1)
	}
	return append(dst, healRowVersion, 0)
}

// ParseHealRow decodes a row of AppendHealRow.
func ParseHealRow(b []byte) (HealRow, error) {
	d := decoder{rest: b}
	d.version(healRowVersion)
	flag := d.byte()
	if flag > 1 {
		d.fail("unknown flags")
	}
	return HealRow{Verify: flag == 1}, d.end()
}

// ScrubRow is the progress of the scrubber.
//
//	version 1 | started varint, Unix seconds | bytes uvarint
//	| account NUL container NUL object, counted by a uvarint; empty at the start
type ScrubRow struct {
	StartedSeconds int64
	Bytes          int64 // verified since StartedSeconds
	Last           objstore.ObjectID
}

const scrubRowVersion = 1

// AppendScrubRow encodes r.
func AppendScrubRow(dst []byte, r ScrubRow) []byte {
	dst = append(dst, scrubRowVersion)
	dst = binary.AppendVarint(dst, r.StartedSeconds)
	dst = binary.AppendUvarint(dst, uint64(r.Bytes))
	if r.Last == (objstore.ObjectID{}) {
		return append(dst, 0)
	}
	return appendString(dst, appendName(nil, r.Last))
}

// ParseScrubRow decodes a row of AppendScrubRow.
func ParseScrubRow(b []byte) (ScrubRow, error) {
	var r ScrubRow
	d := decoder{rest: b}
	d.version(scrubRowVersion)
	r.StartedSeconds = d.varint()
	r.Bytes = int64(d.uvarint())
	name := d.raw()
	if err := d.end(); err != nil {
		return ScrubRow{}, err
	}
	if len(name) == 0 {
		return r, nil
	}
	var err error
	r.Last, err = parseName(name)
	return r, err
}
