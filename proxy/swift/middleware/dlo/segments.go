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

// segment has what a large object needs of an entry of the container's listing.
type segment struct {
	name, etag string
	sizeBytes  int64
}

// segments walks over the listing of a manifest, a page at a time.
type segments struct {
	m      *middleware
	r      *swift.Request // who asks
	path   swift.Path     // of the container
	prefix string

	page []segment // what is still to come of this page
	last bool      // whether it is the last page
	// marker is the last name of the page.
	marker    string
	heldBytes int64 // by the page
}

// segmentBytes is what an entry takes in memory beside its texts, in a slice that
// may have grown to twice its length.
const segmentBytes = 100

// nextPage lists on, in memory that the request holds. A refusal that a feature
// on the way has made an answer of is other, for the client.
func (s *segments) nextPage() (other *web.Response, err error) {
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

// next is the segment that comes next, or io.EOF.
func (s *segments) next() (web.Segment, error) {
	for len(s.page) == 0 {
		if s.last {
			return web.Segment{}, io.EOF
		}
		other, err := s.nextPage()
		if err != nil {
			return web.Segment{}, err
		}
		if other != nil {
			err := fmt.Errorf("listing of segments: status %d", other.Status)
			_ = other.Close() // the status is the error
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
