// SPDX-License-Identifier: Apache-2.0

package versionedwrites

import (
	"needletail/proxy/web"
)

// push is DELETE in history mode.
func (w *versioned) push() (*web.Response, error) {
	before, err := w.archiveCurrent()
	if err != nil {
		return nil, err
	}
	if err := w.putMarker(before); err != nil {
		return nil, err
	}
	return w.m.next.Serve(w.r)
}

// pop is DELETE in stack mode.
func (w *versioned) pop() (*web.Response, error) {
	versions := newVersions(w)
	newest, ok, err := versions.next()
	if err != nil {
		return nil, err
	}
	if !ok {
		return w.m.next.Serve(w.r)
	}
	if err := w.authorize(); err != nil {
		return nil, err
	}
	for ; ok; newest, ok, err = versions.next() {
		if newest.marker {
			return w.popMarker(newest, versions)
		}
		restored, err := w.restore(newest.name)
		if err != nil {
			return nil, err
		}
		if restored {
			return w.send("DELETE", w.archived(newest.name))
		}
	}
	if err != nil {
		return nil, err
	}
	return w.m.next.Serve(w.r)
}

// popMarker removes the current object, if there is an object. Otherwise the
// marker is already true: the version below is restored, and the marker goes.
func (w *versioned) popMarker(marker version, below *versions) (*web.Response, error) {
	current, err := w.send("HEAD", w.r.Path)
	if !isMissing(current, err) {
		if err := drop(current, err); err != nil {
			return nil, err
		}
		return w.m.next.Serve(w.r)
	}
	if err := current.Close(); err != nil {
		return nil, err
	}
	for {
		v, ok, err := below.next()
		if err != nil {
			return nil, err
		}
		if !ok || v.marker {
			break // there is nothing to restore
		}
		restored, err := w.restore(v.name)
		if err != nil {
			return nil, err
		}
		if !restored {
			continue
		}
		res, err := w.send("DELETE", w.archived(v.name))
		if !isMissing(res, err) {
			err = drop(res, err)
		} else {
			err = res.Close()
		}
		if err != nil {
			return nil, err
		}
		break
	}
	return w.send("DELETE", w.archived(marker.name))
}

// restore makes a version the current object, unless the version is gone.
func (w *versioned) restore(name string) (bool, error) {
	src, err := w.send("GET", w.archived(name))
	if isMissing(src, err) {
		return false, src.Close()
	}
	if err != nil {
		return false, drop(src, err)
	}
	defer src.Close()
	if err := refused(src.Status, nil); err != nil {
		return false, err
	}
	return true, w.put(w.r.Path, src)
}
