// SPDX-License-Identifier: Apache-2.0

// Package domainremap lets an account or a container be the host of a URL
// (swift/common/middleware/domain_remap.py). With the storage domain
// example.com
//
//	http://AUTH-test.example.com/c/o      is  /v1/AUTH_test/c/o
//	http://c.AUTH-test.example.com/o      is  /v1/AUTH_test/c/o
//
// The port does not matter. A host cannot have '_', so the first '-' of an
// account without '_' stands for '_'. A host has no case, so the account's
// reseller prefix gets the configured case. An account without a known reseller
// prefix gets the default prefix, or the request passes unchanged. More than
// two labels before the storage domain are 400. Location and Content-Location
// of the answer are mapped back.
//
// The client's path is not interpreted, unless MangleClientPaths is set: an
// object may be called "/v1".
package domainremap

import (
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// New makes the middleware.
func New(c Options) swift.Middleware {
	if c.PathRoot = strings.Trim(c.PathRoot, "/"); c.PathRoot == "" {
		c.PathRoot = "v1"
	}
	if c.ResellerPrefixes == nil {
		c.ResellerPrefixes = []string{"AUTH"}
	}
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) { return c.serve(next, r) })
	}
}

// Matches reports whether a host lies below a storage domain, so that every
// path belongs to an account.
func (c Options) Matches(host string) bool {
	_, ok := c.labels(host)
	return ok
}

// labels returns the labels before the storage domain, joined by dots.
func (c Options) labels(host string) (string, bool) {
	if colon := strings.LastIndexByte(host, ':'); colon >= 0 {
		host = host[:colon]
	}
	for _, domain := range c.StorageDomains {
		if domain == "" {
			continue
		}
		if rest, ok := strings.CutSuffix(host, "."+strings.TrimPrefix(domain, ".")); ok {
			return strings.Trim(rest, "."), true
		}
	}
	return "", false
}

func (c Options) serve(next swift.Handler, r *swift.Request) (*web.Response, error) {
	labels, ok := c.labels(r.Host)
	if !ok {
		return next.Serve(r)
	}
	parts := strings.Split(labels, ".")
	if len(parts) > 2 {
		return nil, web.Textf(400, "Bad domain in host header")
	}
	account, ok := c.account(parts[len(parts)-1])
	if !ok {
		return next.Serve(r)
	}
	root := "/" + c.PathRoot + "/" + account
	if len(parts) == 2 {
		root += "/" + parts[0]
	}
	requested := r.Path
	if c.MangleClientPaths {
		r.Path, r.RawPath = c.cutRoot(r.Path), c.cutRoot(r.RawPath)
	}
	r.Path, r.RawPath = root+r.Path, web.Quote(root)+r.RawPath
	rewritten := r.Path
	res, err := next.Serve(r)
	if err != nil {
		return nil, err
	}
	for i, f := range res.Header {
		if strings.EqualFold(f.Name, "Location") || strings.EqualFold(f.Name, "Content-Location") {
			res.Header[i].Value = mapBack(f.Value, web.Quote(rewritten), web.Quote(requested))
		}
	}
	return res, nil
}

// account returns the account of a label; ok is false for any other label.
func (c Options) account(label string) (string, bool) {
	if len(c.ResellerPrefixes) == 0 {
		return label, true
	}
	if !strings.Contains(label, "_") {
		label = strings.Replace(label, "-", "_", 1)
	}
	given, _, _ := strings.Cut(label, "_")
	for _, prefix := range c.ResellerPrefixes {
		if strings.EqualFold(given, prefix) {
			return prefix + label[len(given):], true
		}
	}
	if c.DefaultResellerPrefix == "" {
		return "", false
	}
	return c.DefaultResellerPrefix + "_" + label, true
}

func (c Options) cutRoot(path string) string {
	if path == "/"+c.PathRoot {
		return "/"
	}
	if rest, ok := strings.CutPrefix(path, "/"+c.PathRoot+"/"); ok {
		return "/" + rest
	}
	return path
}

// mapBack replaces rewritten at the beginning of a URL's path with requested.
func mapBack(url, rewritten, requested string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return url
	}
	slash := strings.IndexByte(rest, '/')
	if slash <= 0 {
		return url
	}
	tail, ok := strings.CutPrefix(rest[slash:], rewritten)
	if !ok {
		return url
	}
	return scheme + "://" + rest[:slash] + requested + tail
}
