// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
)

// object answers the requests of an object server.
func (n *fakeNode) object(r *wiretest.Request, account, container, name string) *wiretest.Answer {
	n.mu.Lock()
	a, row := n.objectLocked(r)
	n.mu.Unlock()
	if row != nil {
		n.tell(r.Header.Get("X-Container-Host"), func(to *fakeNode) {
			if own, ok := to.objectRow(account, container, name, *row); ok {
				for _, other := range n.cluster.nodes {
					other.setRow(account, container, own)
				}
			}
		})
	}
	return a
}

// objectLocked answers, and returns the row for the container servers.
func (n *fakeNode) objectLocked(r *wiretest.Request) (*wiretest.Answer, *fakeRow) {
	key, at := n.key(r), timeOf(r, "X-Timestamp")
	o := n.objects[key]
	expired := r.Header.Get("X-Backend-Open-Expired") != "true"
	switch r.Method {
	case "PUT":
		return n.putObject(r, key, at)
	case "DELETE":
		return n.deleteObject(r, key, at)
	case "POST":
		if o == nil || o.dead || expired && o.expired() {
			return missing(o), nil
		}
		if !o.modified.Before(at) {
			return &wiretest.Answer{Status: 409}, nil
		}
		return o.post(r, at)
	}
	if o == nil || o.dead || expired && o.expired() {
		return missing(o), nil
	}
	return o.get(r), nil
}

// missing is a 404, with the time of what is known.
func missing(o *fakeObject) *wiretest.Answer {
	a := &wiretest.Answer{Status: 404}
	if o != nil {
		a.Header.Add("X-Backend-Timestamp", o.modified.String())
	}
	return a
}

func (n *fakeNode) putObject(r *wiretest.Request, key string, at internaltime.Time) (*wiretest.Answer, *fakeRow) {
	sum := md5.Sum(r.Body)
	o := &fakeObject{data: at, modified: at, body: r.Body, etag: hex.EncodeToString(sum[:])}
	if want := r.Header.Get("Etag"); want != "" && want != o.etag {
		return &wiretest.Answer{Status: 422}, nil
	}
	if old := n.objects[key]; old != nil && !old.data.Before(at) {
		return &wiretest.Answer{Status: 201, Header: wire.Header{{Name: "Etag", Value: o.etag}}}, nil
	}
	o.header = keep(r.Header)
	for name, value := range r.Footer {
		if titled := titleName(name); anyPrefix(titled, objectMeta, objstore.SysmetaObject, objectTransient) {
			o.header.Set(titled, value)
		}
	}
	o.deleteAt, _ = strconv.ParseInt(r.Header.Get("X-Delete-At"), 10, 64)
	o.kind = o.header.Get("Content-Type")
	if old := n.objects[key]; old != nil && !old.dead && at.Before(old.modified) {
		o.keepPost(old)
	}
	n.objects[key] = o
	row := o.row()
	return &wiretest.Answer{Status: 201, Header: wire.Header{{Name: "Etag", Value: `"` + o.etag + `"`}}}, &row
}

// keepPost keeps the metadata of a POST that is newer than the PUT of o
// (swift/obj/diskfile.py: _construct_from_data_file).
func (o *fakeObject) keepPost(old *fakeObject) {
	var header wire.Header
	for _, f := range o.header {
		if anyPrefix(f.Name, objstore.SysmetaObject) || f.Name == "Content-Type" || f.Name == "X-Static-Large-Object" {
			header.Set(f.Name, f.Value)
		}
	}
	for _, f := range old.header {
		if !anyPrefix(f.Name, objstore.SysmetaObject) && f.Name != "Content-Type" && f.Name != "X-Static-Large-Object" {
			header.Set(f.Name, f.Value)
		}
	}
	o.header, o.modified, o.deleteAt = header, old.modified, old.deleteAt
}

// keep are the headers that an object server stores.
func keep(h wire.Header) (kept wire.Header) {
	for _, f := range h {
		name := titleName(f.Name)
		if name == "Content-Type" || storedHeaders[name] || anyPrefix(name, objectMeta, objstore.SysmetaObject, objectTransient) {
			kept.Set(name, f.Value)
		}
	}
	return kept
}

// row is the object in its container. The listed size stays when a POST has
// replaced the type.
func (o *fakeObject) row() fakeRow {
	row := fakeRow{at: o.data, modified: o.modified, size: int64(len(o.body)), etag: o.etag, kind: o.header.Get("Content-Type")}
	if _, bytes, ok := strings.Cut(o.kind, ";swift_bytes="); ok && row.kind != o.kind {
		row.kind += ";swift_bytes=" + bytes
	}
	if v := o.header.Get(overrideETag); v != "" {
		row.etag = v
	}
	if v := o.header.Get(overrideType); v != "" {
		row.kind = v
	}
	return row
}

