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

// Filter is which URIs may be fetched; its fields are Glance's options. Of a
// pair, the disallowed list counts only if the allowed one is empty.
type Filter struct {
	AllowedSchemes, DisallowedSchemes []string
	AllowedHosts, DisallowedHosts     []string
	AllowedPorts, DisallowedPorts     []int
	// AllowedNetworks are reached although their addresses are special, such
	// as a mirror on this machine.
	AllowedNetworks []netip.Prefix
}

// DefaultFilter is Glance's default: http and https, ports 80 and 443.
func DefaultFilter() Filter {
	return Filter{AllowedSchemes: []string{"http", "https"}, AllowedPorts: []int{80, 443}}
}

// ErrFiltered: the URI or the address that it leads to is not allowed.
var ErrFiltered = errors.New("does not pass filtering")

// Check parses a URI and applies the lists: ErrFiltered.
func (f *Filter) Check(uri string) (*url.URL, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Opaque != "" || u.User != nil {
		return nil, fmt.Errorf("%w: not a plain URI", ErrFiltered)
	}
	return u, f.checkURL(u)
}

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

func listed[T comparable](v T, allowed, disallowed []T) bool {
	if len(allowed) > 0 {
		return slices.Contains(allowed, v)
	}
	return !slices.Contains(disallowed, v)
}

// special are networks that are no place for images, beyond what net/netip can
// tell (IANA's special-purpose registries; the last two are metadata services).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // IPv4 in disguise
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("100.100.100.200/32"),
	netip.MustParsePrefix("fd00:ec2::254/128"),
}

// checkAddress judges the address of a connection: ErrFiltered.
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
	if !a.IsGlobalUnicast() || slices.ContainsFunc(special, contains) {
		return fmt.Errorf("%w: address %s", ErrFiltered, a)
	}
	return nil
}
