// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"errors"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// unnamed stands for a name that only the body tells.
const unnamed = "."

// authorize refuses a stranger before a byte of the body is read or unpacked.
// Each part is authorized again by itself, since rights are per container.
//
// An archive for /ACCOUNT/CONTAINER needs the right to put an object there, be
// it by the container's ACL. An archive or a list of names for /ACCOUNT tells
// its containers in the body alone, and any container may have an ACL for the
// client: there a known user is enough. Swift refuses nobody before the first
// part.
func (m *middleware) authorize(r *swift.Request, method, source string) error {
	root, rest, err := place(r)
	if err != nil {
		return nil // the report says so
	}
	container, _, _ := strings.Cut(rest, "/")
	named := method == "PUT" && container != ""
	if !named {
		container = unnamed
	}
	part := subrequest(r.Context(), r, method, root+"/"+container+"/"+unnamed, source, "")
	part.ContentLength = 0
	err = part.CheckAuthorized(m.next, nil)
	var refusal *web.StatusError
	if !errors.As(err, &refusal) {
		return err
	}
	if refusal.Status == 401 || refusal.Status == 403 && named {
		return err
	}
	return nil // any other refusal is about a name that may not be the real one
}
