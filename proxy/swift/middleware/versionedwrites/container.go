// SPDX-License-Identifier: Apache-2.0

package versionedwrites

import (
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// container takes the headers of a container's request for sysmeta, and shows
// sysmeta as headers.
func (m *middleware) container(r *swift.Request) (*web.Response, error) {
	if r.Method == "PUT" || r.Method == "POST" {
		if err := m.translate(&r.Header); err != nil {
			return nil, err
		}
	}
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	if location := res.Header.Get(locationSysmeta); location != "" {
		shown := versionsLocation
		if res.Header.Get(modeSysmeta) == historyMode {
			shown = historyLocation
		}
		res.Header.Set(shown, location)
	}
	return res, nil
}

// translate makes sysmeta of the request's settings. A value counts more than a
// removal.
func (m *middleware) translate(h *web.Header) error {
	stack, history := h.Get(versionsLocation), h.Get(historyLocation)
	remove := h.Get(removeVersions) != "" || h.Get(removeHistory) != "" || h.Has(versionsLocation) || h.Has(historyLocation)
	for _, name := range []string{versionsLocation, historyLocation, removeVersions, removeHistory} {
		h.Del(name)
	}
	location, mode := stack, stackMode
	switch {
	case stack != "" && history != "":
		return web.Textf(400, "Only one of %s or %s may be specified",
			strings.ToLower(versionsLocation), strings.ToLower(historyLocation))
	case history != "":
		location, mode = history, historyMode
	case stack == "" && remove:
		mode = ""
	case stack == "":
		return nil
	}
	if m.disabled && mode != "" {
		return web.Textf(412, "Versioned Writes is disabled")
	}
	if strings.Contains(location, "/") {
		return web.Statusf(412, "Container name cannot contain slashes")
	}
	if _, err := swift.SplitPath("/v1/a/" + web.Unquote(location)); err != nil {
		return err
	}
	h.Set(locationSysmeta, location)
	h.Set(modeSysmeta, mode)
	return nil
}
