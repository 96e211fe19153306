// SPDX-License-Identifier: Apache-2.0

// Package healthcheck answers /healthcheck, of any method and without
// authorization (swift/common/middleware/healthcheck.py):
//
//	200 "OK"                 text/plain
//	503 "DISABLED BY FILE"   text/plain, while the file disablePath exists
//
// The file lets an operator take a server out of its load balancer. Two paths
// below are no paths of Swift, and tell a process that must be restarted from a
// server that should get no requests for a while:
//
//	/healthcheck/live    200 "OK" whenever the process answers
//	/healthcheck/ready   200 "OK", 503 "DISABLED BY FILE" as above, or
//	                     503 "NOT READY: " and the reason
//
// Metrics and logs count all three apart from requests of clients, as the
// service "healthcheck".
package healthcheck

import (
	"os"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Service is the name of the checks in metrics and logs.
const Service = "healthcheck"

const (
	wholePath = "/healthcheck"
	livePath  = "/healthcheck/live"
	readyPath = "/healthcheck/ready"
)

// New makes the middleware; disablePath may be empty. ready returns why the
// server should get no requests; a nil ready always is. The answer shows the
// text of the error to everybody.
func New(disablePath string, ready func() error) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			switch r.Path {
			case wholePath, livePath, readyPath:
			default:
				return next.Serve(r)
			}
			r.Log.Service = Service
			if r.Path != livePath && disabled(disablePath) {
				return text(503, "DISABLED BY FILE"), nil
			}
			if r.Path == readyPath && ready != nil {
				if err := ready(); err != nil {
					return text(503, "NOT READY: "+err.Error()), nil
				}
			}
			return text(200, "OK"), nil
		})
	}
}

// disabled reports whether the file of the operator exists.
func disabled(path string) bool {
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return err == nil
}

func text(status int, body string) *web.Response {
	return web.NewBytes(status, "text/plain", []byte(body))
}
