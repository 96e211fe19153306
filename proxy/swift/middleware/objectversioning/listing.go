// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"slices"
	"strconv"
	"strings"

	"needletail/proxy/swift/listing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// listVersions answers GET of a container with ?versions. A container that
// never had versions lists its objects as null versions.
func (m *middleware) listVersions(r *swift.Request, path swift.Path) (*web.Response, error) {
	head := r.Clone()
	head.Method = "HEAD"
	res, err := m.headContainer(head, path)
	if err != nil || res.Status/100 != 2 {
		return res, err
	}
	if err := res.Close(); err != nil {
		return nil, err
	}
	if err := onlyJSON(r); err != nil {
		return nil, err
	}
	p, err := m.readPage(r)
	if err != nil {
		return nil, err
	}
	body, err := m.page(r, path, p)
	if err != nil {
		return nil, err
	}
	out := web.NewBytes(200, listing.JSON.ContentType(), body)
	res.Header.Set("Content-Type", listing.JSON.ContentType())
	out.Header = res.Header
	return out, nil
}

// onlyJSON returns 406 if the client wants another format.
func onlyJSON(r *swift.Request) error {
	format, err := r.QueryText("format")
	if err != nil {
		return err
	}
	if format != "" {
		if strings.EqualFold(format, "json") {
			return nil
		}
		return web.Status(406)
	}
	best, err := web.BestAccept(r.Header.Get("Accept"), "application/json")
	if err == nil && best == "" {
		err = web.Status(406)
	}
	return err
}

// page has the query's options for the visible and for the hidden container.
type page struct {
	visible, hidden objstore.ListOptions
	limit           int
	// nullMarker is the name whose null version the page follows. Swift marks
	// no version of the name as the latest then.
	nullMarker string
}

// readPage reads the query. Markers are bounds that no entry equals: a name as
// a marker stands for all versions of the name.
func (m *middleware) readPage(r *swift.Request) (p page, err error) {
	q := r.Query()
	text := func(name string) (v string) {
		if err == nil {
			v, err = r.QueryText(name)
		}
		return v
	}
	p.visible = objstore.ListOptions{
		Prefix: text("prefix"), Delimiter: text("delimiter"), Marker: text("marker"), EndMarker: text("end_marker"),
		Reverse: swift.IsTrue(text("reverse")), Limit: m.Limits.ContainerListing,
	}
	limit, versionMarker := text("limit"), text("version_marker")
	if err != nil {
		return p, err
	}
	if p.visible.Limit, err = listing.Limit(limit, m.Limits.ContainerListing); err != nil {
		return p, err
	}
	if strings.ContainsAny(p.visible.Delimiter, "0123456789.") {
		return p, web.Statusf(400, "invalid delimiter param")
	}
	b := m.layout.bounds()
	p.hidden, p.limit = encodeOptions(b, p.visible), p.visible.Limit
	if !q.Has("version_marker") {
		return p, nil
	}
	marker := p.visible.Marker
	switch id, err := objstore.ParseTimestamp(versionMarker); {
	case !q.Has("marker"):
		return p, web.Statusf(400, "version_marker param requires marker")
	case versionMarker == nullID:
		p.hidden.Marker, p.nullMarker = b.encode(marker)+b.end, marker
	case err != nil, id > m.layout.idMax():
		return p, web.Statusf(400, "invalid version_marker param")
	default:
		p.hidden.Marker = string(m.layout.versionName(marker, id))
		if p.visible.Reverse {
			// In reverse order the null version follows all versions of the
			// name. If the visible container has a link under the name, the
			// link uses an entry of the page although all versions have been
			// listed. Therefore the limit grows by an entry.
			p.visible.Marker += "\x01"
			p.visible.Limit++
		}
	}
	return p, nil
}

