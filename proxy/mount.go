package proxy

import (
	"strings"

	"needletail/proxy/swift"
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
	Swift, Keystone, Glance, Metrics swift.Handler
}

// glanceSegments are the first path elements of Image API v2. Any other /v2/…
// is a wrong version of Swift's API and gets Swift's answer.
var glanceSegments = map[string]bool{
	"images": true, "schemas": true, "metadefs": true, "info": true, "tasks": true,
	"stores": true, "cache": true, "cached_images": true, "queued_images": true,
}

// Serve passes the request to the service of its path.
func (m *Mount) Serve(r *swift.Request) (*swift.Response, error) {
	switch {
	case cutMount(r, "/identity"):
		return m.Keystone.Serve(r)
	case cutMount(r, "/image"):
		return m.Glance.Serve(r)
	case r.Path == "/metrics":
		return m.Metrics.Serve(r)
	case r.Path == "/v3" || strings.HasPrefix(r.Path, "/v3/"):
		return m.Keystone.Serve(r)
	case isGlanceRoot(r.Path):
		return m.Glance.Serve(r)
	}
	return m.Swift.Serve(r)
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

// cutMount moves base from the path to BasePath if the path is base or lies
// below it.
func cutMount(r *swift.Request, base string) bool {
	rest, ok := strings.CutPrefix(r.Path, base)
	if !ok || rest != "" && rest[0] != '/' {
		return false
	}
	// A base has nothing to decode, so it has the same length when raw, unless
	// a client encoded it for no reason: then it is not ours.
	raw, ok := strings.CutPrefix(r.RawPath, base)
	if !ok {
		return false
	}
	if rest == "" {
		rest, raw = "/", "/"
	}
	r.Path, r.RawPath, r.BasePath = rest, raw, base
	return true
}
