// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"strings"
	"unicode/utf8"

	"needletail/objstore"
	"needletail/proxy/web"
)

// Path is a request path split into its names. Container and Object are empty
// for a shorter path.
type Path struct{ Version, Account, Container, Object string }

// ContainerID returns the identity of the path's container.
func (p Path) ContainerID() objstore.ContainerID {
	return objstore.ContainerID{Account: objstore.AccountName(p.Account), Container: objstore.ContainerName(p.Container)}
}

// SplitPath splits a path, percent-decoded once, into at most four names and
// without any cleaning. The errors follow the proxy's handle_request and
// get_controller (swift/proxy/server.py, swift/common/utils/base.py):
//
//	412 "Invalid UTF8 or contains NULL"
//	404 an empty element before the last, or no element at all
//	412 "Bad URL", a path with a single element
//	412 "Bad URL", a hidden account: every path from a client, in a URL or in a
//	    header, is split here, so no role and no feature leads to an account
//	    that a feature keeps for itself
//	400 an API version other than v1 and v1.0
func SplitPath(path string) (Path, error) {
	if !utf8.ValidString(path) || strings.IndexByte(path, 0) >= 0 || path == "" {
		return Path{}, web.Statusf(412, "Invalid UTF8 or contains NULL")
	}
	if path[0] != '/' {
		return Path{}, web.Status(404)
	}
	var p Path
	rest, more := path[1:], true
	for i, to := range [...]*string{&p.Version, &p.Account, &p.Container} {
		if !more {
			break
		}
		*to, rest, more = strings.Cut(rest, "/")
		if *to == "" && (more || i == 0) {
			return Path{}, web.Status(404)
		}
	}
	if more {
		p.Object = rest
	}
	switch {
	case p.Account == "", objstore.AccountName(p.Account).Hidden():
		return Path{}, web.Statusf(412, "Bad URL")
	case p.Version != "v1" && p.Version != "v1.0":
		return Path{}, web.Status(400)
	}
	return p, nil
}

// SplitPath returns SplitPath of r.Path. A path is split once, however many
// features ask.
func (r *Request) SplitPath() (Path, error) {
	if !r.split || r.splitPath != r.Path {
		r.names, r.splitError = SplitPath(r.Path)
		r.split, r.splitPath = true, r.Path
	}
	return r.names, r.splitError
}

// CheckAccountName refuses a name that is too long. Lengths count bytes.
func (l Limits) CheckAccountName(name string) error {
	return checkLength("Account", name, l.AccountNameBytes)
}

// CheckContainerName refuses a name that is too long.
func (l Limits) CheckContainerName(name string) error {
	return checkLength("Container", name, l.ContainerNameBytes)
}

// CheckObjectName refuses a name that is too long.
func (l Limits) CheckObjectName(name string) error {
	if len(name) > l.ObjectNameBytes {
		return web.Textf(400, "Object name length of %d longer than %d", len(name), l.ObjectNameBytes)
	}
	return nil
}

func checkLength(what, name string, limitBytes int) error {
	if len(name) > limitBytes {
		return web.Statusf(400, "%s name length of %d longer than %d", what, len(name), limitBytes)
	}
	return nil
}
