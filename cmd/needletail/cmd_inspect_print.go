// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"needletail/objstore/checksum"
)

// lines prints one value a line, with a name before the value. Empty values are
// left out.
type lines struct {
	w      io.Writer
	indent string
}

func (l lines) text(name, value string) {
	if value != "" {
		fmt.Fprintf(l.w, "%s%-14s%s\n", l.indent, name, value)
	}
}

func (l lines) number(name string, value int64) { l.text(name, strconv.FormatInt(value, 10)) }

func (l lines) metadata(m map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		l.text("metadata", name+": "+m[name])
	}
}

func printInspected(w io.Writer, v *inspected) {
	l := lines{w: w}
	l.text("store", v.Store)
	if a := v.Account; a != nil {
		l.text("account", a.Name)
		l.text("created", a.Created)
		l.number("containers", a.Containers)
		l.number("objects", a.Objects)
		l.number("bytes", a.Bytes)
		l.metadata(a.Metadata)
	}
	if c := v.Container; c != nil {
		l.text("container", c.Name)
		l.number("policy", int64(c.Policy))
		l.text("created", c.Created)
		l.text("modified", c.Modified)
		l.number("objects", c.Objects)
		l.number("bytes", c.Bytes)
		l.metadata(c.Metadata)
	}
	if v.Object != nil {
		l.object(v.Object)
		l.text("body", v.Place+", "+v.ID)
		l.text("damage", v.Damage)
	}
	for i := range v.Files {
		l.file(&v.Files[i])
	}
}

func (l lines) object(o *shownObject) {
	l.text("object", o.Name)
	l.number("policy", int64(o.Policy))
	l.number("size", o.Size)
	l.text("etag", o.ETag)
	l.text("sha512", o.SHA512)
	l.text("content-type", o.ContentType)
	l.text("created", o.Created)
	l.text("modified", o.Modified)
	if o.DeleteAt != 0 {
		l.number("delete-at", o.DeleteAt)
	}
	l.metadata(o.Metadata)
}

func (l lines) file(f *inspectedFile) {
	where := f.Path
	if where == "" {
		where = "(no path)"
	}
	l.text("file", where)
	l.indent = "  "
	if f.Slot != nil {
		l.text("slot", fmt.Sprintf("%d, device %s", *f.Slot, f.Device))
	}
	l.text("id", f.ID)
	l.text("fragment", f.Fragment)
	if f.Object != nil {
		l.object(f.Object)
	}
	if f.ID != "" {
		l.number("stored", f.Stored)
	}
	if f.Blocks != nil {
		l.text("blocks", fmt.Sprintf("%d of %d bytes read", *f.Blocks, checksum.BlockBytes))
	}
	l.text("state", f.State)
	for _, d := range f.Damage {
		l.text("damage", d)
	}
}
