// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// swiftLayout is the layout of Swift's own proxies
// (swift/common/middleware/versioned_writes/object_versioning.py). Container and
// object of a version, in the visible container's account:
//
//	container  NUL "versions" NUL and the visible container's name
//	object     NUL and the name, NUL and the inverted time
//
// The inverted time is 9999999999.99999 minus the version's time, in Swift's
// normal form, so the newest version sorts first. No client can name such a
// container: SplitPath refuses NUL.
//
// A link is a static symlink to the version with these lines besides the lines
// of every symlink. Its time is the request's, plus the offset 1:
//
//	X-Object-Sysmeta-Versions-Symlink      true
//	X-Object-Sysmeta-Symloop-Extend        true
//	X-Object-Sysmeta-Allow-Reserved-Names  true
type swiftLayout struct{}

const (
	reserved         = "\x00"
	versionsPrefix   = reserved + "versions" + reserved
	invertedMax      = objstore.Timestamp(999_999_999_999_999)
	invertedDigits   = len("9999999999.99999")
	linkOffset       = 1
	extendSysmeta    = "X-Object-Sysmeta-Symloop-Extend"
	reservedSysmeta  = "X-Object-Sysmeta-Allow-Reserved-Names"
	sloSizeSysmeta   = "X-Object-Sysmeta-Slo-Size"
	symlinkPathEntry = "symlink_path"
	symlinkETagEntry = "symlink_etag"
	symlinkSizeEntry = "symlink_bytes"
)

func (swiftLayout) hidden(c objstore.ContainerID) objstore.ContainerID {
	return objstore.ContainerID{Account: c.Account, Container: versionsPrefix + c.Container}
}

func (swiftLayout) versionName(name string, id objstore.Timestamp) objstore.ObjectName {
	return objstore.ObjectName(reserved + name + reserved + (invertedMax - id).String())
}

func (swiftLayout) parseVersionName(hidden string) (name string, id objstore.Timestamp, ok bool) {
	name, ok = strings.CutPrefix(hidden, reserved)
	end := len(name) - invertedDigits
	if !ok || end < 1 || name[end-1] != reserved[0] {
		return "", 0, false
	}
	inverted, err := objstore.ParseTimestamp(name[end:])
	if err != nil || inverted.String() != name[end:] {
		return "", 0, false
	}
	return name[:end-1], invertedMax - inverted, true
}

// bounds: ':' sorts after all digits of a time.
func (swiftLayout) bounds() bounds {
	return bounds{
		encode: func(name string) string { return reserved + name },
		part:   func(part string) string { return part },
		decode: func(encoded string) string { return strings.TrimPrefix(encoded, reserved) },
		end:    reserved, past: reserved + ":",
	}
}

func (swiftLayout) idMax() objstore.Timestamp { return invertedMax }

func (l swiftLayout) linkOf(h web.Header, name objstore.ObjectID) objstore.Timestamp {
	if !swift.IsTrue(h.Get(linkSysmeta)) {
		return 0
	}
	target, ok := swift.SymlinkOf(h)
	if !ok || target.Account != "" || target.Container != string(l.hidden(name.ContainerID()).Container) {
		return 0
	}
	of, id, ok := l.parseVersionName(target.Object)
	if !ok || of != string(name.Object) {
		return 0
	}
	return id
}

func (l swiftLayout) link(v *versioned, id, at objstore.Timestamp, version *objstore.ObjectInfo, _ swift.Path) objstore.PutOptions {
	var h web.Header
	if override, ok := version.Metadata.Lookup(swift.OverrideETag); ok {
		h.Set(swift.OverrideETag, override) // a manifest's own values are shown too
	}
	link := swift.Symlink{
		Container: string(v.hidden.Container), Object: string(l.versionName(string(v.id.Object), id)),
		ETag: version.ETag, SizeBytes: shownBytes(version),
	}
	// Swift compares a static link that leads to a static link with what the second
	// link requires, not with the second link (symlink.py: _recursive_get_head).
	if static, ok := swift.SymlinkOf(headerOf(version.Metadata)); ok && static.ETag != "" {
		link.ETag, link.SizeBytes = static.ETag, static.SizeBytes
	}
	swift.SetSymlink(&h, link)
	for _, name := range []string{linkSysmeta, extendSysmeta, reservedSysmeta} {
		h.Set(name, "true")
	}
	return objstore.PutOptions{
		Timestamp: at, TimestampOffset: linkOffset,
		ContentType: version.ContentType,
		Metadata:    swift.ObjectMetadata(h),
		Listing:     swift.ListingOverride(h, string(v.id.Account)),
	}
}

// shownBytes is the size of a version in listings: the size of a large object,
// not of its manifest.
func shownBytes(version *objstore.ObjectInfo) int64 {
	if version.Listing.SizeBytes != nil {
		return *version.Listing.SizeBytes
	}
	if n, err := strconv.ParseInt(version.Metadata.Get(sloSizeSysmeta), 10, 64); err == nil && n >= 0 {
		return n
	}
	return version.SizeBytes
}

func (swiftLayout) deletion(at objstore.Timestamp) objstore.DeleteOptions {
	return objstore.DeleteOptions{Timestamp: at}
}

func (swiftLayout) shared() bool { return true }

// show gives a link the size and ETag of its version, and a path that clients
// may use.
func (l swiftLayout) show(path swift.Path, e *objstore.ObjectEntry) {
	target := e.Extra.Get(symlinkPathEntry)
	hidden := web.Quote("/v1/" + path.Account + "/" + string(l.hidden(path.ContainerID()).Container) + "/")
	object, ok := strings.CutPrefix(target, hidden)
	if !ok {
		return
	}
	name, id, ok := l.parseVersionName(web.Unquote(object))
	size, err := strconv.ParseInt(e.Extra.Get(symlinkSizeEntry), 10, 64)
	etag, static := e.Extra.Lookup(symlinkETagEntry)
	if !ok || err != nil || !static {
		return
	}
	path.Object = name
	e.SizeBytes, e.ETag = size, etag
	e.Extra = e.Extra.Clone()
	e.Extra.Del(symlinkETagEntry)
	e.Extra.Del(symlinkSizeEntry)
	e.Extra.Set(symlinkPathEntry, versionPath(path, id))
	e.Extra.Set("version_symlink", "true")
}
