// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// maxLevels bounds the nesting of large objects (slo.py:
// max_slo_recursion_depth).
const maxLevels = 10

var errTooDeep = errors.New("large objects lie too deep in one another")

// largeObject is a manifest being read.
type largeObject struct {
	m     *middleware
	r     *swift.Request // who asks
	path  swift.Path     // of the manifest that was asked for
	list  []segment
	size  int64
	level int // 0: the manifest that was asked for

	// sub is the last manifest read among the segments: several parts in a row
	// often use the same manifest.
	sub     *largeObject
	subName string
	held    *manifest // list's, of a segment
	cost    *cost
}

// freeManifestBytes is how much of stored manifests may be read for a request,
// with any length of content.
const freeManifestBytes = 64 << 20

var errCostly = errors.New("the large object is more manifests than content")

// cost counts the bytes of inner manifests and of content read for a request. A
// request may go on as long as the opened content outweighs the inner
// manifests: segments of one byte, each in a manifest of megabytes, would keep
// a processor busy for hours.
type cost struct{ manifestBytes, contentBytes int64 }

func (c *cost) read(bytes int64) error {
	c.manifestBytes += bytes
	if c.manifestBytes > max(freeManifestBytes, c.contentBytes) {
		return errCostly
	}
	return nil
}

// body is a part of the content.
func (o *largeObject) body(part web.ByteRange) *web.SegmentBody {
	i := 0
	return web.NewSegmentBody(func() (web.Segment, error) {
		if i == len(o.list) {
			return web.Segment{}, io.EOF
		}
		s := &o.list[i]
		i++
		return web.Segment{Bytes: s.part.Length(), Open: func(part web.ByteRange) (io.ReadCloser, error) {
			return o.open(s, web.ByteRange{Start: s.part.Start + part.Start, End: s.part.Start + part.End})
		}}, nil
	}, part.Start, part.Length())
}

// open reads a part of a segment.
func (o *largeObject) open(s *segment, part web.ByteRange) (io.ReadCloser, error) {
	if s.Data != "" || !s.SubSLO {
		o.cost.contentBytes += part.Length()
	}
	if s.Data != "" {
		data, err := base64.StdEncoding.DecodeString(s.Data)
		if err != nil || int64(len(data)) < part.End {
			return nil, errManifest
		}
		return io.NopCloser(bytes.NewReader(data[part.Start:part.End])), nil
	}
	if s.SubSLO {
		return o.openSub(s, part)
	}
	get := subrequest(o.r, "GET", o.path, s.Name)
	// An object that has become a large object since the PUT has changed.
	get.SetRawQuery("multipart-manifest=get")
	res, err := swift.OpenSegment(o.m.next, get, s.Bytes, part)
	if err != nil {
		return nil, err
	}
	if tag := web.NormalizeETag(res.Header.Get("Etag")); tag != s.Hash {
		_ = res.Close() // the change is the error
		return nil, fmt.Errorf("%w: %s has the ETag %s, not %s", web.ErrSegmentChanged, get.Path, tag, s.Hash)
	}
	return res.Body, nil
}

func (o *largeObject) openSub(s *segment, part web.ByteRange) (io.ReadCloser, error) {
	if o.level+1 >= maxLevels {
		return nil, errTooDeep
	}
	if o.sub == nil || o.subName != s.Name {
		o.leaveSub()
		held, err := o.readSub(s)
		if err != nil {
			return nil, err
		}
		o.sub = &largeObject{
			m: o.m, r: o.r, path: o.path, list: held.list, size: s.Bytes, level: o.level + 1, held: held, cost: o.cost,
		}
		o.subName = s.Name
	}
	b := o.sub.body(part)
	if err := b.Advance(); err != nil {
		if err == io.EOF {
			err = web.ErrSegmentChanged
		}
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// leaveSub gives back the memory of the manifests below.
func (o *largeObject) leaveSub() {
	if o.sub == nil {
		return
	}
	o.sub.leaveSub()
	o.sub.held.release(o.r)
	o.sub = nil
}

// readSub gets the manifest of a segment, which must be unchanged.
func (o *largeObject) readSub(s *segment) (*manifest, error) {
	get := subrequest(o.r, "GET", o.path, s.Name)
	res, err := o.m.next.Serve(get)
	if err != nil {
		return nil, fmt.Errorf("manifest %s: %w", get.Path, err)
	}
	if res.Status != 200 || !isBare(res.Header) && !s.describes(res.Header, nil) {
		_ = res.Close() // the change is the error
		return nil, fmt.Errorf("%w: manifest %s: status %d", web.ErrSegmentChanged, get.Path, res.Status)
	}
	m, err := readManifest(o.r, res, nil)
	if err != nil {
		return nil, err
	}
	if !s.describes(res.Header, m.list) {
		m.release(o.r)
		return nil, fmt.Errorf("%w: manifest %s", web.ErrSegmentChanged, get.Path)
	}
	if err := o.cost.read(m.readBytes); err != nil {
		m.release(o.r)
		return nil, fmt.Errorf("manifest %s: %w", get.Path, err)
	}
	return m, nil
}
