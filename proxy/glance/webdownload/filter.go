// SPDX-License-Identifier: Apache-2.0

package webdownload

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Filter decides which URIs may be fetched. The lists are Glance's options. A
// disallowed list counts only if the allowed list of the pair is empty.
type Filter struct {
	AllowedSchemes, DisallowedSchemes []string
	AllowedHosts, DisallowedHosts     []string
	AllowedPorts, DisallowedPorts     []int
	// AllowedNetworks may be reached although their addresses are not public. An
	// example is a mirror on the operator's site.
	AllowedNetworks []netip.Prefix
}

// DefaultFilter is Glance's default: http and https, ports 80 and 443.
func DefaultFilter() Filter {
	return Filter{AllowedSchemes: []string{"http", "https"}, AllowedPorts: []int{80, 443}}
}

// ErrFiltered says that a URI is not allowed, or the address behind a URI.
var ErrFiltered = errors.New("does not pass filtering")

// Check parses a URI and returns ErrFiltered if the URI does not pass the lists.
func (f *Filter) Check(uri string) (*url.URL, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Opaque != "" || u.User != nil {
		return nil, fmt.Errorf("%w: not a plain URI", ErrFiltered)
	}
	return u, f.checkURL(u)
}

// checkURL applies the lists to a URL. A URL without a port passes the list of
// ports, because http and https have default ports.
func (f *Filter) checkURL(u *url.URL) error {
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	switch {
	case u.Scheme != "http" && u.Scheme != "https" || !listed(u.Scheme, f.AllowedSchemes, f.DisallowedSchemes):
		return fmt.Errorf("%w: scheme %q", ErrFiltered, u.Scheme)
	case host == "" || !listed(host, f.AllowedHosts, f.DisallowedHosts):
		return fmt.Errorf("%w: host %q", ErrFiltered, host)
	case u.Port() != "" && (err != nil || !listed(int(port), f.AllowedPorts, f.DisallowedPorts)):
		return fmt.Errorf("%w: port %q", ErrFiltered, u.Port())
	}
	return nil
}

// listed says whether a pair of lists lets v pass.
func listed[T comparable](v T, allowed, disallowed []T) bool {
	if len(allowed) > 0 {
		return slices.Contains(allowed, v)
	}
	return !slices.Contains(disallowed, v)
}

// globalV6 is the range of IPv6 that IANA has given out for unicast. All
// addresses outside of the range are refused: unique-local (fc00::/7), site-local
// (fec0::/10), link-local, multicast, and IPv4 in disguise (::/96,
// ::ffff:0:0/96, 64:ff9b::/96).
var globalV6 = netip.MustParsePrefix("2000::/3")

// special has the networks within IPv4 and globalV6 that are not public, from
// IANA's special-purpose address registries, and the addresses of metadata
// services.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by a carrier's customers
	netip.MustParsePrefix("127.0.0.0/8"),
	netip.MustParsePrefix("168.63.129.16/32"), // the metadata service of a public cloud
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"), // relays of 6to4
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("224.0.0.0/4"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"), // Teredo, ORCHID, benchmarks
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"), // 6to4: IPv4 in disguise
	netip.MustParsePrefix("3fff::/20"),
}

// checkAddress returns ErrFiltered if a connection to an address is not allowed.
// hostPort has an IP address and a port.
func (f *Filter) checkAddress(hostPort string) error {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFiltered, err)
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFiltered, err)
	}
	a = a.WithZone("").Unmap()
	contains := func(p netip.Prefix) bool { return p.Contains(a) }
	if slices.ContainsFunc(f.AllowedNetworks, contains) {
		return nil
	}
	if a.Is6() && !globalV6.Contains(a) || slices.ContainsFunc(special, contains) {
		return fmt.Errorf("%w: address %s", ErrFiltered, a)
	}
	return nil
}