// encodeOptions returns the options for a hidden container that select the
// versions of the names selected by o.
func encodeOptions(b bounds, o objstore.ListOptions) objstore.ListOptions {
	after := func(name string) string { // excludes name and everything before name
		switch {
		case name == "":
			return ""
		case o.Delimiter != "" && len(name) > len(o.Prefix) && strings.HasSuffix(name, o.Delimiter):
			return b.encode(name) // a subdir: the Store leaves out the whole subdir
		}
		return b.encode(name) + b.past
	}
	before := func(name string) string { // excludes name and everything after name
		if name == "" {
			return ""
		}
		return b.encode(name) + b.end
	}
	marker, endMarker := after, before
	if o.Reverse {
		marker, endMarker = before, after
	}
	out := o
	out.Prefix, out.Delimiter, out.Reserved = b.encode(o.Prefix), b.part(o.Delimiter), true
	out.Marker, out.EndMarker = marker(o.Marker), endMarker(o.EndMarker)
	return out
}

const (
	// listedBytes is the approximate memory of an entry besides its texts, in
	// lists that may have grown to twice the needed length.
	listedBytes = 1000
	// listedFactor is how many copies of the texts are in memory: the entry,
	// and a page in which a byte takes at most six bytes and which may have
	// grown to twice the needed length.
	listedFactor = 13
)

// page lists both containers and merges the entries: null objects and subdirs
// of the visible container, versions and subdirs of the hidden container. A
// page of each container is enough for a page of the result. The request holds
// the memory of all entries.
func (m *middleware) page(r *swift.Request, path swift.Path, p page) ([]byte, error) {
	ctx, c := r.Context(), path.ContainerID()
	l := latest{m: m, ctx: ctx, container: c, links: map[string]objstore.Timestamp{}, nullMarker: p.nullMarker}
	var entries, nulls, versions []objstore.ObjectEntry
	subdirs := map[string]bool{}
	subdir := func(name string) {
		if !subdirs[name] {
			subdirs[name] = true
			entries = append(entries, objstore.ObjectEntry{Name: name, Subdir: true})
		}
	}
	hold := func(e *objstore.ObjectEntry) error {
		return r.Hold(listedBytes + listedFactor*int64(len(e.Name)+len(e.ContentType)))
	}
	err := m.Store.ListObjects(ctx, c, p.visible, func(e *objstore.ObjectEntry) error {
		if err := hold(e); err != nil {
			return err
		}
		m.layout.show(path, e)
		switch {
		case e.Subdir:
			subdir(e.Name)
		case e.Extra.Get("version_symlink") == "true":
			l.add(e)
		default:
			l.links[e.Name] = 0
			nulls = append(nulls, listedVersion(e, e.Name, nullID, true))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = m.Store.ListObjects(ctx, m.layout.hidden(c), p.hidden, func(e *objstore.ObjectEntry) error {
		if err := hold(e); err != nil {
			return err
		}
		if e.Subdir {
			subdir(m.layout.bounds().decode(e.Name))
			return nil
		}
		versions = append(versions, *e)
		versions[len(versions)-1].Extra = e.Extra.Clone()
		return nil
	})
	if err != nil && !missing(err) {
		return nil, err
	}
	if !p.visible.Reverse {
		entries = append(entries, nulls...)
	}
	for _, e := range versions {
		name, id, ok := m.layout.parseVersionName(e.Name)
		if !ok {
			continue
		}
		isLatest, err := l.is(name, id, e.ContentType)
		if err != nil {
			return nil, err
		}
		entries = append(entries, listedVersion(&e, name, id.String(), isLatest))
	}
	if p.visible.Reverse {
		entries = append(entries, nulls...)
	}
	return encodePage(entries, p), nil
}

// listedVersion returns an entry as clients see the version. The result has its
// own Extra.
func listedVersion(e *objstore.ObjectEntry, name, id string, isLatest bool) objstore.ObjectEntry {
	out := *e
	out.Name, out.Extra = name, e.Extra.Clone()
	out.Extra.Set("version_id", id)
	out.Extra.Set("is_latest", strconv.FormatBool(isLatest))
	return out
}

// encodePage sorts by name alone: entries of the same name are in order
// already.
func encodePage(entries []objstore.ObjectEntry, p page) []byte {
	slices.SortStableFunc(entries, func(a, b objstore.ObjectEntry) int {
		if p.visible.Reverse {
			a, b = b, a
		}
		return strings.Compare(a.Name, b.Name)
	})
	if len(entries) > p.limit {
		entries = entries[:p.limit]
	}
	listing := listing.NewContainer(listing.JSON, "")
	for i := range entries {
		listing.Object(&entries[i])
	}
	return listing.Bytes()
}
