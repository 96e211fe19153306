// SPDX-License-Identifier: Apache-2.0

package versionedwrites

import (
	"fmt"
	"io"
	"time"

	"needletail/objstore"
	"needletail/proxy/web"
)

// markerType marks a marker. No client can set the type: its parameter is
// Swift's own.
const markerType = "application/x-deleted;swift_versions_deleted=1"

// versionPrefix returns the beginning of the names of an object's versions. The
// length in front keeps names apart where a name begins with another name.
func versionPrefix(object string) string { return fmt.Sprintf("%03x%s/", len(object), object) }

func versionName(object string, t objstore.Timestamp) string {
	return versionPrefix(object) + t.String()
}

// archiveCurrent copies the current object to the archive, and returns the
// object's time; 0 without an object.
func (w *versioned) archiveCurrent() (objstore.Timestamp, error) {
	if err := w.authorize(); err != nil {
		return 0, err
	}
	src, err := w.send("GET", w.r.Path)
	if isMissing(src, err) {
		return 0, src.Close()
	}
	if err != nil {
		return 0, drop(src, err)
	}
	defer src.Close()
	if err := refused(src.Status, nil); err != nil {
		return 0, err
	}
	t, err := objstore.ParseTimestamp(src.Header.Get("X-Timestamp"))
	if err != nil {
		return 0, err
	}
	if err := w.put(w.archived(versionName(w.path.Object, t)), src); err != nil {
		return 0, err
	}
	w.r.SetRawQuery("")
	return t, nil
}

// put stores an object from elsewhere unchanged, with all metadata and sysmeta
// but its time.
func (w *versioned) put(path string, src *web.Response) error {
	put := w.r.Preauthorized("PUT", path, source)
	put.TrustContentType = true
	put.Header = src.Header.Clone()
	put.Header.Del("X-Timestamp")
	for i, f := range put.Header {
		// A link stays the same link: a new link would look its target up.
		if rest, ok := web.CutPrefix(f.Name, "X-Symlink-Target"); ok {
			put.Header[i].Name = "X-Object-Sysmeta-Symlink-Target" + rest
		}
	}
	put.ContentLength = src.ContentLength
	if src.Body != nil {
		put.Body = sourceBody{src.Body}
	}
	return drop(w.m.next.Serve(put))
}

// sourceBody makes errors of a source the server's fault; a PUT would blame its
// client.
type sourceBody struct{ r io.Reader }

func (b sourceBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		err = &web.StatusError{Status: 503, Err: err}
	}
	return n, err
}

// putMarker puts a marker newer than the version before it.
func (w *versioned) putMarker(before objstore.Timestamp) error {
	t := max(objstore.TimestampOf(time.Now()), before+1)
	put := w.r.Preauthorized("PUT", w.archived(versionName(w.path.Object, t)), source)
	put.TrustContentType, put.ContentLength = true, 0
	put.Header.Set("Content-Type", markerType)
	return drop(w.m.next.Serve(put))
}
