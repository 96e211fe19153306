// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"context"
	"errors"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Sysmeta of the visible container, and of a link.
const (
	enabledSysmeta   = "X-Container-Sysmeta-Versions-Enabled"   // "True" or "False"
	containerSysmeta = "X-Container-Sysmeta-Versions-Container" // once there was a hidden container
	linkSysmeta      = "X-Object-Sysmeta-Versions-Symlink"      // the id of the current version
)

const (
	enabledHeader   = "X-Versions-Enabled"
	versionIDHeader = "X-Object-Version-Id"
)

// markerType is the content type of a delete marker. A client cannot set a type
// with a parameter that begins with swift_.
const markerType = "application/x-deleted;swift_versions_deleted=1"

// versioned is an object's name in a container with versions, now or before.
type versioned struct {
	layout
	id      objstore.ObjectID // in the visible container
	hidden  objstore.ContainerID
	policy  objstore.PolicyIndex
	enabled bool
}

// version returns the place of a version.
func (v *versioned) version(id objstore.Timestamp) objstore.ObjectID {
	return v.hidden.Object(v.versionName(string(v.id.Object), id))
}

// nameOf returns only the places of a name that is known to have a version.
func (m *middleware) nameOf(p swift.Path) *versioned { return m.named(objectID(p)) }

func objectID(p swift.Path) objstore.ObjectID {
	return p.ContainerID().Object(objstore.ObjectName(p.Object))
}

func (m *middleware) named(id objstore.ObjectID) *versioned {
	return &versioned{layout: m.layout, id: id, hidden: m.layout.hidden(id.ContainerID())}
}

// find returns nil if the object's container never had versions or does not
// exist.
func (m *middleware) find(r *swift.Request, p swift.Path) (*versioned, error) {
	info, err := r.ContainerInfo(m.Store, p.ContainerID())
	if errors.Is(err, objstore.KindNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if _, ok := info.Metadata.Lookup(containerSysmeta); !ok {
		return nil, nil
	}
	v := m.nameOf(p)
	v.policy, v.enabled = info.Policy, swift.IsTrue(info.Metadata.Get(enabledSysmeta))
	return v, nil
}

// current is the visible container's row for a name.
type current struct {
	exists bool
	info   objstore.ObjectInfo
	// link is the version that a link leads to; 0 for a null object.
	link objstore.Timestamp
}

func (c *current) isNull() bool { return c.exists && c.link == 0 }

// versionID returns the id as clients see it.
func (c *current) versionID() string {
	if c.link == 0 {
		return nullID
	}
	return c.link.String()
}

// current reads the visible container's row for the name: the newest that any
// replica has, because a null object in the row must not be lost.
func (m *middleware) current(ctx context.Context, v *versioned) (c current, err error) {
	c.info, err = m.Store.HeadObject(ctx, v.id, objstore.OpenOptions{Newest: true})
	if missing(err) {
		return current{}, nil
	}
	if err != nil {
		return current{}, err
	}
	c.exists, c.link = true, m.layout.linkOf(headerOf(c.info.Metadata), v.id)
	return c, nil
}

// parseID parses a version id. A missing or malformed value is 0.
func parseID(value string) objstore.Timestamp {
	if value == "" {
		return 0
	}
	id, err := objstore.ParseTimestamp(value)
	if err != nil {
		return 0
	}
	return id
}

// newest returns the id of the name's newest version, or 0 without a version.
func (m *middleware) newest(ctx context.Context, v *versioned) (id objstore.Timestamp, err error) {
	b := v.bounds()
	o := objstore.ListOptions{Limit: 1, Prefix: b.encode(string(v.id.Object)) + b.end, Reserved: true}
	err = m.Store.ListObjects(ctx, v.hidden, o, func(e *objstore.ObjectEntry) error {
		_, id, _ = v.parseVersionName(e.Name)
		return nil
	})
	if missing(err) {
		return 0, nil
	}
	return id, err
}

// newID returns an id greater than the time of the row that is about to be
// replaced, and greater than every version of the name, if a listing tells them
// at once.
func (m *middleware) newID(ctx context.Context, v *versioned, cur *current) (objstore.Timestamp, error) {
	if m.atOnce {
		newest, err := m.newest(ctx, v)
		if err != nil {
			return 0, err
		}
		m.clock.Advance(newest)
	}
	m.clock.Advance(cur.info.Modified)
	return m.clock.Now(), nil
}

// isNewest reports whether no later PUT or DELETE of the name is known. Where
// listings are late the store compares the times of the links.
func (m *middleware) isNewest(ctx context.Context, v *versioned, id objstore.Timestamp) (bool, error) {
	if !m.atOnce {
		return true, nil
	}
	newest, err := m.newest(ctx, v)
	return newest == id, err
}

// errHiddenMissing refuses a write to a container whose hidden container is gone
// (object_versioning.py: _put_versioned_obj_from_client).
var errHiddenMissing = web.Textf(500, "The versions container does not exist. You may want to re-enable object versioning.")

// requireHidden looks for the hidden container, which is missing after a crash
// or after a failed DELETE of the visible container. In a layout of its own the
// middleware makes the container again. Among other proxies only the owner does,
// by switching versions on: the loss may be a fault of the cluster. A write
// follows, so requireHidden asks the Store and not the request's memory. A
// Store's cache will do: hidden containers are made and deleted by this
// middleware alone.
func (m *middleware) requireHidden(ctx context.Context, v *versioned) error {
	_, err := m.Store.HeadContainer(ctx, v.hidden, objstore.InfoOptions{Cached: true})
	switch {
	case !errors.Is(err, objstore.KindNotFound):
		return err
	case m.layout.shared():
		return errHiddenMissing
	}
	return m.makeAgain(ctx, v)
}

// makeAgain makes the hidden container of a container that had one.
func (m *middleware) makeAgain(ctx context.Context, v *versioned) error {
	_, err := m.Store.PutContainer(ctx, v.hidden, objstore.PutContainerOptions{Policy: &v.policy})
	return err
}

// missing reports whether err says that an object, its container or its account
// does not exist.
func missing(err error) bool {
	return errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound)
}
