// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
)

// write stores an object through the object's writer, and with some kinds through
// both proxies in turn.
func (o *crossObject) write(ctx context.Context) error {
	switch o.kind {
	case "chunked":
		return o.put(ctx, o.writer, o.path(), &crossBody{crossContent(o.parts), true}, o.headers)
	case "posted":
		return o.writePosted(ctx)
	case "overwritten":
		before := []crossPart{{o.parts[0].key + "/before", 1 + o.dice.IntN(70_000)}}
		if err := o.put(ctx, o.reader, o.path(), &crossBody{bytes: crossContent(before)}, crossMetadata(o.dice)); err != nil {
			return err
		}
	case "copied":
		return o.writeCopied(ctx)
	case "slo":
		return o.writeSLO(ctx)
	case "dlo":
		return o.writeDLO(ctx)
	case "symlink", "static symlink":
		return o.writeLink(ctx)
	case "versions":
		return o.writeVersions(ctx)
	}
	return o.put(ctx, o.writer, o.path(), &crossBody{bytes: crossContent(o.parts)}, o.headers)
}

// put wants 201 and the ETag of the bytes.
func (o *crossObject) put(ctx context.Context, p *crossProxy, path string, body *crossBody, h crossHeaders) error {
	got, err := p.want(ctx, 201, "PUT", path, body, h)
	if err != nil {
		return err
	}
	if etag := strings.Trim(got.header.Get("Etag"), `"`); etag != crossSum(body.bytes) {
		return fmt.Errorf("%s: PUT %s: ETag %s of bytes with MD5 %s", p.name, path, etag, crossSum(body.bytes))
	}
	return nil
}

// writePosted replaces metadata up to three times, through both proxies.
func (o *crossObject) writePosted(ctx context.Context) error {
	if err := o.put(ctx, o.writer, o.path(), &crossBody{bytes: crossContent(o.parts)}, o.headers); err != nil {
		return err
	}
	for range 1 + o.dice.IntN(3) {
		by := []*crossProxy{o.writer, o.reader}[o.dice.IntN(2)]
		if _, err := by.want(ctx, 202, "POST", o.path(), nil, crossMetadata(o.dice)); err != nil {
			return err
		}
	}
	return nil
}

// partPath is the path of a further object that belongs to this one.
func (o *crossObject) partPath(n int) string {
	return crossPath(crossContainer("parts", o.policy), fmt.Sprintf("%s/%03d", o.name, n))
}

func (o *crossObject) writeCopied(ctx context.Context) error {
	if err := o.put(ctx, o.reader, o.partPath(0), &crossBody{bytes: crossContent(o.parts)}, crossMetadata(o.dice)); err != nil {
		return err
	}
	h := maps.Clone(o.headers)
	h["X-Copy-From"] = o.partPath(0)
	return o.putEmpty(ctx, h, nil, "")
}

// putEmpty stores an object without content of its own: a manifest, a link, a copy.
func (o *crossObject) putEmpty(ctx context.Context, h crossHeaders, body []byte, query string) error {
	_, err := o.writer.want(ctx, 201, "PUT", o.path()+query, &crossBody{bytes: body}, h)
	return err
}

// writeParts stores the parts as objects, alternately through both proxies.
func (o *crossObject) writeParts(ctx context.Context) error {
	for n, part := range o.parts {
		by := []*crossProxy{o.writer, o.reader}[n%2]
		if err := o.put(ctx, by, o.partPath(n), &crossBody{bytes: crossContent([]crossPart{part})}, nil); err != nil {
			return err
		}
	}
	return nil
}

// writeSLO makes a manifest with ETags and sizes, and ranges for some segments.
func (o *crossObject) writeSLO(ctx context.Context) error {
	if err := o.writeParts(ctx); err != nil {
		return err
	}
	var manifest []map[string]any
	for n, part := range o.parts {
		manifest = append(manifest, map[string]any{
			"path":       "/" + crossContainer("parts", o.policy) + fmt.Sprintf("/%s/%03d", o.name, n),
			"etag":       crossSum(crossContent([]crossPart{part})),
			"size_bytes": part.size,
		})
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		return err
	}
	return o.putEmpty(ctx, o.headers, text, "?multipart-manifest=put")
}

func (o *crossObject) writeDLO(ctx context.Context) error {
	if err := o.writeParts(ctx); err != nil {
		return err
	}
	h := maps.Clone(o.headers)
	h["X-Object-Manifest"] = crossQuote(crossContainer("parts", o.policy) + "/" + o.name + "/")
	return o.putEmpty(ctx, h, nil, "")
}

// writeLink makes a link to an object that the other proxy writes.
func (o *crossObject) writeLink(ctx context.Context) error {
	content := crossContent(o.parts)
	if err := o.put(ctx, o.reader, o.partPath(0), &crossBody{bytes: content}, crossMetadata(o.dice)); err != nil {
		return err
	}
	h := maps.Clone(o.headers)
	h["X-Symlink-Target"] = strings.TrimPrefix(o.partPath(0), "/")
	if o.kind == "static symlink" {
		h["X-Symlink-Target-Etag"] = crossSum(content)
	}
	return o.putEmpty(ctx, h, nil, "")
}

// writeVersions stores versions through both proxies, and a delete marker at the end
// of some.
func (o *crossObject) writeVersions(ctx context.Context) error {
	last := o.parts[0]
	for n := range 2 + o.dice.IntN(3) {
		part := crossPart{fmt.Sprintf("%s/version%d", last.key, n), (last.size + n) % mib}
		by := []*crossProxy{o.writer, o.reader}[n%2]
		got, err := by.want(ctx, 201, "PUT", o.path(), &crossBody{bytes: crossContent([]crossPart{part})}, crossMetadata(o.dice))
		if err != nil {
			return err
		}
		o.parts = []crossPart{part}
		o.versions = append(o.versions, crossVersion{got.header.Get("X-Object-Version-Id"), o.parts})
	}
	if o.marker = o.dice.IntN(3) == 0; o.marker {
		_, err := o.writer.want(ctx, 204, "DELETE", o.path(), nil, nil)
		return err
	}
	return nil
}
