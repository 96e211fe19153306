// SPDX-License-Identifier: Apache-2.0

package versionedwrites

import (
	"errors"

	"needletail/objstore"
	"needletail/proxy/swift"
)

// version is an entry of the archive.
type version struct {
	name   string
	marker bool
}

// pageEntries is how many versions are looked up at once; a DELETE needs one or
// two unless versions vanish meanwhile.
const pageEntries = 4

// versions walks over an object's versions, the newest first.
type versions struct {
	w      *versioned
	prefix string
	marker string
	page   []version
	last   bool
}

func newVersions(w *versioned) *versions {
	return &versions{w: w, prefix: versionPrefix(w.path.Object)}
}

// next returns the next version; ok is false after the last version, and
// without an archive.
func (v *versions) next() (next version, ok bool, err error) {
	if len(v.page) == 0 && !v.last {
		if err := v.nextPage(); err != nil {
			return version{}, false, err
		}
	}
	if len(v.page) == 0 {
		return version{}, false, nil
	}
	next, v.page = v.page[0], v.page[1:]
	return next, true, nil
}

func (v *versions) nextPage() error {
	id := swift.Path{Account: v.w.path.Account, Container: v.w.archive}.ContainerID()
	o := objstore.ListOptions{Limit: pageEntries, Prefix: v.prefix, Marker: v.marker, Reverse: true}
	err := v.w.m.store.ListObjects(v.w.r.Context(), id, o, func(e *objstore.ObjectEntry) error {
		v.page = append(v.page, version{name: e.Name, marker: e.ContentType == markerType})
		return nil
	})
	v.last = len(v.page) < pageEntries
	if errors.Is(err, objstore.KindNotFound) {
		return nil
	}
	if len(v.page) > 0 {
		v.marker = v.page[len(v.page)-1].name
	}
	return err
}
