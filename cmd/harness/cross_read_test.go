// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// crossOwn are headers that are of a request, not of an object.
var crossOwn = []string{"Date", "X-Trans-Id", "X-Openstack-Request-Id", "Connection", "Keep-Alive", "Transfer-Encoding"}

// headerDifferences are the headers of an answer that another lacks or has otherwise.
func headerDifferences(want, got http.Header) []string {
	names := slices.Sorted(maps.Keys(want))
	for name := range got {
		if _, ok := want[name]; !ok {
			names = append(names, name)
		}
	}
	var all []string
	for _, name := range names {
		if w, g := want[name], got[name]; !slices.Contains(crossOwn, name) && !slices.Equal(w, g) {
			all = append(all, fmt.Sprintf("%s: %q and %q", name, w, g))
		}
	}
	return all
}

// same sends a request to both proxies, compares status, headers and body, and returns
// the answer of Swift's proxy.
func (r *crossRun) same(ctx context.Context, what, method, path string, h crossHeaders) *crossAnswer {
	swift, needletail := r.swift, r.needletail
	want, err := swift.do(ctx, method, path, nil, h)
	if err != nil {
		r.fault(what, "%v", err)
		return nil
	}
	got, err := needletail.do(ctx, method, path, nil, h)
	if err != nil {
		r.fault(what, "%v", err)
		return nil
	}
	place := fmt.Sprintf("%s %s %v", method, path, h)
	if want.status != got.status {
		r.fault(what+": status", "%s: Swift %s, needletail %s", place, want, got)
		return want
	}
	plainBoundary(want)
	plainBoundary(got)
	forgiveSwift(want, got)
	if diff := headerDifferences(want.header, got.header); len(diff) > 0 {
		names := make([]string, len(diff))
		for i, d := range diff {
			names[i], _, _ = strings.Cut(d, ":")
		}
		r.fault(what+": headers "+strings.Join(names, ","), "%s %d: Swift and needletail: %s", place, want.status, strings.Join(diff, "; "))
	}
	if want.md5 != got.md5 && !bytes.Equal(want.body, got.body) {
		r.fault(what+": body", "%s %d: %s", place, want.status, firstDifference(want.body, got.body))
	}
	return want
}

// forgiveSwift takes off what Swift 2.30 does not mean.
func forgiveSwift(want, got *crossAnswer) {
	if want.status == 304 || want.status == 412 || want.status == 416 {
		// The proxy judges the conditions on fragments, and forgets the object's type.
		if want.header.Get("Content-Type") == "text/html; charset=UTF-8" {
			want.header.Del("Content-Type")
			got.header.Del("Content-Type")
		}
	}
}

// plainBoundary replaces the random boundary of a multipart answer.
func plainBoundary(a *crossAnswer) {
	kind, boundary, ok := strings.Cut(a.header.Get("Content-Type"), "boundary=")
	if !ok || !strings.HasPrefix(kind, "multipart/byteranges") {
		return
	}
	a.header.Set("Content-Type", kind+"boundary=B")
	a.body = bytes.ReplaceAll(a.body, []byte(boundary), []byte("B"))
}

// firstDifference shows where bodies part.
func firstDifference(want, got []byte) string {
	n := 0
	for n < len(want) && n < len(got) && want[n] == got[n] {
		n++
	}
	show := func(b []byte) []byte { return b[max(0, n-60):min(len(b), n+120)] }
	return fmt.Sprintf("bodies of %d and %d bytes part at %d: Swift %q, needletail %q", len(want), len(got), n, show(want), show(got))
}

// read reads an object through the proxy that did not write the object, and compares
// both proxies' answers.
func (r *crossRun) read(ctx context.Context, o *crossObject) error {
	what := "read " + o.kind
	if o.marker {
		r.same(ctx, what, "HEAD", o.path(), nil)
		return r.readVersions(ctx, o)
	}
	head := r.same(ctx, what, "HEAD", o.path(), nil)
	content := crossContent(o.parts)
	whole, err := o.reader.want(ctx, 200, "GET", o.path(), nil, nil)
	if err != nil {
		return err
	}
	if whole.size != int64(len(content)) || whole.md5 != crossSum(content) {
		r.fault(what+": bytes", "%s: %d bytes with MD5 %s, of %d with %s", o, whole.size, whole.md5, len(content), crossSum(content))
	}
	if head != nil {
		if diff := headerDifferences(head.header, whole.header); len(diff) > 0 {
			r.fault(what+": HEAD and GET", "%s by %s: %s", o, o.reader.name, strings.Join(diff, "; "))
		}
	}
	if err := r.readRanges(ctx, o, content); err != nil {
		return err
	}
	if o.raw != "" {
		r.same(ctx, what+" itself", "GET", o.path()+"?"+o.raw, nil)
		r.same(ctx, what+" itself", "HEAD", o.path()+"?"+o.raw, nil)
	}
	if o.dice.IntN(6) == 0 {
		r.readConditions(ctx, o, whole.header.Get("Etag"), whole.header.Get("Last-Modified"))
	}
	return r.readVersions(ctx, o)
}

