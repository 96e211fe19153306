// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/web"
)

// manifestHeader marks data in segments. A glance-api writes large data, and data
// of unknown length, in segments "ID-00001", "ID-00002" and further. Beside the
// segments is an empty object ID with the header "CONTAINER/ID-"
// (glance_store/_drivers/swift/store.py add):
//
//	ID        no bytes, X-Object-Manifest: glance/ID-
//	ID-00001  the first segment
//	ID-00002  the second segment
const manifestHeader = "X-Object-Manifest"

// maxSegments bounds the segments of an image. glance_store deletes no more
// segments of an image.
const maxSegments = 10_000

// errForeignData says that an object at an image's place was not written by
// glance_store or by this package.
var errForeignData = errors.New("the data is not as Glance stores it")

// segment is an object with a piece of an image's data.
type segment struct {
	name      objstore.ObjectName
	sizeBytes int64
}

// open opens the data of an image. The context must last until the data is read.
// ranges is the client's Range header, a hint of the parts that will be read.
func (c *catalog) open(ctx context.Context, id, ranges string) (objstore.Object, error) {
	o, err := c.store.OpenObject(ctx, c.dataID(id), objstore.OpenOptions{Ranges: ranges, WholeIf: manifestHeader})
	if err != nil {
		return nil, err
	}
	inSegments, err := c.inSegments(id, o.Info())
	if err == nil && !inSegments {
		return o, nil
	}
	manifest := &segmented{catalog: c, ctx: ctx, info: *o.Info()}
	if err == nil {
		manifest.segments, err = c.segments(ctx, id)
	}
	if err := errors.Join(err, o.Close()); err != nil {
		return nil, err
	}
	manifest.info.SizeBytes = 0
	for _, seg := range manifest.segments {
		manifest.info.SizeBytes += seg.sizeBytes
	}
	return manifest, nil
}

// inSegments says whether an image's data is in segments. info describes the
// object at the image's place. The error is errForeignData for a foreign
// manifest or link.
func (c *catalog) inSegments(id string, info *objstore.ObjectInfo) (bool, error) {
	for _, f := range info.Metadata {
		if f.Name == "X-Static-Large-Object" || strings.HasPrefix(f.Name, "X-Object-Sysmeta-Slo-") || strings.HasPrefix(f.Name, "X-Object-Sysmeta-Symlink-") {
			return false, fmt.Errorf("%w: it has %s", errForeignData, f.Name)
		}
	}
	manifest, ok := info.Metadata.Lookup(manifestHeader)
	if ok && web.Unquote(manifest) != string(c.data.Container)+"/"+id+"-" {
		return false, fmt.Errorf("%w: its manifest is of %q", errForeignData, manifest)
	}
	return ok, nil
}

// segments lists the segments of an image, in order.
func (c *catalog) segments(ctx context.Context, id string) ([]segment, error) {
	var all []segment
	err := c.store.ListObjects(ctx, c.data, objstore.ListOptions{Limit: maxSegments + 1, Prefix: id + "-"},
		func(e *objstore.ObjectEntry) error {
			all = append(all, segment{objstore.ObjectName(e.Name), e.SizeBytes})
			return nil
		})
	if err == nil && len(all) > maxSegments {
		err = fmt.Errorf("%w: there are more than %d segments", errForeignData, maxSegments)
	}
	return all, err
}

// dropSegments deletes the segments of an image, if the data is in segments. The
// caller deletes the manifest afterwards: until then the manifest leads to the
// segments that a crash left.
func (c *catalog) dropSegments(ctx context.Context, id string) error {
	info, err := c.store.HeadObject(ctx, c.dataID(id), objstore.OpenOptions{})
	if errors.Is(err, objstore.KindNotFound) || errors.Is(err, objstore.KindContainerNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	inSegments, err := c.inSegments(id, &info)
	if err != nil || !inSegments {
		return nil // a foreign manifest is not followed
	}
	all, err := c.segments(ctx, id)
	if err != nil {
		return err
	}
	for _, seg := range all {
		if err := recordbook.DeleteIfPresent(ctx, c.store, c.data.Object(seg.name)); err != nil {
			return err
		}
	}
	return nil
}

// segmented is an open image with its data in segments. A reader has a single
// segment open at a time.
type segmented struct {
	*catalog
	ctx      context.Context
	info     objstore.ObjectInfo // of the manifest, with the size of all segments
	segments []segment
	bodies   []*web.SegmentBody
}

// Info returns the size of all segments, and the metadata of the manifest.
func (o *segmented) Info() *objstore.ObjectInfo { return &o.info }

// Range returns a reader of a part of the data. The reader opens a segment when
// its turn comes.
func (o *segmented) Range(offset, length int64) io.Reader {
	left := o.segments
	body := web.NewSegmentBody(func() (web.Segment, error) {
		if len(left) == 0 {
			return web.Segment{}, io.EOF
		}
		seg := left[0]
		left = left[1:]
		return web.Segment{Bytes: seg.sizeBytes, Open: func(part web.ByteRange) (io.ReadCloser, error) {
			return o.openSegment(seg, part)
		}}, nil
	}, offset, length)
	o.bodies = append(o.bodies, body)
	return body
}

// openSegment opens a part of a segment. A segment of a new length has changed
// since open: the rest of the data would be shifted.
func (o *segmented) openSegment(seg segment, part web.ByteRange) (io.ReadCloser, error) {
	var hint objstore.OpenOptions
	if part.Length() < seg.sizeBytes {
		hint.Ranges = fmt.Sprintf("bytes=%d-%d", part.Start, part.End-1)
	}
	opened, err := o.store.OpenObject(o.ctx, o.data.Object(seg.name), hint)
	if err != nil {
		return nil, err
	}
	if opened.Info().SizeBytes != seg.sizeBytes {
		return nil, errors.Join(web.ErrSegmentChanged, opened.Close())
	}
	return newBody(opened, span{part.Start, part.Length()}), nil
}

// Close closes the segments that readers have open.
func (o *segmented) Close() error {
	var err error
	for _, body := range o.bodies {
		err = errors.Join(err, body.Close())
	}
	return err
}
