// SPDX-License-Identifier: Apache-2.0

package copy

import (
	"net/url"
	"slices"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// copyHeaders name the source or the target and go to neither side.
var copyHeaders = []string{"X-Copy-From", "X-Copy-From-Account", "Destination", "Destination-Account"}

// sourceOnly are headers about the source.
var sourceOnly = []string{"Range", "If-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"}

// responseOnly are headers of the source's response about the response itself,
// or headers copied under a condition.
var responseOnly = []string{
	"X-Static-Large-Object", "X-Object-Manifest", "Etag", "Content-Type", "X-Timestamp", "X-Backend-Timestamp",
	"Content-Length", "Content-Range", "Accept-Ranges", "Last-Modified", "Date", "X-Object-Version-Id",
}

const listingOverride = "X-Object-Sysmeta-Container-Update-Override-"

func drop(h *web.Header, names []string) {
	h.DelFunc(func(name string) bool { return among(name, names) })
}

func among(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// sourceRequest is the GET of the source.
func sourceRequest(r *swift.Request, job job) *swift.Request {
	get := r.Subrequest("GET", pathOf(job.from), source)
	get.Header = r.Header.Clone()
	drop(&get.Header, copyHeaders)
	drop(&get.Header, []string{"Content-Length", "Transfer-Encoding", "Content-Type", "Etag"})
	get.Header.Set("X-Newest", "true")
	get.SetRawQuery(r.RawQuery)
	if r.Query().Get("multipart-manifest") == "get" {
		get.SetRawQuery(withQuery(r, func(q url.Values) { q.Set("format", "raw") }))
	}
	return get
}

func withQuery(r *swift.Request, change func(url.Values)) string {
	q := url.Values{}
	for k, v := range r.Query() {
		q[k] = slices.Clone(v)
	}
	change(q)
	return q.Encode()
}

// targetRequest is the PUT of the target, with the source's body.
func targetRequest(r *swift.Request, job job, src *web.Response) *swift.Request {
	put := r.Subrequest("PUT", pathOf(job.to), source)
	put.Body, put.ContentLength = newBody(src), src.ContentLength
	put.Header = r.Header.Clone()
	drop(&put.Header, copyHeaders)
	drop(&put.Header, sourceOnly)
	drop(&put.Header, []string{"Content-Length", "Transfer-Encoding", "Expect"})
	fresh := swift.IsTrue(r.Header.Get("X-Fresh-Metadata"))
	for _, f := range src.Header {
		_, sysmeta := web.CutPrefix(f.Name, swift.ObjectResource.SystemPrefix())
		if (sysmeta || !fresh && !among(f.Name, responseOnly)) && !put.Header.Has(f.Name) {
			put.Header.Add(f.Name, f.Value)
		}
	}
	if put.Header.Get("Content-Type") == "" {
		put.Header.Set("Content-Type", src.Header.Get("Content-Type"))
	}
	asManifest := r.Query().Get("multipart-manifest") == "get"
	slo, dlo := src.Header.Has("X-Static-Large-Object"), src.Header.Has("X-Object-Manifest")
	put.SetRawQuery(r.RawQuery)
	if asManifest || r.Query().Has("version-id") || r.Query().Has("heartbeat") {
		put.SetRawQuery(withQuery(r, func(q url.Values) {
			q.Del("version-id")
			q.Del("heartbeat") // there is one already
			switch {
			case asManifest && dlo:
				q.Del("multipart-manifest")
			case asManifest && slo:
				q.Set("multipart-manifest", "put")
			}
		}))
	}
	if asManifest && dlo {
		put.Header.Set("X-Object-Manifest", src.Header.Get("X-Object-Manifest"))
	}
	whole := src.Status == 200 && !slo && (!dlo || asManifest)
	if whole {
		put.Header.Set("Etag", strings.Trim(src.Header.Get("Etag"), `"`))
	}
	if !whole || src.Header.Has("X-Symlink-Target") {
		// The bytes differ from the source's listing. A link's line in the
		// listing is written anew by the PUT of the target, if the target is a
		// link.
		put.Header.DelFunc(func(name string) bool {
			_, ok := web.CutPrefix(name, listingOverride)
			return ok
		})
	}
	return put
}

// addCopied tells the client the source and the copied metadata.
func addCopied(h *web.Header, job job, src *web.Response, put *swift.Request) {
	add := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	add("X-Copied-From-Account", web.Quote(job.from.Account))
	add("X-Copied-From", web.Quote(job.from.Container+"/"+job.from.Object))
	add("X-Copied-From-Last-Modified", src.Header.Get("Last-Modified"))
	add("X-Copied-From-Version-Id", src.Header.Get("X-Object-Version-Id"))
	for _, f := range put.Header {
		if _, ok := web.CutPrefix(f.Name, swift.ObjectResource.UserPrefix()); ok || strings.EqualFold(f.Name, "X-Delete-At") {
			h.Set(f.Name, f.Value)
		}
	}
}
