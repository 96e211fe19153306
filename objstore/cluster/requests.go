// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/wire"
)

// typeDefault is the type of an object that was put without one: object servers
// refuse a PUT without a type.
const typeDefault = "application/octet-stream"

// policyHeader names the ring of an object, and the policy of container rows.
const policyHeader = "X-Backend-Storage-Policy-Index"

// A manifest of a static large object has sysmeta and a header. needletail's SLO
// knows a manifest by the sysmeta, Swift's by the header (slo.py:
// handle_slo_get_or_head): without the header Swift's proxy answers with the list.
const (
	manifestSysmeta = "X-Object-Sysmeta-Slo-Etag"
	manifestHeader  = "X-Static-Large-Object"
)

// putHeader is the head of an object PUT, the same for all servers. footed says
// that a footer has what the listing shows.
func putHeader(h wire.Header, id objstore.ObjectID, o *objstore.PutOptions, at internaltime.Time,
	policy objstore.PolicyIndex, footed bool) wire.Header {

	h.Set("X-Timestamp", at.String())
	h.Set(policyHeader, strconv.Itoa(int(policy)))
	if o.IfNoneMatch {
		h.Set("If-None-Match", "*")
	}
	if o.DeleteAt != 0 {
		h.Set("X-Delete-At", normalDeleteAt(o.DeleteAt))
	}
	h.Set("Content-Type", typeOf(orType(o.ContentType), o.Listing))
	if o.Finish == nil {
		addMetadata(&h, o.Metadata)
	}
	if o.Metadata.Get(manifestSysmeta) != "" {
		h.Set(manifestHeader, "True")
	}
	if !footed {
		addFields(&h, overrideLines(string(id.Account), o.Listing, o.Metadata, "", ""))
	}
	return h
}

// footed reports whether metadata of a PUT depend on the body, so that they
// follow the body as a footer.
func footed(o *objstore.PutOptions) bool {
	return o.Finish != nil || o.SHA512 || needsETag(o.Listing, o.Metadata)
}

func orType(t string) string {
	if t == "" {
		return typeDefault
	}
	return t
}

// putFooter is the metadata that are sent behind the body of a footed PUT. o are
// the options of the head, i is what Finish left. The server takes sysmeta and
// user metadata from a footer, and wins them over the head's
// (swift/obj/server.py: _apply_extra_metadata), but no other header: the stored
// headers of a PUT with Finish become transient sysmeta, which a POST replaces
// as a POST replaces the headers.
func putFooter(id objstore.ObjectID, o *objstore.PutOptions, i *objstore.ObjectInfo) wire.Header {
	var h wire.Header
	h.Set("Etag", i.ETag)
	if i.SHA512 != "" {
		h.Set(sha512Name, i.SHA512)
	}
	addFields(&h, overrideLines(string(id.Account), i.Listing, i.Metadata, i.ETag, typeOf(orType(o.ContentType), o.Listing)))
	if o.Finish == nil {
		return h
	}
	var hidden objstore.Metadata
	for _, f := range i.Metadata {
		if storedHeaders[f.Name] {
			hidden.Set(headerPrefix+f.Name, f.Value)
		} else {
			hidden.Set(f.Name, f.Value)
		}
	}
	addMetadata(&h, hidden)
	return h
}

// addMetadata adds an object's metadata, without the lines that overrideLines
// makes and without names of the Store's own.
func addMetadata(h *wire.Header, m objstore.Metadata) {
	for _, f := range m {
		if !strings.HasPrefix(f.Name, overridePrefix) && f.Name != noteName && f.Name != sha512Name {
			h.Set(f.Name, f.Value)
		}
	}
}

func addFields(h *wire.Header, m objstore.Metadata) {
	for _, f := range m {
		h.Set(f.Name, f.Value)
	}
}

// postHeader is the head of an object POST. Sysmeta stays as the PUT left it
// (swift/obj/server.py: POST).
func postHeader(h wire.Header, o *objstore.PostOptions, at internaltime.Time, policy objstore.PolicyIndex) wire.Header {
	h.Set("X-Timestamp", at.String())
	h.Set(policyHeader, strconv.Itoa(int(policy)))
	if o.ContentType != "" {
		h.Set("Content-Type", o.ContentType)
	}
	if o.DeleteAt != 0 {
		h.Set("X-Delete-At", normalDeleteAt(o.DeleteAt))
	}
	if o.AllowExpired {
		h.Set("X-Backend-Open-Expired", "true")
	}
	for _, f := range o.Metadata {
		if !strings.HasPrefix(f.Name, objstore.SysmetaObject) {
			h.Set(f.Name, f.Value)
		}
	}
	return h
}

// deleteHeader is the head of an object DELETE.
func deleteHeader(h wire.Header, o *objstore.DeleteOptions, at internaltime.Time, policy objstore.PolicyIndex) wire.Header {
	h.Set("X-Timestamp", at.String())
	h.Set(policyHeader, strconv.Itoa(int(policy)))
	if o.IfDeleteAt != 0 {
		h.Set("X-If-Delete-At", normalDeleteAt(o.IfDeleteAt))
	}
	return h
}

// openHeader is the head of an object GET or HEAD. Servers of Swift 2.30 know
// X-Backend-Open-Expired under its older name alone.
func openHeader(h wire.Header, o *objstore.OpenOptions, policy objstore.PolicyIndex) wire.Header {
	h.Set(policyHeader, strconv.Itoa(int(policy)))
	if o.AllowExpired {
		h.Set("X-Backend-Open-Expired", "true")
		h.Set("X-Backend-Replication", "true")
	}
	if o.Newest {
		h.Set(newestHeader, "True")
	}
	return h
}

// newestHeader makes a read ask all nodes. Servers ignore it.
const newestHeader = "X-Newest"

// updateHeader adds the changes of an account's or a container's metadata. An
// empty value removes a field (swift/common/db.py: update_metadata).
func updateHeader(h wire.Header, set objstore.Metadata) wire.Header {
	addFields(&h, set)
	return h
}
