// SPDX-License-Identifier: Apache-2.0

package listing

import (
	"slices"
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/pyxml"
	"needletail/proxy/web"
)

// Format is the form of an account's or a container's listing.
type Format uint8

// The formats. TextXML differs from XML in the media type alone.
const (
	Plain Format = iota
	JSON
	XML
	TextXML
)

// listingTypes are the media types of the formats, in the order in which an
// Accept header without a preference chooses.
var listingTypes = []string{"text/plain", "application/json", "application/xml", "text/xml"}

// ContentType returns the Content-Type of a listing.
func (f Format) ContentType() string { return listingTypes[f] + "; charset=utf-8" }

// Negotiate returns the format named by "format=", or else by Accept. An
// invalid Accept header is 400; a header that accepts no listing is 406. vary
// reports that the request has no "format=" and the answer depends on Accept
// (swift/common/middleware/listing_formats.py).
func Negotiate(r *web.Request) (f Format, vary bool, err error) {
	_, given := r.Query()["format"]
	name, err := r.QueryText("format")
	if err != nil {
		return 0, false, err
	}
	switch strings.ToLower(name) {
	case "":
	case "json":
		return JSON, false, nil
	case "xml":
		return XML, false, nil
	default:
		return Plain, false, nil
	}
	best, err := web.BestAccept(r.Header.Get("Accept"), listingTypes...)
	if err != nil {
		return 0, false, err
	}
	for i, t := range listingTypes {
		if t == best {
			return Format(i), !given, nil
		}
	}
	return 0, false, web.Status(406)
}

// Page encodes a page of a listing, or a piece of a page, entry by entry, byte
// for byte as Swift does: Python's json.dumps and ElementTree.
type Page struct {
	format  Format
	account bool
	entries int
	buf     []byte
	// pieceBytes is how much is encoded at a time; see LargePieces.
	pieceBytes int
}

// largePieceBytes is a piece of a listing that is costly to continue. Most pages
// have no more.
const largePieceBytes = 16 * web.PieceBytes

// LargePieces makes the pieces of the page large: for a Store without
// Guarantees.CheapPages.
func (l *Page) LargePieces() { l.pieceBytes = largePieceBytes }

// entryRoomBytes is enough room for most entries. A buffer with less room left
// is doubled before the next entry: append alone would move a piece a dozen
// times.
const entryRoomBytes = 1 << 10

const xmlHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

// NewAccount begins the listing of an account's containers.
func NewAccount(f Format, account string) *Page {
	return newPage(f, true, "account", account)
}

// NewContainer begins the listing of a container's objects.
func NewContainer(f Format, container string) *Page {
	return newPage(f, false, "container", container)
}

// newPage begins a page: the text before the first entry.
func newPage(f Format, account bool, element, name string) *Page {
	l := &Page{format: f, account: account, pieceBytes: web.PieceBytes}
	switch f {
	case JSON:
		l.buf = append(l.buf, '[')
	case XML, TextXML:
		l.buf = append(l.buf, xmlHead+"<"+element+" name=\""...)
		l.buf = append(pyxml.AppendAttr(l.buf, name), '"')
	}
	return l
}

// begin writes the text between two entries, or before the first.
func (l *Page) begin() {
	if cap(l.buf)-len(l.buf) < entryRoomBytes {
		l.buf = slices.Grow(l.buf, len(l.buf)+entryRoomBytes)
	}
	switch {
	case l.format == JSON && l.entries > 0:
		l.buf = append(l.buf, ", "...)
	case l.xml() && l.entries == 0:
		l.buf = append(l.buf, '>')
		if l.account {
			l.buf = append(l.buf, '\n')
		}
	}
	l.entries++
}

func (l *Page) xml() bool { return l.format == XML || l.format == TextXML }

// Full reports whether the current piece of a page has enough bytes to be sent.
func (l *Page) Full() bool { return len(l.buf) >= l.pieceBytes }

// Bytes ends the listing and returns its text. A plain listing without entries
// is empty.
func (l *Page) Bytes() []byte {
	l.end()
	return l.buf
}

// end writes the text behind the last entry.
func (l *Page) end() {
	switch {
	case l.format == JSON:
		l.buf = append(l.buf, ']')
	case l.xml() && l.entries == 0 && l.account:
		l.buf = append(l.buf, ">\n</account>"...)
	case l.xml() && l.entries == 0:
		l.buf = append(l.buf, " />"...)
	case l.xml() && l.account:
		l.buf = append(l.buf, "</account>"...)
	case l.xml():
		l.buf = append(l.buf, "</container>"...)
	}
}

// Container adds a container or a subdir to an account's listing. An empty
// policy is unknown: the entry then has no policy.
func (l *Page) Container(e *objstore.ContainerEntry, policy string) {
	l.begin()
	switch {
	case e.Subdir || l.format == Plain:
		l.subdir(e.Name)
	case l.format == JSON:
		l.buf = appendContainerJSON(l.buf, e, policy)
	default:
		l.buf = appendContainerXML(l.buf, e, policy)
	}
	if l.xml() {
		l.buf = append(l.buf, '\n')
	}
}

