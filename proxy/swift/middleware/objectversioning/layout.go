// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// layout says where versions lie and what a link looks like. An embedded store
// has needletail's own layout (hidden.go). A store that Swift's proxies use too
// has Swift's (swiftlayout.go), or each proxy would miss the other's versions.
type layout interface {
	// hidden returns the container of a container's versions.
	hidden(c objstore.ContainerID) objstore.ContainerID
	// versionName returns the hidden object of a version.
	versionName(name string, id objstore.Timestamp) objstore.ObjectName
	// parseVersionName is the inverse of versionName. ok is false for a name of
	// another form.
	parseVersionName(hidden string) (name string, id objstore.Timestamp, ok bool)
	// bounds returns the texts for listings of hidden containers.
	bounds() bounds
	// idMax is the largest version id.
	idMax() objstore.Timestamp

	// linkOf returns the version that a link leads to, and 0 for an object that
	// is no link to a version of the name. h has the object's metadata.
	linkOf(h web.Header, name objstore.ObjectID) objstore.Timestamp
	// link returns the options of the PUT of a link. at is the time of the
	// request that makes the version current.
	link(v *versioned, id, at objstore.Timestamp, version *objstore.ObjectInfo, path swift.Path) objstore.PutOptions
	// deletion returns the options for removing a row of the visible container
	// at the given time.
	deletion(at objstore.Timestamp) objstore.DeleteOptions
	// show changes a link's entry in the visible container's listing into the
	// entry that clients see.
	show(path swift.Path, e *objstore.ObjectEntry)
	// shared reports whether other proxies use the layout too: show has entries
	// to change, an account has the hidden containers among its own, and a
	// missing hidden container is the owner's to make again.
	shared() bool
}

// bounds are the texts for listings of hidden containers. All versions of a name
// are between encode(name)+end and encode(name)+past, and no versions of another
// name are.
type bounds struct {
	// encode returns a name, or the beginning of a name, as the beginning of a
	// hidden name. part does the same for a part from within a name.
	encode, part func(string) string
	// decode is the inverse of encode.
	decode func(string) string
	end    string
	past   string
}

// layoutOf chooses the layout for a store.
func layoutOf(s objstore.Store) layout {
	if s.Guarantees().SwiftLayout {
		return swiftLayout{}
	}
	return ownLayout{}
}

// headerOf returns metadata as the lines of an answer.
func headerOf(m objstore.Metadata) (h web.Header) {
	swift.AddMetadata(&h, m, true)
	return h
}
