// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"strings"
	"unicode/utf8"

	"needletail/objstore"
	"needletail/proxy/web"
)

// Resource is a kind of path: account, container or object.
type Resource string

// The three resources. The values are the middle part of their header names.
const (
	AccountResource   Resource = "Account"
	ContainerResource Resource = "Container"
	ObjectResource    Resource = "Object"
)

// UserPrefix returns the prefix of metadata that clients set freely, as
// "X-Object-Meta-".
func (r Resource) UserPrefix() string { return "X-" + string(r) + "-Meta-" }

// SystemPrefix returns the prefix of metadata for features alone, as
// "X-Object-Sysmeta-". The gatekeeper removes these lines from clients'
// requests and from answers.
func (r Resource) SystemPrefix() string { return "X-" + string(r) + "-Sysmeta-" }

// TransientSystemPrefix is the prefix of object sysmeta that a POST replaces.
const TransientSystemPrefix = "X-Object-Transient-Sysmeta-"

// ObjectHeaders are the headers kept by an object besides the metadata
// (swift/obj/server.py: allowed_headers). X-Delete-At is kept elsewhere. No client
// can set X-Static-Large-Object: the feature slo refuses the line.
var ObjectHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding",
	"Content-Language", "Expires", "X-Object-Manifest", "X-Robots-Tag",
	"X-Static-Large-Object",
}

// containerHeaders are the headers kept by a container besides the metadata
// (swift/proxy/controllers/container.py: pass_through_headers).
var containerHeaders = []string{
	"X-Container-Read", "X-Container-Write",
	"X-Container-Sync-Key", "X-Container-Sync-To",
}

// ownerHeaders are swift_owner_headers of swift/proxy/server.py. They are shown
// to owners alone, and ignored in requests of anybody else.
var ownerHeaders = []string{
	"X-Container-Read", "X-Container-Write",
	"X-Container-Sync-Key", "X-Container-Sync-To",
	"X-Account-Meta-Temp-Url-Key", "X-Account-Meta-Temp-Url-Key-2",
	"X-Container-Meta-Temp-Url-Key", "X-Container-Meta-Temp-Url-Key-2",
	"X-Account-Access-Control",
}

// IsOwnerHeader reports whether only owners may see and set the header.
func IsOwnerHeader(name string) bool { return oneOf(name, ownerHeaders) }

func oneOf(name string, list []string) bool {
	for _, n := range list {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// CheckMetadata checks the metadata of a request for a resource, without regard
// to stored metadata, and the length of every header
// (swift/common/constraints.py: check_metadata).
func (l Limits) CheckMetadata(h web.Header, of Resource) error {
	prefix := of.UserPrefix()
	count, size := 0, 0
	for _, f := range h {
		if len(f.Value) > l.HeaderBytes {
			return web.Textf(400, "Header value too long: %s", f.Name[:min(len(f.Name), l.MetaNameBytes)])
		}
		name, ok := web.CutPrefix(f.Name, prefix)
		if !ok {
			continue
		}
		count++
		size += len(name) + len(f.Value)
		shown := strings.ToLower(prefix) + name
		switch {
		case name == "":
			return web.Textf(400, "Metadata name cannot be empty")
		case of != ObjectResource && !(ValidText(name) && ValidText(f.Value)):
			return web.Textf(400, "Metadata must be valid UTF-8")
		case len(name) > l.MetaNameBytes:
			return web.Textf(400, "Metadata name too long: %s", shown)
		case len(f.Value) > l.MetaValueBytes:
			return web.Textf(400, "Metadata value longer than %d: %s", l.MetaValueBytes, shown)
		case count > l.MetaCount:
			return web.Textf(400, "Too many metadata items; max %d", l.MetaCount)
		case size > l.MetaOverallBytes:
			return web.Textf(400, "Total metadata too large; max %d", l.MetaOverallBytes)
		}
	}
	return nil
}

// CheckMerged checks the metadata that an account or a container would have
// after a change: a MetadataUpdate.Check (swift/common/db.py:
// validate_metadata).
func (l Limits) CheckMerged(merged objstore.Metadata) error {
	count, size := 0, 0
	for _, f := range merged {
		if !ValidText(f.Name) || !ValidText(f.Value) {
			return web.Statusf(400, "Metadata must be valid UTF-8")
		}
		for _, of := range []Resource{AccountResource, ContainerResource} {
			if name, ok := web.CutPrefix(f.Name, of.UserPrefix()); ok {
				count++
				size += len(name) + len(f.Value)
			}
		}
	}
	switch {
	case count > l.MetaCount:
		return web.Statusf(400, "Too many metadata items; max %d", l.MetaCount)
	case size > l.MetaOverallBytes:
		return web.Statusf(400, "Total metadata too large; max %d", l.MetaOverallBytes)
	}
	return nil
}

// ValidText reports whether s is UTF-8 without NUL: Python Swift's check_utf8,
// but with "" allowed.
func ValidText(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// MetadataUpdate returns the changes that a request makes to the metadata of an
// account or a container. A value has precedence over "X-Remove-". Without
// owner, owner headers stay unchanged (swift/proxy/controllers/base.py:
// transfer_headers).
func (l Limits) MetadataUpdate(h web.Header, of Resource, owner bool) objstore.MetadataUpdate {
	u := objstore.MetadataUpdate{Check: l.CheckMerged}
	stored := func(name string) bool {
		if !owner && IsOwnerHeader(name) {
			return false
		}
		return hasMember(name, of.UserPrefix()) || of == ContainerResource && oneOf(name, containerHeaders)
	}
	for _, f := range h {
		if rest, ok := web.CutPrefix(f.Name, "X-Remove-"); ok && stored("X-"+rest) {
			u.Set.Set("X-"+rest, "")
		}
	}
	for _, f := range h {
		if stored(f.Name) || hasMember(f.Name, of.SystemPrefix()) {
			u.Set.Set(f.Name, f.Value)
		}
	}
	return u
}

// SystemMetadata returns the request's sysmeta of a resource, without empty
// values.
func SystemMetadata(h web.Header, of Resource) (m objstore.Metadata) {
	for _, f := range h {
		if hasMember(f.Name, of.SystemPrefix()) && f.Value != "" {
			m.Set(f.Name, f.Value)
		}
	}
	return m
}

// ObjectMetadata returns the metadata that an object keeps of a request: user
// metadata, sysmeta and ObjectHeaders, empty values included.
func ObjectMetadata(h web.Header) (m objstore.Metadata) {
	for _, f := range h {
		if hasMember(f.Name, ObjectResource.UserPrefix()) ||
			hasMember(f.Name, ObjectResource.SystemPrefix()) ||
			hasMember(f.Name, TransientSystemPrefix) ||
			oneOf(f.Name, ObjectHeaders) {
			m.Set(f.Name, f.Value)
		}
	}
	return m
}

// hasMember reports whether name begins with prefix and goes on.
func hasMember(name, prefix string) bool {
	rest, ok := web.CutPrefix(name, prefix)
	return ok && rest != ""
}

// AddMetadata adds stored metadata to a response. Owner headers are added for
// the owner only.
func AddMetadata(h *web.Header, m objstore.Metadata, owner bool) {
	for _, f := range m {
		if owner || !IsOwnerHeader(f.Name) {
			h.Add(f.Name, f.Value)
		}
	}
}
