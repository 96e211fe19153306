// Package namecheck refuses paths over which other software may stumble
// (swift/common/middleware/name_check.py): with forbidden characters, with a
// forbidden substring, or too long. The middleware looks at every decoded path
// whole, and answers 400. This server needs no such check: names are keys only.
package namecheck

import (
	"fmt"
	"regexp"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Defaults of the options.
const (
	DefaultForbiddenChars  = "'\"`<>"
	DefaultMaxLengthBytes  = 255
	DefaultForbiddenRegexp = `/\./|/\.\./|/\.$|/\.\.$`
)

// Config has the options of the filter; zero values are Swift's defaults.
type Config struct {
	ForbiddenChars string
	MaxLengthBytes int // of the path
	// ForbiddenRegexp is one of RE2, which lacks Python's look-around.
	ForbiddenRegexp string
}

func (c Config) withDefaults() Config {
	if c.ForbiddenChars == "" {
		c.ForbiddenChars = DefaultForbiddenChars
	}
	if c.MaxLengthBytes == 0 {
		c.MaxLengthBytes = DefaultMaxLengthBytes
	}
	if c.ForbiddenRegexp == "" {
		c.ForbiddenRegexp = DefaultForbiddenRegexp
	}
	return c
}

// Validate says whether the expression can be used.
func (c Config) Validate() error {
	if _, err := regexp.Compile(c.withDefaults().ForbiddenRegexp); err != nil {
		return fmt.Errorf("forbidden_regexp: %w", err)
	}
	return nil
}

// Info is the filter's section of /info.
func (c Config) Info() *swift.InfoSection {
	c = c.withDefaults()
	return &swift.InfoSection{Name: "name_check", Value: pyjson.Object{
		{Key: "forbidden_chars", Value: c.ForbiddenChars},
		{Key: "maximum_length", Value: c.MaxLengthBytes},
		{Key: "forbidden_regexp", Value: c.ForbiddenRegexp},
	}}
}

// New returns the middleware of a Config accepted by Validate.
func New(c Config) swift.Middleware {
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
