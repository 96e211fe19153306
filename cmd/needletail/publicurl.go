package main

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

// settlePublicURL decides what stands in the catalog and in links. Without a
// public_url the catalog has the address that the server listens on, and links
// follow each request.
func (c *Config) settlePublicURL(listening net.Addr) {
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	c.linkURL = c.PublicURL
	if c.PublicURL == "" {
		c.PublicURL = defaultPublicURL(listening)
	}
}

// serviceURL is the URL of a service for its links, or "" if they are to follow
// the request.
func (c *Config) serviceURL(path string) string {
	if c.linkURL == "" {
		return ""
	}
	return c.linkURL + path
}
