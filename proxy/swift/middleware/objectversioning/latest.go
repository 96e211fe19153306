// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"context"
	"strings"

	"needletail/objstore"
)

// latest finds the current version of a name: the target of the link, or the
// newest version if that is a delete marker and the visible container has no
// entry for the name.
type latest struct {
	m          *middleware
	ctx        context.Context // of the listing
	container  objstore.ContainerID
	links      map[string]objstore.Timestamp // by name; 0 for a null object
	nullMarker string

	// markers has the newest version of each name without an entry in the
	// visible container.
	markers map[string]objstore.Timestamp
}

// add notes a link in the visible container.
func (l *latest) add(e *objstore.ObjectEntry) {
	_, id, _ := strings.Cut(e.Extra.Get("symlink_path"), "?version-id=")
	if link := parseID(id); link != 0 {
		l.links[e.Name] = link
	}
}

// is reports whether the version id of the name, with the given content type,
// is the current version. Answers are remembered by name, and names without an
// entry on the page cost a look-up.
func (l *latest) is(name string, id objstore.Timestamp, contentType string) (bool, error) {
	if l.nullMarker != "" && name == l.nullMarker {
		return false, nil
	}
	link, exists := l.links[name]
	if !exists {
		cur, err := l.m.current(l.ctx, l.named(name))
		if err != nil {
			return false, err
		}
		link, exists = cur.link, cur.exists
		if exists {
			l.links[name] = link
		}
	}
	if exists || contentType != markerType {
		return exists && link == id, nil
	}
	newest, ok := l.markers[name]
	if !ok {
		var err error
		if newest, err = l.m.newest(l.ctx, l.named(name)); err != nil {
			return false, err
		}
		if l.markers == nil {
			l.markers = map[string]objstore.Timestamp{}
		}
		l.markers[name] = newest
	}
	return newest == id, nil
}

func (l *latest) named(name string) *versioned {
	return l.m.named(l.container.Object(objstore.ObjectName(name)))
}