// Object adds an object, or a subdir, to a container's listing.
func (l *Page) Object(e *objstore.ObjectEntry) {
	l.begin()
	switch {
	case e.Subdir || l.format == Plain:
		l.subdir(e.Name)
	case l.format == JSON:
		l.buf = appendObjectJSON(l.buf, e)
	default:
		l.buf = appendObjectXML(l.buf, e)
	}
}

// subdir writes an entry that has only a name: a subdir, or any entry of a
// plain listing.
func (l *Page) subdir(name string) {
	switch {
	case l.format == Plain:
		l.buf = append(append(l.buf, name...), '\n')
	case l.format == JSON:
		l.buf = pyjson.AppendString(append(l.buf, `{"subdir": `...), name)
		l.buf = append(l.buf, '}')
	case l.account:
		l.buf = pyxml.AppendAttr(append(l.buf, `<subdir name="`...), name)
		l.buf = append(l.buf, `" />`...)
	default:
		l.buf = pyxml.AppendAttr(append(l.buf, `<subdir name="`...), name)
		l.buf = pyxml.AppendElement(append(l.buf, `">`...), "name", name)
		l.buf = append(l.buf, `</subdir>`...)
	}
}

func appendContainerJSON(dst []byte, e *objstore.ContainerEntry, policy string) []byte {
	dst = pyjson.AppendString(append(dst, `{"name": `...), e.Name)
	dst = strconv.AppendInt(append(dst, `, "count": `...), e.ObjectCount, 10)
	dst = strconv.AppendInt(append(dst, `, "bytes": `...), e.BytesUsed, 10)
	dst = e.Modified.AppendISO(append(dst, `, "last_modified": "`...))
	dst = append(dst, '"')
	if policy != "" {
		dst = pyjson.AppendString(append(dst, `, "storage_policy": `...), policy)
	}
	return append(dst, '}')
}

// symlinkKeys come first, in this order (swift/common/middleware/symlink.py:
// _extract_symlink_path_json): the remaining filters add their keys later.
var symlinkKeys = []string{"symlink_etag", "symlink_bytes", "symlink_path"}

const latestKey = "is_latest"

// appendObjectJSON writes an object with the keys of features behind Swift's
// own.
func appendObjectJSON(dst []byte, e *objstore.ObjectEntry) []byte {
	dst = strconv.AppendInt(append(dst, `{"bytes": `...), e.SizeBytes, 10)
	dst = pyjson.AppendString(append(dst, `, "hash": `...), e.ETag)
	dst = pyjson.AppendString(append(dst, `, "name": `...), e.Name)
	dst = pyjson.AppendString(append(dst, `, "content_type": `...), ContentType(e.ContentType))
	dst = e.Modified.AppendISO(append(dst, `, "last_modified": "`...))
	dst = append(dst, '"')
	for _, name := range symlinkKeys {
		if value, ok := e.Extra.Lookup(name); ok {
			dst = appendExtraJSON(dst, objstore.Field{Name: name, Value: value})
		}
	}
	// The keys of an object without a version are in another order
	// (object_versioning.py: _list_versions).
	last := ""
	if e.Extra.Get("version_id") == "null" {
		last = latestKey
	}
	for _, f := range e.Extra {
		if f.Name != last && !slices.Contains(symlinkKeys, f.Name) {
			dst = appendExtraJSON(dst, f)
		}
	}
	if value, ok := e.Extra.Lookup(last); ok {
		dst = appendExtraJSON(dst, objstore.Field{Name: last, Value: value})
	}
	return append(dst, '}')
}

// appendExtraJSON writes a feature's key and value: a string, or a number or
// boolean for the keys that have them in Swift.
func appendExtraJSON(dst []byte, f objstore.Field) []byte {
	dst = pyjson.AppendString(append(dst, ", "...), f.Name)
	dst = append(dst, ": "...)
	switch f.Name {
	case "symlink_bytes":
		if n, err := strconv.ParseInt(f.Value, 10, 64); err == nil {
			return strconv.AppendInt(dst, n, 10)
		}
	case "version_symlink", latestKey:
		return strconv.AppendBool(dst, f.Value == "true")
	}
	return pyjson.AppendString(dst, f.Value)
}

func appendContainerXML(dst []byte, e *objstore.ContainerEntry, policy string) []byte {
	dst = pyxml.AppendElement(append(dst, "<container>"...), "name", e.Name)
	dst = strconv.AppendInt(append(dst, "<count>"...), e.ObjectCount, 10)
	dst = strconv.AppendInt(append(dst, "</count><bytes>"...), e.BytesUsed, 10)
	dst = e.Modified.AppendISO(append(dst, "</bytes><last_modified>"...))
	dst = append(dst, "</last_modified>"...)
	if policy != "" {
		dst = pyxml.AppendElement(dst, "storage_policy", policy)
	}
	return append(dst, "</container>"...)
}

func appendObjectXML(dst []byte, e *objstore.ObjectEntry) []byte {
	dst = pyxml.AppendElement(append(dst, "<object>"...), "name", e.Name)
	dst = pyxml.AppendElement(dst, "hash", e.ETag)
	dst = strconv.AppendInt(append(dst, "<bytes>"...), e.SizeBytes, 10)
	dst = pyxml.AppendElement(append(dst, "</bytes>"...), "content_type", ContentType(e.ContentType))
	dst = e.Modified.AppendISO(append(dst, "<last_modified>"...))
	return append(dst, "</last_modified></object>"...)
}
