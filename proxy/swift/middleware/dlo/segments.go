package dlo

import (
	"fmt"
	"io"
	"net/url"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// segment is one entry of a container's listing.
type segment struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Hash  string `json:"hash"`
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

// maxEntryBytes bounds what an entry of a page has in JSON: a name of 1024
// bytes, each written with six characters, and as much again.
const maxEntryBytes = 12 << 10

// nextPage lists on, in memory that the request holds. A response that is no listing is other, for the client.
func (s *segments) nextPage() (other *web.Response, err error) {
	list := s.r.Subrequest("GET", "/"+s.path.Version+"/"+s.path.Account+"/"+s.path.Container, source)
	copyHeaders(list, s.r, "Referer")
	list.SetRawQuery(url.Values{"format": {"json"}, "prefix": {s.prefix}, "marker": {s.marker}}.Encode())
	res, err := s.m.next.Serve(list)
	if err != nil {
		return nil, err
	}
	if res.Status/100 != 2 {
		return res, nil
	}
	defer res.Close()
	s.r.Release(s.heldBytes)
	s.page, s.heldBytes = nil, 0
	if res.Body != nil {
		page := io.LimitReader(res.Body, int64(s.m.pageEntries)*maxEntryBytes)
		if _, err := swift.EachInList(page, s.add); err != nil {
			return nil, fmt.Errorf("listing of %s: %w", list.Path, err)
		}
	}
	s.last = len(s.page) < s.m.pageEntries
	if len(s.page) > 0 {
		s.marker = s.page[len(s.page)-1].Name
	}
	return nil, nil
}

// add keeps an entry of the page.
func (s *segments) add(e *segment) error {
	n := int64(segmentBytes + len(e.Name) + len(e.Hash))
	if err := s.r.Hold(n); err != nil {
		return err
	}
	s.heldBytes += n
	s.page = append(s.page, *e)
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
	return web.Segment{Bytes: seg.Bytes, Open: func(part web.ByteRange) (io.ReadCloser, error) {
		return s.open(seg, part)
	}}, nil
}

// open reads a part of a segment.
func (s *segments) open(seg segment, part web.ByteRange) (io.ReadCloser, error) {
	get := s.r.Subrequest("GET", "/"+s.path.Version+"/"+s.path.Account+"/"+s.path.Container+"/"+seg.Name, source)
	copyHeaders(get, s.r, "Referer", "X-Open-Expired")
	res, err := swift.OpenSegment(s.m.next, get, seg.Bytes, part)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
