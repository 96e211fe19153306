// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"io"
	"strings"
	"unicode/utf8"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// extractSource tags the subrequests, as Swift does.
const extractSource = "EA"

// extraction is an archive on its way into an account.
type extraction struct {
	*middleware
	ctx     context.Context
	r       *swift.Request
	root    string // "/v1/ACCOUNT"
	prefix  string // "", or what stands before every name, with its '/'
	headers web.Header
	seen    map[string]bool // containers that need no look any more
	created int             // containers
	budget  *budget
	out     *outcome
}

// extract stores the files of the archive in the body.
func (m *middleware) extract(ctx context.Context, r *swift.Request, of format, o *outcome) error {
	if r.ContentLength == web.NoLength {
		return web.Status(411)
	}
	root, base, err := place(r)
	if err != nil {
		return err
	}
	x := &extraction{middleware: m, ctx: ctx, r: r, root: root, headers: inherited(r.Header), seen: map[string]bool{}, out: o}
	if base = strings.TrimRight(base, "/"); base != "" {
		x.prefix = base + "/"
	}
	if err := r.Hold(of.heldBytes); err != nil {
		return err
	}
	x.budget = &budget{ctx: ctx}
	a, err := openArchive(r.Body, of, x.budget)
	if err != nil {
		return err
	}
	for len(o.failed) < m.MaxFailedExtractions {
		f, err := a.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := x.store(f, a.tar); err != nil {
			return err
		}
	}
	return nil
}

// inherited returns the lines of the request for every object.
func inherited(h web.Header) (out web.Header) {
	for _, f := range h {
		_, meta := web.CutPrefix(f.Name, swift.ObjectResource.UserPrefix())
		if meta || strings.EqualFold(f.Name, "X-Delete-At") || strings.EqualFold(f.Name, "X-Delete-After") {
			out = append(out, f)
		}
	}
	return out
}

// store puts a file. An error ends the whole work; a failure of this file alone
// is noted.
func (x *extraction) store(f *file, body io.Reader) error {
	name := x.prefix + strings.TrimLeft(strings.TrimPrefix(f.name, "./"), "/")
	container, _, inside := strings.Cut(name, "/")
	if !inside {
		return nil // a file outside of any container
	}
	switch {
	case !utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0:
		return x.note(name, 412)
	case f.sizeBytes > x.limits.FileBytes:
		return x.note(name, 413)
	case f.badHeader:
		return x.note(name, 400)
	}
	refusal, err := x.makeContainer(container)
	if err != nil {
		return err
	}
	status := x.status(x.putRequest(name, f, &stored{body, x.budget}))
	x.see(container)
	switch {
	case status/100 == 2:
		x.out.done++
		return nil
	case refusal != 0:
		// The upload may have succeeded by the container's ACL. In this case it
		// did not.
		if err := x.note(x.root+"/"+container, refusal); err != nil {
			return err
		}
	}
	if err := x.note(name, status); err != nil {
		return err
	}
	if status == 401 {
		return web.Status(401)
	}
	return nil // a fault of the archive itself is there again when it is read on
}

// note adds a failure to the report, under as much of the name as is valid.
func (x *extraction) note(name string, status int) error {
	return x.out.add(x.r, name[:min(len(name), len(x.root)+x.maxPathBytes())], status)
}

// see remembers a container. With many containers in an archive it forgets all
// of them now and then, and looks again.
func (x *extraction) see(container string) {
	if len(x.seen) >= x.MaxContainersPerExtraction {
		clear(x.seen)
	}
	if len(container) <= x.limits.ContainerNameBytes {
		x.seen[container] = true
	}
}

func (x *extraction) putRequest(name string, f *file, body io.Reader) *swift.Request {
	put := subrequest(x.ctx, x.r, "PUT", x.root+"/"+name, extractSource, "BulkExpand")
	put.Header = append(put.Header, x.headers...)
	for _, h := range f.header {
		put.Header.Set(h.Name, h.Value)
	}
	put.Body, put.ContentLength = body, f.sizeBytes
	return put
}

// makeContainer makes the container, the first time. A refusal is the status of
// a failed creation: the objects may still be let in.
func (x *extraction) makeContainer(name string) (refusal int, err error) {
	if x.seen[name] {
		return 0, nil
	}
	path := x.root + "/" + name
	status := x.status(subrequest(x.ctx, x.r, "HEAD", path, extractSource, ""))
	if status/100 == 2 {
		return 0, nil
	}
	if status == 404 {
		status = x.status(subrequest(x.ctx, x.r, "PUT", path, extractSource, ""))
	}
	switch {
	case status == 401:
		return 0, web.Status(401)
	case status/100 != 2:
		return status, nil
	}
	if x.created++; x.created > x.MaxContainersPerExtraction {
		return 0, web.Statusf(400, "More than %d containers to create from tar.", x.MaxContainersPerExtraction)
	}
	return 0, nil
}
