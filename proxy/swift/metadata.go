package swift

import (
	"strings"
	"unicode/utf8"

	"needletail/objstore"
	"needletail/proxy/web"
)

// Resource is what a path names.
type Resource string

// The three resources; the values are the middle of their header names.
const (
	AccountResource   Resource = "Account"
	ContainerResource Resource = "Container"
	ObjectResource    Resource = "Object"
)

// UserPrefix is "X-Object-Meta-" and its like: what clients set at will.
func (r Resource) UserPrefix() string { return "X-" + string(r) + "-Meta-" }

// SystemPrefix is "X-Object-Sysmeta-" and its like: what features keep for
// themselves. The gatekeeper keeps it from clients, in and out.
func (r Resource) SystemPrefix() string { return "X-" + string(r) + "-Sysmeta-" }

// TransientSystemPrefix is object sysmeta that a POST replaces.
const TransientSystemPrefix = "X-Object-Transient-Sysmeta-"

// ObjectHeaders are the headers that an object keeps besides its metadata
// (swift/obj/server.py: allowed_headers). X-Delete-At is kept elsewhere.
var ObjectHeaders = []string{
	"Cache-Control", "Content-Disposition", "Content-Encoding",
	"Content-Language", "Expires", "X-Object-Manifest", "X-Robots-Tag",
}

// containerHeaders are what a container keeps besides its metadata
// (swift/proxy/controllers/container.py: pass_through_headers).
var containerHeaders = []string{
	"X-Container-Read", "X-Container-Write",
	"X-Container-Sync-Key", "X-Container-Sync-To",
}

// ownerHeaders are swift_owner_headers of swift/proxy/server.py: shown to
// owners alone, and ignored when others send them.
var ownerHeaders = []string{
	"X-Container-Read", "X-Container-Write",
	"X-Container-Sync-Key", "X-Container-Sync-To",
	"X-Account-Meta-Temp-Url-Key", "X-Account-Meta-Temp-Url-Key-2",
	"X-Container-Meta-Temp-Url-Key", "X-Container-Meta-Temp-Url-Key-2",
	"X-Account-Access-Control",
}

// IsOwnerHeader says whether only owners may see and set the header.
func IsOwnerHeader(name string) bool { return oneOf(name, ownerHeaders) }

func oneOf(name string, list []string) bool {
	for _, n := range list {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

// CheckMetadata checks a request's metadata of a resource by itself, and the
// length of every header (swift/common/constraints.py: check_metadata).
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

// CheckMerged checks what an account or a container would hold in the end: a
// MetadataUpdate.Check (swift/common/db.py: validate_metadata).
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

// ValidText is Python Swift's check_utf8 without its refusal of "".
func ValidText(s string) bool {
	return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}

// MetadataUpdate collects what a request sets and removes on an account or a
// container; "X-Remove-" counts less than a value. Without owner the headers
// that are the owner's are left alone.
// (swift/proxy/controllers/base.py: transfer_headers.)
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

// SystemMetadata collects the request's sysmeta of a resource.
func SystemMetadata(h web.Header, of Resource) (m objstore.Metadata) {
	for _, f := range h {
		if hasMember(f.Name, of.SystemPrefix()) && f.Value != "" {
			m.Set(f.Name, f.Value)
		}
	}
	return m
}

// ObjectMetadata collects what an object keeps of a request: user metadata,
// sysmeta and ObjectHeaders; empty ones too.
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

// hasMember says whether name is prefix and something more.
func hasMember(name, prefix string) bool {
	rest, ok := web.CutPrefix(name, prefix)
	return ok && rest != ""
}

// AddMetadata adds stored metadata to a response; the owner's lines only for
// the owner.
func AddMetadata(h *web.Header, m objstore.Metadata, owner bool) {
	for _, f := range m {
		if owner || !IsOwnerHeader(f.Name) {
			h.Add(f.Name, f.Value)
		}
	}
}
