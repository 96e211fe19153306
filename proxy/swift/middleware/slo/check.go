// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"strings"
	"time"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// found is the answer to the HEAD of a segment.
type found struct {
	status int // 200, or why not
	seg    segment
}

const (
	// checkBytes is the memory for looking at a segment: a request, an answer
	// and the manifest's element.
	checkBytes = 2 << 10
	// reportFactor is how many times a fault lies in memory: in the list, and
	// in the report made of the list, with the text around the fault.
	reportFactor = 3
)

// check looks at each object of the list, once, and makes the manifest's
// segments of the objects found. failed names the objects that do not fit, in
// the list's order (slo.py: validate_seg_dict).
func (m *middleware) check(r *swift.Request, path swift.Path, list []wanted) (segments []segment, failed []swift.FailedName, err error) {
	index := map[string]int{}
	var requests []*swift.Request
	for i := range list {
		if _, seen := index[list[i].path]; !list[i].inline && !seen {
			index[list[i].path] = len(requests)
			requests = append(requests, subrequest(r, "HEAD", path, list[i].path))
		}
	}
	if err := r.Hold(int64(len(list)) * checkBytes); err != nil {
		return nil, nil, err
	}
	heads := make([]found, len(requests))
	parallel(m.Concurrency, len(requests), func(i int) {
		if r.Context().Err() == nil {
			heads[i] = m.head(requests[i])
		}
	})
	if err := r.Context().Err(); err != nil {
		return nil, nil, &web.StatusError{Status: 499, Err: err}
	}
	segments = make([]segment, len(list))
	for i := range list {
		if list[i].inline {
			segments[i].Data = list[i].data
		} else {
			head := &heads[index[list[i].path]]
			faults := list[i].compare(head, i == len(list)-1)
			for _, f := range faults {
				failed = append(failed, swift.FailedName{Name: web.Quote(list[i].path), Status: f})
				if err := r.Hold(reportFactor * int64(len(failed[len(failed)-1].Name)+len(f))); err != nil {
					return nil, nil, err
				}
			}
			segments[i] = list[i].segment(head)
		}
		if len(failed) == 0 {
			if err := segments[i].measure(); err != nil {
				return nil, nil, err
			}
		}
	}
	return segments, failed, nil
}

// head asks like a client: the answer for a large object describes its content.
func (m *middleware) head(r *swift.Request) found {
	res, err := m.Serve(r)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	_ = res.Close() // a HEAD has no body
	contentType, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	f := found{status: res.Status, seg: segment{
		Bytes: res.ContentLength, Hash: web.NormalizeETag(res.Header.Get("Etag")),
		ContentType: contentType, SubSLO: res.Header.Has(shownHeader),
	}}
	if seconds, ok := web.ParseHTTPDate(res.Header.Get("Last-Modified")); ok {
		f.seg.LastModified = time.Unix(seconds, 0).UTC().Format("2006-01-02T15:04:05.000000")
	}
	return f
}

// compare returns the differences between the object and the wanted values.
func (w *wanted) compare(head *found, last bool) (faults []string) {
	if head.status/100 != 2 {
		return []string{statusLine(head.status)}
	}
	length := head.seg.Bytes
	if w.ranges != "" {
		ranges, _ := web.ResolveRanges(w.ranges, head.seg.Bytes)
		if len(ranges) != 1 {
			faults = append(faults, "Unsatisfiable Range")
		} else {
			length = ranges[0].Length()
		}
	}
	if length < 1 && !last {
		faults = append(faults, "Too small; each segment must be at least 1 byte.")
	}
	if w.bytes != nil && *w.bytes != head.seg.Bytes {
		faults = append(faults, "Size Mismatch")
	}
	if w.etag != nil && *w.etag != head.seg.Hash {
		faults = append(faults, "Etag Mismatch")
	}
	return faults
}

// segment returns the manifest's element. A range over the whole object is left
// out.
func (w *wanted) segment(head *found) segment {
	s := head.seg
	s.Name = "/" + strings.TrimLeft(w.path, "/")
	ranges, _ := web.ResolveRanges(w.ranges, s.Bytes)
	if len(ranges) == 1 && ranges[0].Length() < s.Bytes {
		s.Range = rangeText(ranges[0])
	}
	return s
}
