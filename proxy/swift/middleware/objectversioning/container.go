// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"context"
	"errors"
	"strconv"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const (
	legacySysmeta  = "X-Container-Sysmeta-Versions-Location"
	syncHeader     = "X-Container-Sync-To"
	bytesHeader    = "X-Container-Bytes-Used"
	policyHeader   = "X-Storage-Policy"
	versionsParam  = "versions"
	hasVersions    = "Delete all versions before deleting container."
	withLegacy     = "Cannot enable object versioning on a container that is already using the legacy versioned writes feature."
	withSync       = "Cannot enable object versioning on a container configured as source of container syncing."
	syncVersioned  = "Cannot configure container sync on a container with object versioning configured."
	withDeprecated = "Cannot enable object versioning on a container that uses a deprecated storage policy."
)

// container answers requests for a container.
func (m *middleware) container(r *swift.Request, path swift.Path) (*web.Response, error) {
	switch r.Method {
	case "PUT", "POST":
		if on, ok := r.Header.Lookup(enabledHeader); ok && !(m.Disabled && swift.IsTrue(on)) {
			return m.enable(r, path)
		}
		if r.Header.Get(syncHeader) != "" {
			return m.refuseSync(r, path)
		}
	case "DELETE":
		return m.deleteContainer(r, path)
	case "GET":
		if r.Query().Has(versionsParam) {
			return m.listVersions(r, path)
		}
		return m.headContainer(r, path)
	case "HEAD":
		return m.headContainer(r, path)
	}
	return m.next.Serve(r)
}

// headContainer answers GET and HEAD with the version headers and the bytes of
// all versions. In a listing each link's entry shows the version.
func (m *middleware) headContainer(r *swift.Request, path swift.Path) (*web.Response, error) {
	if r.Method == "GET" && m.layout.shared() {
		r = r.Clone()
		r.AmendObject = func(e *objstore.ObjectEntry) { m.layout.show(path, e) }
	}
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	if v, ok := res.Header.Lookup(enabledSysmeta); ok {
		res.Header.Set(enabledHeader, v)
	}
	if !res.Header.Has(containerSysmeta) || !res.Header.Has(bytesHeader) {
		return res, nil
	}
	hidden, err := r.ContainerUsage(m.Store, m.layout.hidden(path.ContainerID()))
	if errors.Is(err, objstore.KindNotFound) {
		return res, nil
	}
	if err != nil {
		return nil, errors.Join(err, res.Close())
	}
	return res, addTo(res.Header, bytesHeader, hidden.BytesUsed)
}

// addTo adds n to a header with a number. A missing header stays missing.
func addTo(h web.Header, name string, n int64) error {
	v, ok := h.Lookup(name)
	if !ok {
		return nil
	}
	sum, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return err
	}
	h.Set(name, strconv.FormatInt(sum+n, 10))
	return nil
}

// enable switches versions on or off. The hidden container is made first: a
// container that claims a hidden container always has a hidden container.
func (m *middleware) enable(r *swift.Request, path swift.Path) (*web.Response, error) {
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	c := path.ContainerID()
	info, err := r.ContainerInfo(m.Store, c)
	exists := err == nil
	if err != nil && !missing(err) {
		return nil, err
	}
	switch {
	case info.Metadata.Get(legacySysmeta) != "" || r.Header.Get(legacySysmeta) != "":
		return nil, web.Statusf(400, withLegacy)
	case info.Metadata.Get(syncHeader) != "" || r.Header.Get(syncHeader) != "":
		return nil, web.Statusf(400, withSync)
	}
	created := false
	if !swift.IsTrue(r.Header.Get(enabledHeader)) {
		r.Header.Set(enabledSysmeta, "False")
	} else {
		r.Header.Set(enabledSysmeta, "True")
		r.Header.Set(containerSysmeta, web.Quote(string(m.layout.hidden(c).Container)))
		if created, err = m.makeHidden(r, c, &info, exists); err != nil {
			return nil, err
		}
	}
	res, err := m.next.Serve(r)
	if created && (err != nil || res.Status/100 != 2) {
		if undo := m.Store.DeleteContainer(r.Context(), m.layout.hidden(c)); undo != nil && err == nil {
			return nil, errors.Join(undo, res.Close())
		}
	}
	return res, err
}

// makeHidden makes the hidden container, with the visible container's policy,
// or with the policy that the request gives a new container. If the request
// will fail anyway, no container is made.
func (m *middleware) makeHidden(r *swift.Request, c objstore.ContainerID, info *objstore.ContainerInfo, exists bool) (created bool, err error) {
	policy := m.Policies.Default()
	switch name := r.Header.Get(policyHeader); {
	case exists:
		if policy, _ = m.Policies.ByIndex(info.Policy); policy.Deprecated {
			return false, web.Statusf(400, withDeprecated)
		}
	case r.Method == "POST":
		return false, nil
	case name != "":
		var ok bool
		if policy, ok = m.Policies.ByName(name); !ok || policy.Deprecated {
			return false, nil
		}
	}
	if len(c.Container) > m.Limits.ContainerNameBytes {
		return false, nil
	}
	created, err = m.Store.PutContainer(r.Context(), m.layout.hidden(c), objstore.PutContainerOptions{Policy: &policy.Index})
	if errors.Is(err, objstore.KindConflict) {
		return false, nil // the container exists, with another policy
	}
	return created, err
}

// refuseSync refuses container sync for a container with versions: sync would
// copy the container without the versions
// (swift/common/middleware/container_sync.py).
func (m *middleware) refuseSync(r *swift.Request, path swift.Path) (*web.Response, error) {
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	info, err := r.ContainerInfo(m.Store, path.ContainerID())
	if err != nil && !missing(err) {
		return nil, err
	}
	if swift.IsTrue(info.Metadata.Get(enabledSysmeta)) {
		return nil, web.Statusf(400, syncVersioned)
	}
	return m.next.Serve(r)
}

// deleteContainer deletes the hidden container first. The deletion fails unless
// the hidden container is empty. If the visible container cannot be deleted,
// the hidden container is made again.
func (m *middleware) deleteContainer(r *swift.Request, path swift.Path) (*web.Response, error) {
	ctx := r.Context()
	v, err := m.find(r, path)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return m.next.Serve(r)
	}
	if err := r.CheckAuthorized(m.next, nil); err != nil {
		return nil, err
	}
	err = m.Store.DeleteContainer(ctx, v.hidden)
	if errors.Is(err, objstore.KindNotEmpty) {
		return nil, web.Statusf(409, hasVersions)
	}
	if err != nil && !missing(err) {
		return nil, err
	}
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, errors.Join(err, m.makeAgain(context.WithoutCancel(ctx), v))
	}
	return res, nil
}
