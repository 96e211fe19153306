// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// deleteLater leaves the segments to the queue of the Store, or lets them expire a
// second from now, and deletes the manifest at once (slo.py: handle_async_delete).
func (m *middleware) deleteLater(r *swift.Request, path swift.Path) (*web.Response, error) {
	manifest := doomed{name: "/" + path.Container + "/" + path.Object, versionID: r.Query().Get("version-id")}
	stored, err := m.segmentsOf(r, path, manifest)
	if err != nil {
		return nil, err
	}
	list := stored.list
	if len(list) == 0 {
		return m.next.Serve(r)
	}
	if err := checkLater(list); err != nil {
		return nil, err
	}
	// The segments of a manifest that must stay are left alone.
	for _, check := range []*swift.Request{r, subrequest(r, "DELETE", path, list[0].Name)} {
		if err := check.CheckAuthorized(m.next, nil); err != nil {
			return nil, err
		}
	}
	if m.queue != nil {
		err = m.enqueue(r, path, list)
	} else {
		err = m.expire(r, path, list)
	}
	if err != nil {
		return nil, err
	}
	return m.next.Serve(r)
}

// enqueue has the segments deleted by the cluster, as of now. Until then the
// segments can be read.
func (m *middleware) enqueue(r *swift.Request, path swift.Path, list []segment) error {
	if err := r.Hold(encodedBytes(list)); err != nil {
		return err
	}
	from := objstore.ContainerID{Account: objstore.AccountName(path.Account)}
	names := make([]objstore.ObjectName, len(list))
	for i := range list {
		container, name, _ := strings.Cut(strings.TrimLeft(list[i].Name, "/"), "/")
		from.Container, names[i] = objstore.ContainerName(container), objstore.ObjectName(name)
	}
	manifest := path.ContainerID().Object(objstore.ObjectName(path.Object))
	return m.queue.QueueDeletions(r.Context(), manifest, from, names, objstore.TimestampOf(time.Now()))
}

// checkLater refuses lists whose faults only the report of a delete could tell.
func checkLater(list []segment) error {
	var containers []string
	for i := range list {
		container, _, _ := strings.Cut(strings.TrimLeft(list[i].Name, "/"), "/")
		if quoted := `"` + web.Quote(container) + `"`; !slices.Contains(containers, quoted) {
			containers = append(containers, quoted)
		}
	}
	if len(containers) > 1 {
		return web.Statusf(400, "All segments must be in one container. Found segments in %s", strings.Join(containers, ", "))
	}
	if slices.ContainsFunc(list, func(s segment) bool { return s.SubSLO }) {
		return web.Statusf(400, "No segments may be large objects.")
	}
	return nil
}

// expire sets X-Delete-At of the segments. A segment that cannot take
// X-Delete-At (a symlink) is deleted instead. A missing segment is ignored.
func (m *middleware) expire(r *swift.Request, path swift.Path, list []segment) error {
	at := strconv.FormatInt(time.Now().Unix()+1, 10)
	d := &deletion{m: m, r: r, path: path}
	statuses := make([]int, len(list))
	parallel(m.Concurrency, len(list), func(i int) {
		post := subrequest(r, "POST", path, list[i].Name)
		post.Header.Set("X-Delete-At", at)
		statuses[i] = 500
		if res, err := m.next.Serve(post); err == nil {
			statuses[i] = res.Status
			_ = res.Close() // the status is the answer
		} else {
			statuses[i] = web.ErrorResponse(err).Status
		}
		if statuses[i]/100 != 2 && statuses[i] != 404 {
			statuses[i] = d.delete(doomed{name: list[i].Name})
		}
	})
	for _, status := range statuses {
		if status/100 != 2 && status != 404 {
			return web.Status(503)
		}
	}
	return nil
}
