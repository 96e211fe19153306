// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const (
	// maxQueue bounds the queue of objects to delete, in multiples of
	// MaxSegments, which may have been higher once (slo.py:
	// get_segments_to_delete_iter).
	maxQueue = 10
	// maxFailures ends a delete (bulk.py: max_failed_deletes).
	maxFailures = 1000
	// deleteBatch is how many are taken from the queue at once.
	deleteBatch = 64
)

// delete removes segments and manifest, and answers with a report
// (slo.py: handle_multipart_delete).
func (m *middleware) delete(r *swift.Request, path swift.Path) (*web.Response, error) {
	if m.AllowAsyncDelete && swift.IsTrue(r.Query().Get("async")) {
		return m.deleteLater(r, path)
	}
	contentType, err := web.BestAccept(r.Header.Get("Accept"), swift.ResultTypes...)
	if err != nil || contentType == "" {
		values := pyjson.Object{
			{Key: "Response Status", Value: statusLine(406)}, {Key: "Response Body", Value: ""},
			{Key: "Number Deleted", Value: 0}, {Key: "Number Not Found", Value: 0},
		}
		return web.NewBytes(200, "text/html; charset=UTF-8", swift.HeartbeatResult("", values, nil, "delete")), nil
	}
	first := " "
	if contentType == "application/xml" || contentType == "text/xml" {
		first = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	}
	return swift.Heartbeat(r, contentType, first, func(ctx context.Context) []byte {
		later := r.WithContext(ctx)
		d := &deletion{m: m, r: later, path: path, queue: []doomed{{
			name: "/" + path.Container + "/" + path.Object, manifest: true, versionID: r.Query().Get("version-id"),
		}}}
		d.run()
		return d.report(contentType)
	}), nil
}

// doomed is an object to delete.
type doomed struct {
	name      string // "/container/object"
	versionID string
	manifest  bool   // its segments come first
	fault     string // why it is not deleted, or ""
}

// heldBytes returns the memory of o in a queue that may have grown to twice its
// length.
func (o doomed) heldBytes() int64 { return int64(len(o.name)+len(o.versionID)) + 200 }

// deletion is a running delete. A manifest in the queue gives way to its
// segments, and waits until no segment is left, so that a delete that ended
// early can be sent again.
type deletion struct {
	m         *middleware
	r         *swift.Request
	path      swift.Path
	queue     []doomed
	manifests []doomed // that have been read

	deleted, notFound int
	failed            []swift.FailedName
	broken            bool  // whether a fault of the server was among them
	err               error // what ended it early
}

func (d *deletion) run() {
	for len(d.queue)+len(d.manifests) > 0 && d.err == nil {
		if len(d.queue) == 0 {
			slices.Reverse(d.manifests)
			d.queue, d.manifests = d.manifests, nil
		}
		batch := d.take()
		statuses := make([]int, len(batch))
		parallel(d.m.Concurrency, len(batch), func(i int) {
			if batch[i].fault == "" && d.r.Context().Err() == nil {
				statuses[i] = d.delete(batch[i])
			}
		})
		if err := d.r.Context().Err(); err != nil {
			d.err = &web.StatusError{Status: 499, Err: err}
			return
		}
		for i := range batch {
			d.count(batch[i], statuses[i])
		}
		if len(d.failed) >= maxFailures {
			d.err = web.Statusf(400, "Max delete failures exceeded")
		}
	}
}

// take reads on in the queue until a batch is full.
func (d *deletion) take() (batch []doomed) {
	for len(d.queue) > 0 && len(batch) < deleteBatch {
		if len(d.queue) > maxQueue*d.m.MaxSegments {
			d.err = web.Statusf(400, "Too many buffered slo segments to delete.")
			return nil
		}
		next := d.queue[0]
		d.queue = d.queue[1:]
		d.r.Release(next.heldBytes())
		if !next.manifest {
			batch = append(batch, next)
			continue
		}
		stored, err := d.m.segmentsOf(d.r, d.path, next)
		switch status := web.ErrorResponse(err).Status; {
		case err == nil:
			d.err = d.enqueue(stored)
		case errors.Is(err, web.ErrNoMemory):
			d.err = err
			return batch
		case status == 404:
			d.notFound++
			continue
		default:
			next.fault = web.PlainText(err)
		}
		next.manifest = false
		d.manifests = append(d.manifests, next)
	}
	return batch
}

