// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"net/url"
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/objstore/cluster/wire"
)

// A listing override is sysmeta of the object. The object server copies the
// values into the container's row (swift/obj/server.py:
// _check_container_override):
//
//	X-Object-Sysmeta-Container-Update-Override-Etag          ETAG; NAME=VALUE; ...
//	X-Object-Sysmeta-Container-Update-Override-Content-Type  TYPE
//	Content-Type (of object and row)                         TYPE;swift_bytes=N
//
// The listed size travels as the parameter swift_bytes, as SLO of Swift sends
// the size: the override of the size would change the container's counters too.
// Parameters of the ETag are those of Swift's middlewares (slo.py, symlink.py)
// where the extra key has their shape, and else paramOther + KEY, quoted.
const (
	overridePrefix = "X-Object-Sysmeta-Container-Update-Override-"
	overrideETag   = overridePrefix + "Etag"
	overrideSize   = overridePrefix + "Size"
	overrideType   = overridePrefix + "Content-Type"

	// noteName is a sysmeta of needletail alone: the values of an override
	// that Swift's own headers lose. "size=N" survives a POST with a type;
	// "own" says that the caller's metadata held no override lines.
	noteName = "X-Object-Sysmeta-Needletail-Listing"
	noteOwn  = "own"
	noteSize = "size="

	paramSwiftBytes = "swift_bytes"
	paramOther      = "needletail."
)

// Keys of ObjectEntry.Extra with a parameter of Swift's.
const (
	extraSLOETag       = "slo_etag"
	extraSymlinkETag   = "symlink_etag"
	extraSymlinkBytes  = "symlink_bytes"
	extraSymlinkPath   = "symlink_path"
	paramTarget        = "symlink_target"
	paramTargetAccount = "symlink_target_account"
	paramTargetETag    = "symlink_target_etag"
	paramTargetBytes   = "symlink_target_bytes"
	extraPathVersion   = "/v1/"
)

// hasOverride reports whether metadata holds a line of an override.
func hasOverride(m objstore.Metadata) bool {
	for _, f := range m {
		if strings.HasPrefix(f.Name, overridePrefix) {
			return true
		}
	}
	return false
}

// zeroListing reports whether an override overrides nothing.
func zeroListing(l objstore.ListingOverride) bool {
	return l.ETag == "" && l.SizeBytes == nil && l.ContentType == "" && len(l.Extra) == 0
}

// overrideLines are the sysmeta of a PUT for the listing. etag is the body's
// MD5, or "" if the MD5 is not known yet. headType is the stored content type,
// or "" if typeOf makes the stored type: a footer cannot change the type, so a
// size that the head did not have goes into the row's type alone.
func overrideLines(account string, l objstore.ListingOverride, m objstore.Metadata,
	etag, headType string) (lines objstore.Metadata) {

	if zeroListing(l) {
		return nil
	}
	switch {
	case m.Get(overrideETag) != "":
		lines.Set(overrideETag, m.Get(overrideETag))
	case l.ETag != "" || len(l.Extra) > 0:
		shown := l.ETag
		if shown == "" {
			shown = etag
		}
		lines.Set(overrideETag, shown+extraParams(account, l.Extra))
	}
	var note []string
	if !hasOverride(m) {
		note = append(note, noteOwn)
	}
	if l.SizeBytes != nil {
		note = append(note, noteSize+strconv.FormatInt(*l.SizeBytes, 10))
	}
	if len(note) > 0 {
		lines.Set(noteName, strings.Join(note, " "))
	}
	if l.ContentType != "" {
		lines.Set(overrideType, typeOf(l.ContentType, l))
	} else if plain, _ := cutSwiftBytes(headType); headType != "" && typeOf(plain, l) != headType {
		lines.Set(overrideType, typeOf(plain, l))
	}
	return lines
}

// typeOf is a content type with the listed size.
func typeOf(contentType string, l objstore.ListingOverride) string {
	if l.SizeBytes == nil {
		return contentType
	}
	return contentType + ";" + paramSwiftBytes + "=" + strconv.FormatInt(*l.SizeBytes, 10)
}

// needsETag reports whether an override shows the body's own MD5 with extra
// keys: the line can only be written after the body.
func needsETag(l objstore.ListingOverride, m objstore.Metadata) bool {
	return l.ETag == "" && len(l.Extra) > 0 && m.Get(overrideETag) == ""
}

// extraParams are the parameters behind an ETag.
func extraParams(account string, extra objstore.Metadata) string {
	var b strings.Builder
	param := func(name, value string) { b.WriteString("; " + name + "=" + value) }
	for _, f := range extra {
		switch {
		case f.Name == extraSymlinkPath && writeTarget(param, account, f.Value):
		case f.Name == extraSymlinkETag && plainParam(f.Value):
			param(paramTargetETag, f.Value)
		case f.Name == extraSymlinkBytes && plainParam(f.Value):
			param(paramTargetBytes, f.Value)
		case f.Name == extraSLOETag && quotedParam(f.Value):
			param(extraSLOETag, f.Value[1:len(f.Value)-1])
		default:
			param(paramOther+url.QueryEscape(f.Name), url.QueryEscape(f.Value))
		}
	}
	return b.String()
}

