// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// deleteSource tags the subrequests, as Swift does.
const deleteSource = "BD"

// delete removes the objects of the body's list, then the containers.
func (m *middleware) delete(ctx context.Context, r *swift.Request, o *outcome) error {
	root, _, err := place(r)
	if err != nil {
		return err
	}
	if contentType := r.Header.Get("Content-Type"); contentType != "" && !strings.HasPrefix(contentType, "text/plain") {
		return web.Status(406)
	}
	if r.ContentLength == web.NoLength {
		return web.Status(411)
	}
	objects, containers, err := m.readNames(r)
	if err != nil {
		return err
	}
	for _, list := range [][]string{objects, containers} {
		if err := m.deleteAll(ctx, r, root, list, o); err != nil {
			return err
		}
	}
	return nil
}

// nameBytes is the memory of a name beside its bytes: its header, in a slice
// that may have grown to twice its length.
const nameBytes = 64

// readNames reads the body's list of percent-encoded names, in memory that r
// holds and within web.WholeBodyTime. A line may be twice as long as a path,
// since it is encoded. Blank lines count against MaxDeletesPerRequest. A list
// too long or cut short deletes nothing.
func (m *middleware) readNames(r *swift.Request) (objects, containers []string, err error) {
	lines, end := bufio.NewReaderSize(r.Body, 2*m.maxPathBytes()), time.Now().Add(web.WholeBodyTime)
	for n := 0; ; {
		line, err := lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return nil, nil, web.Statusf(400, "Invalid File Name")
		}
		if err != nil && err != io.EOF {
			return nil, nil, err
		}
		if time.Now().After(end) {
			return nil, nil, web.Status(408)
		}
		ended := err == io.EOF
		name := web.Unquote(string(bytes.TrimSpace(line)))
		if n++; (name != "" || !ended) && n > m.MaxDeletesPerRequest {
			return nil, nil, web.Statusf(413, "Maximum Bulk Deletes: %d per request", m.MaxDeletesPerRequest)
		}
		if name != "" {
			if err := r.Hold(int64(len(name)) + nameBytes); err != nil {
				return nil, nil, err
			}
			if strings.Contains(strings.Trim(name, "/"), "/") {
				objects = append(objects, name)
			} else {
				containers = append(containers, name)
			}
		}
		if ended {
			return objects, containers, nil
		}
	}
}

// deleteAll deletes names, DeleteConcurrency at a time, until a further failure
// would exceed the limit.
func (m *middleware) deleteAll(ctx context.Context, r *swift.Request, root string, names []string, o *outcome) error {
	var mu sync.Mutex
	var failed any  // what a worker panicked with
	var spent error // what the report found no memory with
	next := 0
	take := func() (string, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(names) || len(o.failed) >= m.MaxFailedDeletes || failed != nil || spent != nil || ctx.Err() != nil {
			return "", false
		}
		next++
		return names[next-1], true
	}
	note := func(name string, status int) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case status/100 == 2:
			o.done++
		case status == 404:
			o.notFound++
		default:
			if err := o.add(r, name, status); err != nil {
				spent = err
			}
		}
	}
	var workers sync.WaitGroup
	for range min(m.DeleteConcurrency, len(names)) {
		workers.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					mu.Lock()
					failed = v
					mu.Unlock()
				}
			}()
			for name, ok := take(); ok; name, ok = take() {
				path := root + "/" + strings.TrimLeft(name, "/")
				note(name, m.status(subrequest(ctx, r, "DELETE", path, deleteSource, "BulkDelete")))
			}
		})
	}
	workers.Wait()
	switch {
	case failed != nil:
		panic(failed) // in the goroutine that the front looks after
	case ctx.Err() != nil:
		return &web.StatusError{Status: 499, Err: ctx.Err()}
	case spent != nil:
		return spent
	case len(o.failed) >= m.MaxFailedDeletes:
		return web.Statusf(400, "Max delete failures exceeded")
	}
	return nil
}