// readRanges reads the first bytes, some in the middle, and the last.
func (r *crossRun) readRanges(ctx context.Context, o *crossObject, content []byte) error {
	what, n := "read "+o.kind+": range", len(content)
	if n == 0 {
		r.same(ctx, what, "GET", o.path(), crossHeaders{"Range": "bytes=0-0"})
		return nil
	}
	first, last, from := o.dice.IntN(n), o.dice.IntN(n), o.dice.IntN(n)
	to := from + o.dice.IntN(n-from)
	for ask, want := range map[string][]byte{
		fmt.Sprintf("bytes=0-%d", first):     content[:first+1],
		fmt.Sprintf("bytes=%d-%d", from, to): content[from : to+1],
		fmt.Sprintf("bytes=-%d", last+1):     content[n-last-1:],
	} {
		got, err := o.reader.want(ctx, 206, "GET", o.path(), nil, crossHeaders{"Range": ask})
		if err != nil {
			return err
		}
		if got.size != int64(len(want)) || got.md5 != crossSum(want) {
			r.fault(what+": bytes", "%s: %s of %d: %d bytes with MD5 %s, of %d with %s", o, ask, n, got.size, got.md5, len(want), crossSum(want))
		}
	}
	r.same(ctx, what, "GET", o.path(), crossHeaders{"Range": fmt.Sprintf("bytes=%d-%d", from, to)})
	return nil
}

// readConditions asks for many ranges, and under conditions.
func (r *crossRun) readConditions(ctx context.Context, o *crossObject, etag, modified string) {
	conditions := []crossHeaders{
		{"Range": "bytes=0-3,10-20,-5"}, {"Range": "bytes=999999999-"},
		{"If-None-Match": etag}, {"If-None-Match": `"other"`},
		{"If-Modified-Since": modified}, {"If-Unmodified-Since": modified},
	}
	if o.policy != "ec42" {
		// Swift 2.30 answers 500 for fragments (obj.py: _get_response_parts_iter).
		conditions = append(conditions, crossHeaders{"Range": "bytes=5-3"})
	}
	if o.kind != "dlo" {
		// Swift 2.30's DLO answers If-Match with the type of a failed first request.
		conditions = append(conditions, crossHeaders{"If-Match": `"other"`}, crossHeaders{"If-Match": etag})
	}
	for _, h := range conditions {
		r.same(ctx, "read "+o.kind+": conditions", "GET", o.path(), h)
	}
}

// readVersions reads each version by its ID.
func (r *crossRun) readVersions(ctx context.Context, o *crossObject) error {
	for _, v := range o.versions {
		path := o.path() + "?version-id=" + url.QueryEscape(v.id)
		got, err := o.reader.want(ctx, 200, "GET", path, nil, nil)
		if err != nil {
			return err
		}
		if want := crossSum(crossContent(v.parts)); got.md5 != want {
			r.fault("read version: bytes", "%s: version %s has MD5 %s, not %s", o, v.id, got.md5, want)
		}
		r.same(ctx, "read version", "HEAD", path, nil)
	}
	return nil
}

// readListings compares all listings, and what HEAD tells of account and containers.
func (r *crossRun) readListings(ctx context.Context) {
	r.same(ctx, "account HEAD", "HEAD", "", nil)
	for _, query := range []string{"", "?format=json", "?format=xml", "?format=json&reverse=on&limit=2", "?prefix=cross-p"} {
		r.same(ctx, "account listing", "GET", query, nil)
	}
	for job, form := range crossContainers {
		for _, policy := range r.policies {
			path := crossPath(fmt.Sprintf(form, policy))
			r.same(ctx, "container HEAD", "HEAD", path, nil)
			// XML of the folder dir/: Swift writes control characters that XML forbids.
			queries := []string{"", "?format=json", "?format=xml&prefix=dir/", "?format=json&reverse=on", "?format=json&delimiter=/", "?format=json&prefix=dir/&delimiter=/", "?format=json&delimiter=-0"}
			if job == "versions" {
				queries = append(queries, "?versions&format=json", "?versions&format=json&limit=7")
			}
			for _, query := range queries {
				r.same(ctx, "listing "+query, "GET", path+query, nil)
			}
			r.readPages(ctx, path)
		}
	}
}

// readPages walks a listing in pages of an odd size.
func (r *crossRun) readPages(ctx context.Context, path string) {
	const limit, pages = 97, 400
	marker := ""
	for range pages {
		got := r.same(ctx, "listing page", "GET", fmt.Sprintf("%s?format=json&limit=%d&marker=%s", path, limit, url.QueryEscape(marker)), nil)
		var entries []struct{ Name string }
		if got == nil || json.Unmarshal(got.body, &entries) != nil || len(entries) == 0 {
			return
		}
		marker = entries[len(entries)-1].Name
	}
}

// remove deletes an object through the proxy that did not write the object.
func (r *crossRun) remove(ctx context.Context, o *crossObject) error {
	query, status := "", 204
	if o.kind == "slo" && o.dice.IntN(2) == 0 {
		query, status = "?multipart-manifest=delete", 200
	}
	got, err := o.reader.want(ctx, status, "DELETE", o.path()+query, nil, crossHeaders{"Accept": "application/json"})
	if err != nil {
		return err
	}
	if query != "" && !bytes.Contains(got.body, []byte(`"Response Status": "200 OK"`)) {
		return fmt.Errorf("%s: DELETE with the segments: %s", o, got)
	}
	if got := r.same(ctx, "after DELETE", "GET", o.path(), nil); got != nil && got.status != 404 {
		r.fault("after DELETE: still there", "%s: %s", o, got)
	}
	return nil
}