func (o *fakeObject) post(r *wiretest.Request, at internaltime.Time) (*wiretest.Answer, *fakeRow) {
	kept := keep(r.Header)
	for _, f := range o.header {
		if anyPrefix(f.Name, objstore.SysmetaObject) || f.Name == "X-Static-Large-Object" {
			kept.Set(f.Name, f.Value)
		}
	}
	kind := o.header.Get("Content-Type")
	if kept.Get("Content-Type") == "" {
		kept.Set("Content-Type", kind)
	}
	o.header, o.modified = kept, at
	o.deleteAt, _ = strconv.ParseInt(r.Header.Get("X-Delete-At"), 10, 64)
	a := &wiretest.Answer{Status: 202, Header: wire.Header{{Name: "X-Backend-Content-Type", Value: kind}}}
	for _, f := range o.header {
		if anyPrefix(f.Name, objstore.SysmetaObject) {
			a.Header.Add(f.Name, f.Value)
		}
	}
	row := o.row()
	return a, &row
}

func (n *fakeNode) deleteObject(r *wiretest.Request, key string, at internaltime.Time) (*wiretest.Answer, *fakeRow) {
	o := n.objects[key]
	status := 404
	if o != nil && !o.dead && !o.expired() {
		status = 204
		if !o.data.Before(at) {
			status = 409
		}
	}
	if want := r.Header.Get("X-If-Delete-At"); want != "" {
		at, _ := strconv.ParseInt(want, 10, 64)
		switch {
		case o == nil:
			return &wiretest.Answer{Status: 404}, nil
		case at != o.deleteAt:
			return &wiretest.Answer{Status: 412}, nil
		}
		status = 204
	}
	a := &wiretest.Answer{Status: status}
	if o != nil && !o.data.Before(at) {
		a.Header.Add("X-Backend-Timestamp", o.data.String())
		return a, nil
	}
	a.Header.Add("X-Backend-Timestamp", at.String())
	n.objects[key] = &fakeObject{data: at, modified: at, dead: true}
	return a, &fakeRow{at: at, modified: at, deleted: true}
}

// get answers GET and HEAD.
func (o *fakeObject) get(r *wiretest.Request) *wiretest.Answer {
	h := o.header.Clone()
	h.Add("Etag", `"`+o.etag+`"`)
	h.Add("X-Timestamp", o.modified.Normal())
	h.Add("X-Backend-Timestamp", o.modified.String())
	h.Add("X-Backend-Data-Timestamp", o.data.String())
	if o.deleteAt != 0 {
		h.Add("X-Delete-At", normalDeleteAt(o.deleteAt))
	}
	a := &wiretest.Answer{Status: 200, Header: h, Body: o.body}
	if r.Method == "HEAD" {
		a.Header.Add("Content-Length", fmt.Sprint(len(o.body)))
	} else {
		cutRange(a, r.Header.Get("Range"))
	}
	return a
}

// cutRange makes the answer to a Range, as Swift's object servers do
// (swift/common/swob.py: _response_iter).
func cutRange(a *wiretest.Answer, text string) {
	list, ok := strings.CutPrefix(text, "bytes=")
	if !ok || strings.Trim(list, "0123456789-,") != "" {
		return
	}
	const boundary = "0123456789abcdef0123456789abcdef"
	size := len(a.Body)
	var ranges []string
	var parts []byte
	var single []byte
	for spec := range strings.SplitSeq(list, ",") {
		first, last := 0, size-1
		if from, to, _ := strings.Cut(spec, "-"); from == "" {
			n, _ := strconv.Atoi(to)
			first = max(0, size-n)
		} else {
			first, _ = strconv.Atoi(from)
			if to != "" {
				last, _ = strconv.Atoi(to)
				last = min(last, size-1)
			}
		}
		if first > last {
			continue
		}
		ranges = append(ranges, fmt.Sprintf("bytes %d-%d/%d", first, last, size))
		single = a.Body[first : last+1]
		parts = fmt.Appendf(parts, "--%s\r\nContent-Type: %s\r\nContent-Range: %s\r\n\r\n%s\r\n",
			boundary, a.Header.Get("Content-Type"), ranges[len(ranges)-1], single)
	}
	switch len(ranges) {
	case 0:
		a.Status, a.Body = 416, nil
		a.Header.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
	case 1:
		a.Status, a.Body = 206, single
		a.Header.Set("Content-Range", ranges[0])
	default:
		a.Status, a.Body = 206, fmt.Appendf(parts, "--%s--", boundary)
		a.Header.Set("Content-Type", "multipart/byteranges;boundary="+boundary)
	}
}