// writeTarget writes a path "/v1/account/container/object", quoted, as a
// symlink's target. False: the path has another shape.
func writeTarget(param func(name, value string), account, path string) bool {
	rest, ok := strings.CutPrefix(path, extraPathVersion)
	if !ok {
		return false
	}
	owner, target, ok := strings.Cut(rest, "/")
	if !ok || owner == "" || !strings.Contains(target, "/") || !plainParam(target) || !plainParam(owner) {
		return false
	}
	param(paramTarget, target)
	if owner != wire.Quote(account) {
		param(paramTargetAccount, owner)
	}
	return true
}

// plainParam reports whether a value can stand in a parameter as the value is.
func plainParam(v string) bool {
	return v != "" && !strings.ContainsAny(v, ";\" \t\r\n")
}

// quotedParam reports whether v is a plain value in double quotes.
func quotedParam(v string) bool {
	return len(v) > 2 && v[0] == '"' && v[len(v)-1] == '"' && plainParam(v[1:len(v)-1])
}

// splitListed splits a listed ETag "ETAG; NAME=VALUE" into the ETag and the
// extra keys of a listing. A parameter of no known name is dropped.
func splitListed(account, hash string) (etag string, extra objstore.Metadata) {
	etag, rest, more := strings.Cut(hash, ";")
	owner, target := wire.Quote(account), ""
	for more {
		var p string
		p, rest, more = strings.Cut(rest, ";")
		name, value, ok := strings.Cut(strings.TrimSpace(p), "=")
		if !ok {
			continue
		}
		value = strings.Trim(value, `"`)
		switch name {
		case paramTarget:
			target = value
		case paramTargetAccount:
			owner = value // quoted as the link's PUT quoted it (symlink.py: _extract_symlink_path_json)
		case paramTargetETag:
			extra.Set(extraSymlinkETag, value)
		case paramTargetBytes:
			extra.Set(extraSymlinkBytes, value)
		case extraSLOETag:
			extra.Set(extraSLOETag, `"`+value+`"`)
		default:
			setOther(&extra, name, value)
		}
	}
	if target != "" {
		extra.Set(extraSymlinkPath, extraPathVersion+owner+"/"+target)
	}
	return strings.TrimSpace(etag), extra
}

// setOther sets the extra key of a parameter paramOther + KEY.
func setOther(extra *objstore.Metadata, name, value string) {
	name, ok := strings.CutPrefix(name, paramOther)
	if !ok {
		return
	}
	key, err := url.QueryUnescape(name)
	if err != nil || key == "" {
		return
	}
	if value, err = url.QueryUnescape(value); err == nil {
		extra.Set(key, value)
	}
}

// cutSwiftBytes cuts the parameter swift_bytes off a content type
// (swift/common/utils: extract_swift_bytes).
func cutSwiftBytes(contentType string) (rest string, size *int64) {
	if !strings.Contains(contentType, paramSwiftBytes) {
		return contentType, nil
	}
	var kept []string
	for i, part := range strings.Split(contentType, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if i == 0 || name != paramSwiftBytes {
			kept = append(kept, part)
			continue
		}
		size = parseSize(strings.Trim(value, `"`))
	}
	return strings.Join(kept, ";"), size
}

// takeListing reads the override out of an object's sysmeta and type. The
// metadata are left as the caller of the PUT gave them: with the lines of an
// override, unless the note says that the lines are the Store's own.
func takeListing(account string, i *objstore.ObjectInfo) {
	var size *int64
	i.ContentType, size = cutSwiftBytes(i.ContentType)
	own, noted := readNote(i.Metadata.Get(noteName))
	i.Metadata.Del(noteName)
	if size == nil {
		size = noted
	}
	if size == nil {
		size = parseSize(i.Metadata.Get(overrideSize))
	}
	l := &i.Listing
	l.SizeBytes = size
	if l.ContentType, _ = cutSwiftBytes(i.Metadata.Get(overrideType)); l.ContentType == i.ContentType {
		l.ContentType = ""
	}
	l.ETag, l.Extra = splitListed(account, i.Metadata.Get(overrideETag))
	if l.ETag == i.ETag {
		l.ETag = ""
	}
	switch {
	case own:
		i.Metadata.Del(overrideETag)
		i.Metadata.Del(overrideSize)
		i.Metadata.Del(overrideType)
	case size != nil && l.SizeBytes != nil:
		i.Metadata.Set(overrideSize, strconv.FormatInt(*size, 10))
		if l.ContentType != "" {
			i.Metadata.Set(overrideType, l.ContentType)
		}
	}
	if i.Metadata.Get(manifestSysmeta) != "" {
		i.Metadata.Del(manifestHeader) // the Store's own line (putHeader)
	}
	if len(i.Metadata) == 0 {
		i.Metadata = nil
	}
}

// readNote reads the value of noteName.
func readNote(note string) (own bool, size *int64) {
	for _, word := range strings.Fields(note) {
		if word == noteOwn {
			own = true
		}
		if n, ok := strings.CutPrefix(word, noteSize); ok {
			size = parseSize(n)
		}
	}
	return own, size
}

// parseSize reads a number of bytes, or nil.
func parseSize(s string) *int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}
