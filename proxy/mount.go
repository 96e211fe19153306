// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"

	"needletail/proxy/web"
)

// Mount divides the paths of the single port among the services, as devstack's
// front does:
//
//	/identity, /identity/…, /v3, /v3/…            Keystone
//	/image, /image/…, /v2/{images,…}, /versions, / Glance
//	/metrics                                       Metrics
//	anything else                                  Swift
//
// The paths at the root are for clients that know only the port.
type Mount struct {
	Swift, Keystone, Glance, Metrics web.Handler
	// SwiftHost, if not nil, reports whether a host names an account
	// (middleware/domainremap). All paths of an account's host are Swift's.
	SwiftHost func(host string) bool
	// PublicURL is the URL at which clients reach the server, "" if unknown. A
	// request to the URL's host has the URL's scheme, even if a proxy in front
	// has ended TLS.
	PublicURL string
}

// glanceSegments are the first path elements of Image API v2. Any further /v2/…
// is a wrong version of Swift's API and gets Swift's answer.
var glanceSegments = map[string]bool{
	"images": true, "schemas": true, "metadefs": true, "info": true, "tasks": true,
	"stores": true, "cache": true, "cached_images": true, "queued_images": true,
}

// Names of the services, as metrics and logs show them. ServiceFront stands for
// requests that the front refused before any service saw them. Swift's filter
// healthcheck has a name of its own, healthcheck.Service.
const (
	ServiceFront    = "front"
	ServiceSwift    = "swift"
	ServiceKeystone = "keystone"
	ServiceGlance   = "glance"
	ServiceMetrics  = "metrics"
)

const (
	keystoneBase = "/identity"
	glanceBase   = "/image"
)

// Serve passes the request to its service, and notes the service in r.Log.
func (m *Mount) Serve(r *web.Request) (*web.Response, error) {
	if scheme, host, ok := strings.Cut(m.PublicURL, "://"); ok && sameHost(scheme, r.Host, host) {
		r.Scheme = scheme
	}
	r.Log.Service = m.service(r)
	switch r.Log.Service {
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

// service returns the name of the service of a request.
func (m *Mount) service(r *web.Request) string {
	if m.SwiftHost != nil && m.SwiftHost(r.Host) {
		return ServiceSwift
	}
	return serviceOf(r.Path)
}

// sameHost reports whether the Host of a request is the host of a URL. The URL
// may have a path. The default port of the scheme may be left out.
func sameHost(scheme, host, url string) bool {
	public, _, _ := strings.Cut(url, "/")
	port := ":80"
	if scheme == "https" {
		port = ":443"
	}
	return strings.EqualFold(strings.TrimSuffix(host, port), strings.TrimSuffix(public, port))
}

// serviceOf returns the name of the service of a decoded path, for any host.
func serviceOf(path string) string {
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

// below reports whether path is base or lies below base.
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

// cutBase moves base from the front of the path to BasePath. A path without
// base stays unchanged.
func cutBase(r *web.Request, base string) {
	if !below(r.Path, base) {
		return
	}
	r.BasePath, r.Path = base, strings.TrimPrefix(r.Path, base)
	// A client that encodes letters without need has a longer raw base, and
	// RawPath keeps the base. The facades match on Path alone.
	r.RawPath = strings.TrimPrefix(r.RawPath, base)
	if r.Path == "" {
		r.Path, r.RawPath = "/", "/"
	}
}
