// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// validatePublicURL checks public_url, which may be missing.
func (c *Config) validatePublicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("public_url is not http://HOST[:PORT][/PATH] or https://…")
	}
	return nil
}

// SettlePublicURL decides which URL stands in the catalog and in links. Without
// a public_url the catalog has the address of the listening socket, and links
// follow each request.
func (c *Config) SettlePublicURL(listening net.Addr) {
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	c.linkURL = c.PublicURL
	if c.PublicURL == "" {
		c.PublicURL = c.Scheme() + "://" + reachable(listening)
	}
}

// Scheme returns the scheme of the one port.
func (c *Config) Scheme() string {
	if c.TLS.On() {
		return "https"
	}
	return "http"
}

// reachable returns HOST:PORT of an address. A wildcard address is reachable at
// loopback at least.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// LinkURL returns the URL at the front of links, or "" if links follow the
// request.
func (c *Config) LinkURL() string { return c.linkURL }

// ServiceURL returns the URL of the service below path for the links of the
// service, or "" if links follow the request.
func (c *Config) ServiceURL(path string) string {
	if c.linkURL == "" {
		return ""
	}
	return c.linkURL + path
}
