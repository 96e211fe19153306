// SPDX-License-Identifier: Apache-2.0

package copy

import (
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// job names both sides of a copy.
type job struct{ from, to swift.Path }

// fromPut reads a PUT with X-Copy-From.
func fromPut(h web.Header, target swift.Path) (job, error) {
	src := swift.Path{Version: target.Version, Account: target.Account}
	var err error
	if named := h.Get("X-Copy-From-Account"); named != "" {
		if src.Account, err = accountName(named); err != nil {
			return job{}, err
		}
	}
	if src.Container, src.Object, err = objectPath("X-Copy-From", h.Get("X-Copy-From")); err != nil {
		return job{}, err
	}
	return job{from: src, to: target}, nil
}

// fromCopy reads a COPY.
func fromCopy(h web.Header, src swift.Path) (job, error) {
	destination := h.Get("Destination")
	if destination == "" {
		return job{}, web.Statusf(412, "Destination header required")
	}
	target := swift.Path{Version: src.Version, Account: src.Account}
	var err error
	if named, ok := h.Lookup("Destination-Account"); ok {
		if target.Account, err = accountName(named); err != nil {
			return job{}, err
		}
	}
	if target.Container, target.Object, err = objectPath("Destination", destination); err != nil {
		return job{}, err
	}
	return job{from: src, to: target}, nil
}

// accountName is constraints.check_account_format.
func accountName(quoted string) (string, error) {
	name := web.Unquote(quoted)
	switch {
	case name == "":
		return "", web.Statusf(412, "Account name cannot be empty")
	case strings.Contains(name, "/"):
		return "", web.Statusf(412, "Account name cannot contain slashes")
	}
	return name, nil
}

// objectPath is request_helpers.check_path_header for two names.
func objectPath(header, quoted string) (container, object string, err error) {
	container, object, _ = strings.Cut(strings.TrimPrefix(web.Unquote(quoted), "/"), "/")
	if container == "" || object == "" {
		return "", "", web.Statusf(412,
			"%s header must be of the form <container name>/<object name>", header)
	}
	return container, object, nil
}

func pathOf(p swift.Path) string {
	return "/" + p.Version + "/" + p.Account + "/" + p.Container + "/" + p.Object
}
