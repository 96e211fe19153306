// SPDX-License-Identifier: Apache-2.0

// Package namecheck refuses paths over which other software may stumble
// (swift/common/middleware/name_check.py): with forbidden characters, with a
// forbidden substring, or too long. The middleware looks at every decoded path
// whole, and answers 400. This server needs no such check: names are keys only.
package namecheck

import (
	"regexp"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Defaults of the options.
const (
	DefaultForbiddenChars  = "'\"`<>"
	DefaultMaxLengthBytes  = 255
	DefaultForbiddenRegexp = `/\./|/\.\./|/\.$|/\.\.$`
)

// New returns the middleware of Options that Validate accepts.
func New(c Options) swift.Middleware {
	c = c.withDefaults()
	forbidden := regexp.MustCompile(c.ForbiddenRegexp)
	const what = "Object/Container/Account name "
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			switch {
			case strings.ContainsAny(r.Path, c.ForbiddenChars):
				return nil, web.Statusf(400, what+"contains forbidden chars from %s", c.ForbiddenChars)
			case len(r.Path) > c.MaxLengthBytes:
				return nil, web.Statusf(400, what+"longer than the allowed maximum %d", c.MaxLengthBytes)
			case forbidden.MatchString(r.Path):
				return nil, web.Statusf(400, what+"contains a forbidden substring from regular expression %s", c.ForbiddenRegexp)
			}
			return next.Serve(r)
		})
	}
}
