// SPDX-License-Identifier: Apache-2.0

package dlo

import (
	"fmt"
	"io"
	"net/url"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// segment has the parts of a listing's entry that a large object needs.
type segment struct {
	name, etag string
	sizeBytes  int64
}

// segments walks over the listing of a manifest's container, a page at a time.
type segments struct {
	m      *middleware
	r      *swift.Request // the request for the large object
	path   swift.Path     // of the container
	prefix string

	page []segment // the rest of the page
	last bool      // the page is the last page
	// marker is the last name of the page.
	marker    string
	heldBytes int64 // by the page
}

// segmentBytes is the memory of an entry besides the texts, in a slice that may
// have grown to twice the needed length.
const segmentBytes = 100

// nextPage reads the next page into memory that the request holds. A refusal,
// if a feature on the way has turned the refusal into an answer, is returned as
// refused, for the client.
func (s *segments) nextPage() (refused *web.Response, err error) {
	list := s.r.Subrequest("GET", "/"+s.path.Version+"/"+s.path.Account+"/"+s.path.Container, source)
	copyHeaders(list, s.r, "Referer")
	list.SetRawQuery(url.Values{"prefix": {s.prefix}, "marker": {s.marker}}.Encode())
	list.EachObject = s.add
	s.r.Release(s.heldBytes)
	s.page, s.heldBytes = nil, 0
	res, err := s.m.next.Serve(list)
	if err != nil {
		return nil, err
	}
	if res.Status/100 != 2 {
		return res, nil
	}
	if err := res.Close(); err != nil {
		return nil, err
	}
	s.last = len(s.page) < s.m.pageEntries
	if len(s.page) > 0 {
		s.marker = s.page[len(s.page)-1].name
	}
	return nil, nil
}

// add keeps an entry of the page.
func (s *segments) add(e *objstore.ObjectEntry) error {
	n := int64(segmentBytes + len(e.Name) + len(e.ETag))
	if err := s.r.Hold(n); err != nil {
		return err
	}
	s.heldBytes += n
	s.page = append(s.page, segment{strings.Clone(e.Name), strings.Clone(e.ETag), e.SizeBytes})
	return nil
}

// next returns the next segment, or io.EOF after the last.
func (s *segments) next() (web.Segment, error) {
	for len(s.page) == 0 {
		if s.last {
			return web.Segment{}, io.EOF
		}
		refused, err := s.nextPage()
		if err != nil {
			return web.Segment{}, err
		}
		if refused != nil {
			err := fmt.Errorf("listing of segments: status %d", refused.Status)
			_ = refused.Close() // the status is the error
			return web.Segment{}, err
		}
	}
	seg := s.page[0]
	s.page = s.page[1:]
	return web.Segment{Bytes: seg.sizeBytes, Open: func(part web.ByteRange) (io.ReadCloser, error) {
		return s.open(seg, part)
	}}, nil
}

// open reads a part of a segment.
func (s *segments) open(seg segment, part web.ByteRange) (io.ReadCloser, error) {
	get := s.r.Subrequest("GET", "/"+s.path.Version+"/"+s.path.Account+"/"+s.path.Container+"/"+seg.name, source)
	copyHeaders(get, s.r, "Referer", "X-Open-Expired")
	res, err := swift.OpenSegment(s.m.next, get, seg.sizeBytes, part)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
