package objectversioning

import (
	"context"
	"strings"

	"needletail/objstore"
)

// latest tells which version of a name is current: the target of the link, or
// the newest version if it is a delete marker and nothing else is there.
type latest struct {
	m          *middleware
	ctx        context.Context // of one listing
	container  objstore.ContainerID
	links      map[string]objstore.Timestamp // by name; 0 for a null object
	nullMarker string

	// markers has, of names without an entry in the visible container, the
	// newest version.
	markers map[string]objstore.Timestamp
}

// add notes a link among the entries of the visible container.
func (l *latest) add(e *objstore.ObjectEntry) {
	_, id, _ := strings.Cut(e.Extra.Get("symlink_path"), "?version-id=")
	if link := linkOf(id); link != 0 {
		l.links[e.Name] = link
	}
}

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
	return &versioned{id: l.container.Object(objstore.ObjectName(name)), hidden: hiddenContainer(l.container)}
}
