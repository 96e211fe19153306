// SPDX-License-Identifier: Apache-2.0

package config

import (
	"net"
	"testing"
)

func TestPublicURLIsChecked(t *testing.T) {
	for text, ok := range map[string]bool{
		"": true, "http://h": true, "https://h:1/below/": true, "h:8080": false, "ftp://h": false, "https://": false,
		"https://u@h": false, "https://h?q": false, "https://h#f": false, "//h": false,
	} {
		c := Default()
		c.PublicURL = text
		if err := c.Validate(); (err == nil) != ok {
			t.Errorf("public_url %q: %v", text, err)
		}
	}
	c := Default()
	c.PublicURL = "https://h/"
	c.SettlePublicURL(&net.TCPAddr{IP: net.IPv4zero, Port: 8080})
	if c.PublicURL != "https://h" || c.ServiceURL("/image") != "https://h/image" {
		t.Errorf("%s and %s", c.PublicURL, c.ServiceURL("/image"))
	}
}