// enqueue adds a manifest's segments. The account of their memory moves from
// the manifest to the queue.
func (d *deletion) enqueue(m *manifest) error {
	defer m.release(d.r)
	for i := range m.list {
		next := doomed{name: strings.Clone(m.list[i].Name), manifest: m.list[i].SubSLO}
		if err := d.r.Hold(next.heldBytes()); err != nil {
			return err
		}
		d.queue = append(d.queue, next)
	}
	return nil
}

func (d *deletion) delete(o doomed) (status int) {
	r := subrequest(d.r, "DELETE", d.path, o.name)
	if o.versionID != "" {
		r.SetRawQuery(url.Values{"version-id": {o.versionID}}.Encode())
	}
	res, err := d.m.next.Serve(r)
	if err != nil {
		return web.ErrorResponse(err).Status
	}
	_ = res.Close() // the status is the answer
	return res.Status
}

func (d *deletion) count(o doomed, status int) {
	switch {
	case o.fault != "":
		d.failed = append(d.failed, swift.FailedName{Name: web.Quote(o.name), Status: o.fault})
	case status/100 == 2:
		d.deleted++
	case status == 404:
		d.notFound++
	default:
		d.broken = d.broken || status >= 500
		d.failed = append(d.failed, swift.FailedName{Name: web.Quote(o.name), Status: statusLine(status)})
	}
}

func (d *deletion) report(contentType string) []byte {
	status, body := 200, ""
	var se *web.StatusError
	switch {
	case errors.As(d.err, &se):
		status, body = se.Status, se.Body
	case len(d.failed) > 0 && d.broken:
		status = 502
	case len(d.failed) > 0:
		status = 400
	case d.deleted+d.notFound == 0:
		status, body = 400, "Invalid bulk delete."
	}
	return swift.HeartbeatResult(contentType, pyjson.Object{
		{Key: "Response Status", Value: statusLine(status)}, {Key: "Response Body", Value: body},
		{Key: "Number Deleted", Value: d.deleted}, {Key: "Number Not Found", Value: d.notFound},
	}, d.failed, "delete")
}

// segmentsOf reads a manifest and leaves out its data. Errors have the texts of
// slo.py: get_slo_segments.
func (m *middleware) segmentsOf(r *swift.Request, path swift.Path, o doomed) (*manifest, error) {
	get := subrequest(r, "GET", path, o.name)
	query := "multipart-manifest=get"
	if o.versionID != "" {
		query += "&" + url.Values{"version-id": {o.versionID}}.Encode()
	}
	get.SetRawQuery(query)
	// An object without a manifest need not be read.
	get.Header.Set("Range", "bytes=-1")
	hintWhole(&get.Header)
	res, err := m.next.Serve(get)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	switch {
	case res.Status == 404:
		err = web.Statusf(404, "SLO manifest not found")
	case res.Status == 401:
		err = web.Statusf(401, "401 Unauthorized")
	case res.Status/100 != 2 && res.Status != 416:
		err = web.Statusf(500, "Unable to load SLO manifest or segment.")
	case !isManifest(res.Header):
		err = web.Statusf(400, "Not an SLO manifest")
	}
	if err != nil {
		return nil, errors.Join(err, res.Close())
	}
	stored, err := readManifest(r, res, func(web.ByteRange) bool { return false })
	if errors.Is(err, web.ErrNoMemory) {
		return nil, err
	}
	if err != nil {
		return nil, &web.StatusError{Status: 500, Body: "Unable to load SLO manifest", Err: err}
	}
	stored.list = slices.DeleteFunc(stored.list, func(s segment) bool { return s.Name == "" })
	return stored, nil
}
