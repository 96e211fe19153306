package staticweb

import (
	"errors"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
)

// site is a container's metadata for the web.
type site struct {
	index, errorSuffix    string
	listings              string // as it is set; see listed
	css, label, directory string
}

// active says whether the container is a site at all.
func (s site) active() bool { return s.index != "" || s.listings != "" }

func (s site) listed() bool { return swift.IsTrue(s.listings) }

// site looks the container up; one that is missing is no site.
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
