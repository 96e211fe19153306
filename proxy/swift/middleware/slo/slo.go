// SPDX-License-Identifier: Apache-2.0

// Package slo serves static large objects (swift/common/middleware/slo.py): an
// object whose content is the content of a list of objects, its segments.
//
//	PUT ACCOUNT/CONTAINER/OBJECT?multipart-manifest=put
//
// takes the list as JSON, at most MaxManifestBytes long and with at most
// MaxSegments objects:
//
//	[{"path": "/container/object", "etag": "MD5", "size_bytes": 1024, "range": "0-99"},
//	 {"data": "base64"}, ...]
//
// Only path is required, or data for bytes inside the manifest itself. Each
// segment is looked at with the rights of the client: the segment must be
// there, and must agree with the list. Otherwise the answer is 400 with a line
// for each fault, as text, JSON or XML by Accept. Of a list without sense in
// itself only the first faults are told. An Etag of the request must be the
// large object's. With heartbeat=on the answer is 202 at once, with a space
// every ten seconds and the result in the end.
//
//	GET, HEAD                          the content; Range and conditions are about it
//	GET, HEAD ?part-number=N           a single segment, from 1
//	GET, HEAD ?multipart-manifest=get  the manifest as stored;
//	                                   with format=raw in the form of the PUT
//	DELETE                             the manifest alone
//	DELETE ?multipart-manifest=delete  the segments too, at once; the answer is
//	                                   a report, like the report of a bulk delete
//	DELETE ... &async=yes              the segments expire a second later; over a
//	                                   cluster, the cluster's expirer deletes them
//	POST                               the manifest's metadata; it stays a manifest
//	PUT, COPY                          replace it as any object
//
// The large object's ETag is the MD5 of its segments' ETags. The ETag of a part
// is "ETAG:FIRST-LAST;", the ETag of data is the data's MD5. The large object's
// ETag is shown in quotes. A listing shows the content's length, the manifest's
// own MD5 as hash, and slo_etag. A container's bytes count the manifest itself.
//
// A segment that is a large object counts with its content, down to ten levels.
//
// Vocabulary: the manifest is the stored list; a segment is an element of the
// list; a part is a range of bytes of the content or of a segment.
//
// # Invariants
//
//   - Segments are looked at, read and deleted with the rights of the client:
//     the right over a manifest gives no right over its segments.
//   - A segment is sent only if ETag and length are the same as at the PUT. If
//     the first segment has changed, the answer is 409. A later changed segment
//     ends the body with an error.
//   - Memory holds, on the account of memory, a manifest per level and a single
//     open segment. Data outside of the answer is not held.
//   - The work for a list ends at its limits: MaxSegments objects and
//     maxInlineSegments data. The work for an answer ends when the inner
//     manifests outweigh freeManifestBytes and the opened content.
//   - A manifest is an object with the sysmeta X-Object-Sysmeta-Slo-Etag and
//     -Slo-Size, which a POST keeps, or, in a cluster of Swift, with
//     X-Static-Large-Object alone (bare.go). A client can set neither the sysmeta
//     nor X-Static-Large-Object, the header that shows a manifest.
package slo

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Source tags the subrequests in the access log, as Swift does.
const source = "SLO"

const (
	etagSysmeta = "X-Object-Sysmeta-Slo-Etag" // without quotes
	sizeSysmeta = "X-Object-Sysmeta-Slo-Size" // bytes, decimal
	shownHeader = "X-Static-Large-Object"
)

// New makes the middleware. queue is for async=yes, or nil.
func New(c Options, queue objstore.DeletionQueue) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return &middleware{Options: c, queue: queue, next: next}
	}
}

type middleware struct {
	Options
	queue objstore.DeletionQueue // nil: segments expire
	next  swift.Handler
}

// Serve answers a request.
func (m *middleware) Serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	if err != nil || path.Object == "" {
		return m.next.Serve(r)
	}
	if r.Repeats {
		return m.repeat(r)
	}
	switch manifest := r.Query().Get("multipart-manifest"); {
	case r.Method == "PUT" && manifest == "put":
		return m.put(r, path)
	case r.Method == "DELETE" && manifest == "delete":
		return m.delete(r, path)
	case r.Method == "GET", r.Method == "HEAD":
		return m.get(r, path)
	case r.Header.Has(shownHeader):
		return nil, web.Statusf(400, "X-Static-Large-Object is a reserved header. "+
			"To create a static large object add query param multipart-manifest=put.")
	}
	return m.next.Serve(r)
}

// subrequest returns a request about another object of the same account, with
// the rights of the client; name is "/container/object".
func subrequest(r *swift.Request, method string, path swift.Path, name string) *swift.Request {
	sub := r.Subrequest(method, "/"+path.Version+"/"+path.Account+"/"+strings.TrimLeft(name, "/"), source)
	for _, line := range []string{"Referer", "X-Open-Expired"} {
		if v, ok := r.Header.Lookup(line); ok {
			sub.Header.Set(line, v)
		}
	}
	return sub
}
