// Package slo serves static large objects
// (swift/common/middleware/slo.py): an object whose content is that of a list
// of others, its segments.
//
//	PUT ACCOUNT/CONTAINER/OBJECT?multipart-manifest=put
//
// takes the list as JSON, at most MaxManifestBytes long and with at most
// MaxSegments objects:
//
//	[{"path": "/container/object", "etag": "MD5", "size_bytes": 1024, "range": "0-99"},
//	 {"data": "base64"}, ...]
//
// Only path is required, or data for bytes that the manifest holds itself. Each
// segment is looked at as whoever asks: it must be there, and be what the list
// says of it. If one is not, the answer is 400 with a line for each fault, as
// text, JSON or XML by Accept. Of a list that makes no sense in itself only the
// first faults are told. An Etag of the request must be the large
// object's. With heartbeat=on the answer is 202 at once, with a space every ten
// seconds and the result in the end.
//
//	GET, HEAD                          the content; Range and conditions are about it
//	GET, HEAD ?part-number=N           one segment, from 1
//	GET, HEAD ?multipart-manifest=get  the manifest as it is stored;
//	                                   with format=raw as the PUT had it
//	DELETE                             the manifest alone
//	DELETE ?multipart-manifest=delete  the segments too, at once; the answer is
//	                                   a report, as that of a bulk delete
//	DELETE ... &async=yes              the segments expire a second later
//	POST                               the manifest's metadata; it stays one
//	PUT, COPY                          replace it as any object
//
// The large object's ETag is the MD5 of its segments' ETags; of a part it is
// "ETAG:FIRST-LAST;", of data the data's MD5. It is shown in quotes. A listing
// shows the content's length, the manifest's own MD5 as hash, and slo_etag; a
// container's bytes count what the manifest itself takes.
//
// A segment that is a large object counts with its content, down to ten levels.
//
// Vocabulary: the manifest is the stored list; a segment is one of its
// elements; a part is a range of bytes of the content or of a segment.
//
// # Invariants
//
//   - Segments are looked at, read and deleted as whoever asks: the right over
//     a manifest gives none over its segments.
//   - A segment is sent only if it is what it was at the PUT, by ETag and
//     length. If the first is not, the answer is 409; later ones end the body
//     with an error.
//   - What is held at once is one manifest per level and one open segment, on
//     the account of memory. Data that no part of the answer needs is not held.
//   - The work for a list ends at the first element that is too many: of
//     MaxSegments objects and maxInlineSegments data. The work for an answer ends
//     when the manifests inside the first outweigh freeManifestBytes and the
//     content that came out of them.
//   - A manifest is an object with the sysmeta X-Object-Sysmeta-Slo-Etag and
//     -Slo-Size, which a POST keeps. A client can neither set them nor the
//     header that shows them, X-Static-Large-Object.
package slo

import (
	"strings"
	"time"

	"needletail/proxy/pyjson"
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

// Config has Swift's options, [filter:slo].
type Config struct {
	MaxSegments      int   // max_manifest_segments: those that are objects
	MaxManifestBytes int64 // max_manifest_size: of the PUT's body
	AllowAsyncDelete bool  // allow_async_delete
	Concurrency      int   // concurrency: subrequests at once for one request
}

// DefaultConfig has Swift's defaults.
func DefaultConfig() Config {
	return Config{MaxSegments: 1000, MaxManifestBytes: 8 << 20, AllowAsyncDelete: true, Concurrency: 2}
}

// Info is the section of /info.
func (c Config) Info() *swift.InfoSection {
	return &swift.InfoSection{Name: "slo", Value: pyjson.Object{
		{Key: "max_manifest_segments", Value: c.MaxSegments},
		{Key: "max_manifest_size", Value: c.MaxManifestBytes},
		{Key: "yield_frequency", Value: int(swift.HeartbeatInterval / time.Second)},
		{Key: "min_segment_size", Value: 1},
		{Key: "allow_async_delete", Value: c.AllowAsyncDelete},
	}}
}

// New makes the middleware.
func New(c Config) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return &middleware{Config: c, next: next}
	}
}

type middleware struct {
	Config
	next swift.Handler
}

// Serve answers a request.
func (m *middleware) Serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	if err != nil || path.Object == "" {
		return m.next.Serve(r)
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

// subrequest is a request about another object of the same account, as whoever
// asks; name is "/container/object".
func subrequest(r *swift.Request, method string, path swift.Path, name string) *swift.Request {
	sub := r.Subrequest(method, "/"+path.Version+"/"+path.Account+"/"+strings.TrimLeft(name, "/"), source)
	for _, line := range []string{"Referer", "X-Open-Expired"} {
		if v, ok := r.Header.Lookup(line); ok {
			sub.Header.Set(line, v)
		}
	}
	return sub
}
