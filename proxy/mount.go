package proxy

import (
	"strings"

	"needletail/proxy/web"
)

// Mount divides the paths of the one port among the services, as devstack's
// front does:
//
//	/identity, /identity/…, /v3, /v3/…            Keystone
//	/image, /image/…, /v2/{images,…}, /versions, / Glance
//	/metrics                                       Metrics
//	anything else                                  Swift
//
// The paths at the root are for clients that were given the port alone.
type Mount struct {
	Swift, Keystone, Glance, Metrics web.Handler
	// SwiftHost, if not nil, says of which hosts every path is Swift's: those
	// that name an account (middleware/domainremap).
	SwiftHost func(host string) bool
	// PublicURL is how clients reach the server; "" if that is not known. A
	// request to its host came by its scheme, whoever ended TLS in front.
	PublicURL string
}

// glanceSegments are the first path elements of Image API v2. Any other /v2/…
// is a wrong version of Swift's API and gets Swift's answer.
var glanceSegments = map[string]bool{
	"images": true, "schemas": true, "metadefs": true, "info": true, "tasks": true,
	"stores": true, "cache": true, "cached_images": true, "queued_images": true,
}

// Names of the services, as metrics and logs show them.
const (
	ServiceSwift    = "swift"
	ServiceKeystone = "keystone"
	ServiceGlance   = "glance"
	ServiceMetrics  = "metrics"
)

const (
	keystoneBase = "/identity"
	glanceBase   = "/image"
)

// Serve passes the request to the service of its path.
func (m *Mount) Serve(r *web.Request) (*web.Response, error) {
	if scheme, host, ok := strings.Cut(m.PublicURL, "://"); ok && sameHost(scheme, r.Host, host) {
		r.Scheme = scheme
	}
	if m.SwiftHost != nil && m.SwiftHost(r.Host) {
		return m.Swift.Serve(r)
	}
	switch ServiceOf(r.Path) {
	case ServiceKeystone:
		cutBase(r, keystoneBase)
		return m.Keystone.Serve(r)
	case ServiceGlance:
		cutBase(r, glanceBase)
		return m.Glance.Serve(r)
	case ServiceMetrics:
		return m.Metrics.Serve(r)
	}
	return m.Swift.Serve(r)
}

// sameHost says whether the Host of a request is that of a URL, which may have a
// path. The scheme's own port may be left out.
func sameHost(scheme, host, url string) bool {
	public, _, _ := strings.Cut(url, "/")
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(public, port))
}

// ServiceOf is the name of the service that a decoded path belongs to.
func ServiceOf(path string) string {
	switch {
	case below(path, keystoneBase), below(path, "/v3"):
		return ServiceKeystone
	case below(path, glanceBase), isGlanceRoot(path):
		return ServiceGlance
	case path == "/metrics":
		return ServiceMetrics
	}
	return ServiceSwift
}

// below says whether path is base or lies below it.
func below(path, base string) bool {
	rest, ok := strings.CutPrefix(path, base)
	return ok && (rest == "" || rest[0] == '/')
}

func isGlanceRoot(path string) bool {
	if path == "" || path == "/" || path == "/versions" {
		return true
	}
	rest, ok := strings.CutPrefix(path, "/v2")
	if !ok {
		return false
	}
	version, rest, _ := strings.Cut(rest, "/")
	if version != "" && !strings.HasPrefix(version, ".") {
		return false
	}
	segment, _, _ := strings.Cut(rest, "/")
	return glanceSegments[segment]
}

// cutBase moves base from the front of the path to BasePath, if it is there.
func cutBase(r *web.Request, base string) {
	if !below(r.Path, base) {
		return
	}
	r.BasePath, r.Path = base, strings.TrimPrefix(r.Path, base)
	// A client that encodes letters for no reason has a longer raw base; the
	// facades match on Path alone.
	r.RawPath = strings.TrimPrefix(r.RawPath, base)
	if r.Path == "" {
		r.Path, r.RawPath = "/", "/"
	}
}
