package bulk

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"
	"sync"

	"needletail/proxy/swift"
)

// deleteSource tags the subrequests, as Swift does.
const deleteSource = "BD"

// delete removes what the body lists: objects, then containers.
func (m *middleware) delete(ctx context.Context, r *swift.Request, o *outcome) error {
	root, _, err := place(r)
	if err != nil {
		return err
	}
	if contentType := r.Header.Get("Content-Type"); contentType != "" && !strings.HasPrefix(contentType, "text/plain") {
		return swift.Status(406)
	}
	if r.ContentLength == swift.NoLength {
		return swift.Status(411)
	}
	names, err := readNames(r.Body, m.maxPathBytes(), m.MaxDeletesPerRequest)
	if err != nil {
		return err
	}
	var objects, containers []string
	for _, name := range names {
		if strings.Contains(strings.Trim(name, "/"), "/") {
			objects = append(objects, name)
		} else {
			containers = append(containers, name)
		}
	}
	for _, list := range [][]string{objects, containers} {
		if err := m.deleteAll(ctx, r, root, list, o); err != nil {
			return err
		}
	}
	return nil
}

// readNames reads a list of percent-encoded names. A line may be twice as long
// as a path, since it is encoded; blank lines count against maxNames.
func readNames(body io.Reader, maxPathBytes, maxNames int) ([]string, error) {
	lines := bufio.NewReaderSize(body, 2*maxPathBytes)
	var names []string
	for n := 0; ; {
		line, err := lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return nil, swift.Statusf(400, "Invalid File Name")
		}
		if err != nil && err != io.EOF {
			return nil, err
		}
		ended := err == io.EOF
		name := swift.Unquote(string(bytes.TrimSpace(line)))
		if name != "" {
			names = append(names, name)
		}
		if n++; (name != "" || !ended) && n > maxNames {
			return nil, swift.Statusf(413, "Maximum Bulk Deletes: %d per request", maxNames)
		}
		if ended {
			return names, nil
		}
	}
}

// deleteAll deletes names, DeleteConcurrency at a time, until one failure more
// would be too many.
func (m *middleware) deleteAll(ctx context.Context, r *swift.Request, root string, names []string, o *outcome) error {
	var mu sync.Mutex
	var failed any // what a worker panicked with
	next := 0
	take := func() (string, bool) {
		mu.Lock()
		defer mu.Unlock()
		if next == len(names) || len(o.failed) >= m.MaxFailedDeletes || failed != nil || ctx.Err() != nil {
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
			o.add(name, status)
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
		return &swift.StatusError{Status: 499, Err: ctx.Err()}
	case len(o.failed) >= m.MaxFailedDeletes:
		return swift.Statusf(400, "Max delete failures exceeded")
	}
	return nil
}
