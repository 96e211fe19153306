// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"errors"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
)

// site has the settings of a web site in a container's metadata.
type site struct {
	index, errorSuffix    string
	listings              string // the raw value; see listed
	css, label, directory string
}

// active reports whether the container is a site at all.
func (s site) active() bool { return s.index != "" || s.listings != "" }

func (s site) listed() bool { return swift.IsTrue(s.listings) }

// site looks the container's settings up. A missing container is no site.
func (v *visit) site() (site, error) {
	info, err := v.r.ContainerInfo(v.m.store, v.path.ContainerID())
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return site{}, err
	}
	get := func(name string) string {
		return strings.TrimSpace(info.Metadata.Get(swift.ContainerResource.UserPrefix() + name))
	}
	s := site{
		index: get("Web-Index"), errorSuffix: get("Web-Error"), listings: get("Web-Listings"),
		css: get("Web-Listings-Css"), label: get("Web-Listings-Label"), directory: get("Web-Directory-Type"),
	}
	if s.directory == "" {
		s.directory = "application/directory"
	}
	return s, nil
}
