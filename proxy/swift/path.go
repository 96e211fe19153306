package swift

import (
	"strings"
	"unicode/utf8"
)

// Path is a request path split into its names. Container and Object are empty
// where the path does not go so far.
type Path struct{ Version, Account, Container, Object string }

// SplitPath splits a path that was percent-decoded once, at most four ways and
// without any cleaning, with the errors of the proxy's handle_request and
// get_controller (swift/proxy/server.py, swift/common/utils/base.py):
//
//	412 "Invalid UTF8 or contains NULL"
//	404 an empty element before the last, or no element at all
//	412 "Bad URL", a path of one element
//	400 an API version other than v1 and v1.0
func SplitPath(path string) (Path, error) {
	if !utf8.ValidString(path) || strings.IndexByte(path, 0) >= 0 || path == "" {
		return Path{}, Statusf(412, "Invalid UTF8 or contains NULL")
	}
	if path[0] != '/' {
		return Path{}, Status(404)
	}
	segments := strings.SplitN(path[1:], "/", 4)
	last := len(segments) - 1
	for i, s := range segments {
		if s == "" && (i < last || i == 0) {
			return Path{}, Status(404)
		}
	}
	p := Path{Version: segments[0]}
	for i, to := range []*string{&p.Account, &p.Container, &p.Object} {
		if i+1 <= last {
			*to = segments[i+1]
		}
	}
	switch {
	case p.Account == "":
		return Path{}, Statusf(412, "Bad URL")
	case p.Version != "v1" && p.Version != "v1.0":
		return Path{}, Status(400)
	}
	return p, nil
}

// CheckAccountName refuses a name that is too long; lengths count bytes.
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
		return Textf(400, "Object name length of %d longer than %d", len(name), l.ObjectNameBytes)
	}
	return nil
}

func checkLength(what, name string, limitBytes int) error {
	if len(name) > limitBytes {
		return Statusf(400, "%s name length of %d longer than %d", what, len(name), limitBytes)
	}
	return nil
}
