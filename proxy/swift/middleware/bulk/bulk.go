// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// New makes the middleware.
func New(c Options, limits swift.Limits, log *slog.Logger) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return &middleware{Options: c.withDefaults(), limits: limits, log: log, next: next}
	}
}

type middleware struct {
	Options
	limits swift.Limits
	log    *slog.Logger
	next   swift.Handler
}

// maxPathBytes is the longest "/container/object".
func (m *middleware) maxPathBytes() int {
	return m.limits.ObjectNameBytes + m.limits.ContainerNameBytes + 2
}

func (m *middleware) Serve(r *swift.Request) (*web.Response, error) {
	switch {
	case r.Method == "PUT" && r.Query().Has("extract-archive"):
		kind := strings.Trim(strings.ToLower(r.Query().Get("extract-archive")), ".")
		of, ok := formats[kind]
		if !ok {
			return nil, web.Statusf(400, "Unsupported archive format")
		}
		if err := m.authorize(r, "PUT", extractSource); err != nil {
			return nil, err
		}
		return m.answer(r, "extract", func(ctx context.Context, o *outcome) error { return m.extract(ctx, r, of, o) })
	case (r.Method == "POST" || r.Method == "DELETE") && r.Query().Has("bulk-delete"):
		if err := m.authorize(r, "DELETE", deleteSource); err != nil {
			return nil, err
		}
		return m.answer(r, "delete", func(ctx context.Context, o *outcome) error { return m.delete(ctx, r, o) })
	}
	return m.next.Serve(r)
}

// answer runs work and renders the outcome.
func (m *middleware) answer(r *swift.Request, root string, work func(context.Context, *outcome) error) (*web.Response, error) {
	format, err := web.BestAccept(r.Header.Get("Accept"), swift.ResultTypes...)
	if err != nil {
		format = ""
	}
	contentType, first := format, " "
	if strings.HasSuffix(format, "/xml") {
		first = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"
	}
	if format == "" {
		contentType = "text/html; charset=UTF-8"
		work = func(context.Context, *outcome) error { return web.Status(406) }
	}
	return swift.Heartbeat(r, contentType, first, func(ctx context.Context) []byte {
		o := &outcome{}
		if err := work(ctx, o); err != nil {
			m.fail(r, o, err)
		}
		return swift.HeartbeatResult(format, o.values(root), o.failed, root)
	}), nil
}

// fail turns an error that ended the work into the result's status. The text of
// Swift's own pages adds nothing to the status and is left out.
func (m *middleware) fail(r *swift.Request, o *outcome, err error) {
	o.status = web.ErrorResponse(err).Status
	var status *web.StatusError
	if errors.As(err, &status) {
		o.text = status.Body
	}
	if o.status >= 500 {
		m.log.Error("bulk operation failed", "method", r.Method, "path", web.Quote(r.Path), "trans_id", r.TransID, "error", err)
	}
}

// place returns the account of a bulk request, and the rest of the path.
func place(r *swift.Request) (root, rest string, err error) {
	parts := strings.SplitN(strings.TrimPrefix(r.Path, "/"), "/", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", "", web.Status(404)
	}
	if len(parts) == 3 {
		rest = parts[2]
	}
	return "/" + parts[0] + "/" + parts[1], rest, nil
}

// credentials are the lines of a bulk request that each of its parts has too.
var credentials = []string{"X-Auth-Token", "X-Storage-Token", "X-Service-Token", "Referer"}

// subrequest returns a part of the bulk request r.
func subrequest(ctx context.Context, r *swift.Request, method, path, source, agent string) *swift.Request {
	sub := r.Subrequest(method, path, source)
	sub.SetContext(ctx)
	for _, name := range credentials {
		if value, ok := r.Header.Lookup(name); ok {
			sub.Header.Add(name, value)
		}
	}
	sub.Header.Add("User-Agent", strings.TrimSpace(r.Header.Get("User-Agent")+" "+agent))
	return sub
}

// status serves a part and returns its status alone.
func (m *middleware) status(sub *swift.Request) int {
	res, err := m.next.Serve(sub)
	if err != nil {
		res = web.ErrorResponse(err)
		if res.Status >= 500 {
			m.log.Error("part of a bulk operation failed", "method", sub.Method, "path", web.Quote(sub.Path),
				"status", res.Status, "trans_id", sub.TransID, "error", err)
		}
	}
	_ = res.Close()
	return res.Status
}
