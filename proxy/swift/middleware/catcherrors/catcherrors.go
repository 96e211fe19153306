// SPDX-License-Identifier: Apache-2.0

// Package catcherrors gives every answer a transaction id, and is the only
// place where an error becomes an answer
// (swift/common/middleware/catch_errors.py).
//
// Every response carries X-Trans-Id and X-Openstack-Request-Id, which are
// equal: "tx", 21 hex digits, "-", ten hex digits of Unix time, and at most 32
// bytes of the request's X-Trans-Id-Extra.
//
// A request that has an id already keeps the id. A panic is the front's.
//
// An error in answer to HEAD has no page, so its Content-Length is 0, as in
// swift/common/swob.py: Response._response_iter.
package catcherrors

import (
	"log/slog"
	"time"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// New returns the middleware. The front logs the causes of answers with 500 or
// more.
func New(log *slog.Logger) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			if r.TransID == "" {
				r.TransID = web.NewTransID(time.Now(), r.Header.Get("X-Trans-Id-Extra"))
			}
			res, err := next.Serve(r)
			if err != nil {
				res = web.ErrorResponse(err)
				if res.Status >= 500 {
					r.Log.Cause = err
				}
			}
			if r.Method == "HEAD" && res.Status >= 400 {
				if err := res.Close(); err != nil {
					log.Debug("answer not closed", "trans_id", r.TransID, "error", err)
				}
				res.Body, res.ContentLength = nil, 0
			}
			res.Header.Set("X-Trans-Id", r.TransID)
			res.Header.Set("X-Openstack-Request-Id", r.TransID)
			return res, nil
		})
	}
}
