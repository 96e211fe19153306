// SPDX-License-Identifier: Apache-2.0

// Package healthcheck answers /healthcheck, of any method and without
// authorization (swift/common/middleware/healthcheck.py):
//
//	200 "OK"                 text/plain
//	503 "DISABLED BY FILE"   text/plain, while the file disablePath exists
//
// The file lets an operator take a server out of its load balancer.
package healthcheck

import (
	"os"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// New makes the middleware; disablePath may be empty.
func New(disablePath string) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			if r.Path != "/healthcheck" {
				return next.Serve(r)
			}
			const contentType = "text/plain"
			if disablePath != "" {
				if _, err := os.Stat(disablePath); err == nil {
					return web.NewBytes(503, contentType, []byte("DISABLED BY FILE")), nil
				}
			}
			return web.NewBytes(200, contentType, []byte("OK")), nil
		})
	}
}
