// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// fake is what lies behind the middleware: objects by path, without rights.
type fake struct {
	mu      sync.Mutex
	objects map[string]fakeObject
	asked   []string
	open    atomic.Int64 // bodies that nobody closed
	// before, if not nil, may answer in place of the fake.
	before func(*swift.Request) (*web.Response, error)
	// denied is the container that must not be written.
	denied string
}

type fakeObject struct {
	body   string
	header web.Header // as a PUT sent it
}

type fakeBody struct {
	io.Reader
	open   *atomic.Int64
	closed bool
}

func (b *fakeBody) Close() error {
	if b.closed {
		panic("closed twice")
	}
	b.closed = true
	b.open.Add(-1)
	return nil
}

func newFake(names ...string) *fake {
	f := &fake{objects: map[string]fakeObject{}}
	for _, n := range names {
		f.set("/v1/a/s/"+n, strings.Repeat(n, 10))
	}
	return f
}

func (f *fake) set(path, body string) {
	f.objects[path] = fakeObject{body: body, header: web.Header{{Name: "Content-Type", Value: "t/t; charset=x"}}}
}

func (f *fake) Serve(r *swift.Request) (*web.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.AuthorizeOnly {
		if strings.HasPrefix(r.Path, "/v1/a/"+f.denied+"/") {
			return nil, web.Status(403)
		}
		return web.NewResponse(204), nil
	}
	f.asked = append(f.asked, r.Method+" "+r.Path)
	if f.before != nil {
		if res, err := f.before(r); res != nil || err != nil {
			return res, err
		}
	}
	if r.Method == "PUT" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		f.objects[r.Path] = fakeObject{string(body), r.Header.Clone()}
		res := web.StatusPage(201)
		res.Header.Add("Etag", md5Hex(body))
		res.Header.Add("Last-Modified", "Thu, 01 Jan 1970 00:01:41 GMT")
		return res, nil
	}
	o, ok := f.objects[r.Path]
	if !ok {
		return nil, web.Status(404)
	}
	switch r.Method {
	case "DELETE":
		delete(f.objects, r.Path)
		return web.StatusPage(204), nil
	case "POST":
		return web.StatusPage(202), nil
	}
	return f.get(r, o), nil
}

func (f *fake) get(r *swift.Request, o fakeObject) *web.Response {
	res := &web.Response{Status: 200, ContentLength: int64(len(o.body)), Header: web.Header{
		{Name: "Content-Type", Value: o.header.Get("Content-Type")}, {Name: "Etag", Value: md5Hex([]byte(o.body))},
		{Name: "Last-Modified", Value: "Thu, 01 Jan 1970 00:01:41 GMT"}, {Name: "X-Timestamp", Value: "0000000101.00000"},
	}}
	var metadata objstore.Metadata
	for _, h := range o.header {
		if _, ok := web.CutPrefix(h.Name, objstore.SysmetaObject); ok || h.Name == shownHeader {
			metadata.Set(h.Name, h.Value)
		}
	}
	swift.AddMetadata(&res.Header, metadata, true)
	if status := web.Precondition(r.Header, swift.ConditionETag(r.Header, metadata, md5Hex([]byte(o.body))), 0); status != 0 {
		res.Status, res.ContentLength = status, 0
		return res
	}
	body := o.body
	if ranges, ok := web.ResolveRanges(swift.RangeOf(r.Header, metadata), int64(len(body))); ok && len(ranges) == 1 {
		body = body[ranges[0].Start:ranges[0].End]
		res.Status, res.ContentLength = 206, int64(len(body))
	}
	if r.Method == "GET" {
		f.open.Add(1)
		res.Body = &fakeBody{Reader: strings.NewReader(body), open: &f.open}
	}
	return res
}

// try sends "METHOD /v1/a/…?query" and reads the answer to its end.
func (f *fake) try(c Options, request, body string, lines ...string) (*web.Response, string, error) {
	method, target, _ := strings.Cut(request, " ")
	path, query, _ := strings.Cut(target, "?")
	r := &swift.Request{Request: &web.Request{
		Method: method, Path: path, RawPath: path, RawQuery: query,
		Body: strings.NewReader(body), ContentLength: int64(len(body)),
	}}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	res, err := New(c, nil)(f).Serve(r)
	if err != nil {
		res = web.ErrorResponse(err)
	}
	var out bytes.Buffer
	if res.Body != nil {
		if _, err = io.Copy(&out, struct{ io.Reader }{res.Body}); err == nil && method != "HEAD" && res.ContentLength >= 0 && res.ContentLength != int64(out.Len()) {
			err = fmt.Errorf("%s: length %d, not %d", request, out.Len(), res.ContentLength)
		}
		if closeErr := res.Close(); closeErr != nil {
			return nil, "", closeErr
		}
	}
	if n := f.open.Load(); n != 0 {
		return nil, "", fmt.Errorf("%s: %d bodies are still open", request, n)
	}
	return res, out.String(), err
}

// must is try with the default configuration and a known status.
func (f *fake) must(t *testing.T, status int, request, body string, lines ...string) (*web.Response, string) {
	t.Helper()
	res, out, err := f.try(DefaultOptions(), request, body, lines...)
	if status < 400 {
		require.NoError(t, err)
	}
	require.Equal(t, status, res.Status, "%s %q: %s", request, lines, out)
	return res, out
}

// put makes a large object.
func (f *fake) put(t *testing.T, name, manifest string) *web.Response {
	t.Helper()
	res, _ := f.must(t, 201, "PUT /v1/a/c/"+name+"?multipart-manifest=put", manifest, "Content-Type: x/y")
	return res
}

func (f *fake) count(prefix string) (n int) {
	for _, a := range f.asked {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

func (f *fake) names() []string {
	var names []string
	for path := range f.objects {
		names = append(names, strings.TrimPrefix(path, "/v1/a/"))
	}
	slices.Sort(names)
	return names
}
