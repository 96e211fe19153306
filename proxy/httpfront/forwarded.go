// SPDX-License-Identifier: Apache-2.0

package httpfront

import (
	"fmt"
	"net/netip"
	"strings"

	"needletail/proxy/web"
)

// Proxies are the addresses of trusted proxies: load balancers and ends of TLS
// that say who their client is.
type Proxies []netip.Prefix

// ParseProxies parses addresses and prefixes: "10.0.0.1", "2001:db8::/32".
func ParseProxies(list []string) (Proxies, error) {
	var found Proxies
	for _, s := range list {
		prefix, err := netip.ParsePrefix(s)
		if err != nil {
			addr, addrErr := netip.ParseAddr(s)
			if addrErr != nil {
				return nil, fmt.Errorf("%q is neither an address nor a prefix", s)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		found = append(found, prefix.Masked())
	}
	return found, nil
}

// Has reports whether an address is the address of a trusted proxy.
func (p Proxies) Has(ip string) bool {
	if len(p) == 0 {
		return false
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// forwarded returns the client and the scheme of a request of a trusted proxy.
// A proxy appends the address of its own client to X-Forwarded-For. Only what
// trusted proxies appended is believed: the client is the last address that is
// no trusted proxy. What stands before may be the client's invention. Without
// X-Forwarded-For, Forwarded of RFC 7239 says the same.
func (p Proxies) forwarded(h web.Header, peer, scheme string) (client, clientScheme string) {
	hops, proto := chain(h, "X-Forwarded-For"), h.Get("X-Forwarded-Proto")
	if len(hops) == 0 {
		for _, element := range chain(h, "Forwarded") {
			who, how := forwardedElement(element)
			hops = append(hops, who)
			proto = how // the nearest proxy is the last
		}
	}
	client, clientScheme = peer, scheme
	for i := len(hops) - 1; i >= 0; i-- {
		ip, ok := hopIP(hops[i])
		if !ok {
			break
		}
		client = ip
		if !p.Has(ip) {
			break
		}
	}
	switch proto = strings.ToLower(strings.TrimSpace(lastOf(proto))); proto {
	case "http", "https":
		clientScheme = proto
	}
	return client, clientScheme
}

// chain returns the elements of all lines of a list header, in order. Their
// number is bounded with the head.
func chain(h web.Header, name string) []string {
	var list []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			list = append(list, strings.Split(f.Value, ",")...)
		}
	}
	return list
}

func lastOf(list string) string { return list[strings.LastIndexByte(list, ',')+1:] }

// forwardedElement returns the parameters for and proto of an element of
// Forwarded (RFC 7239, 4).
func forwardedElement(element string) (who, proto string) {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "for":
			who = value
		case "proto":
			proto = value
		}
	}
	return who, proto
}

// hopIP returns the address of a hop, which may have a port and brackets.
func hopIP(hop string) (string, bool) {
	hop = strings.TrimSpace(hop)
	if ap, err := netip.ParseAddrPort(hop); err == nil {
		return ap.Addr().Unmap().WithZone("").String(), true
	}
	addr, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	if err != nil {
		return "", false
	}
	return addr.Unmap().WithZone("").String(), true
}
