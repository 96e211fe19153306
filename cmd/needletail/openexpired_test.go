// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

// An expired object is gone to everybody; X-Open-Expired shows and restores it
// where allow_open_expired is on, and means nothing where it is off, as
// test_allow_open_expired_disabled of Swift's later releases wants it.
func TestOpenExpired(t *testing.T) {
	for config, allowed := range map[string]bool{"": false, "[swift]\nallow_open_expired = true\n": true} {
		p := testserver.Start(t, t.TempDir()+"/data", "--tempauth-user", "test:tester=testing,.admin", "--config", testserver.WriteConfig(t, config))
		c := client{t, p.URL}
		_, h := c.do(200, "GET", "/auth/v1.0", "", "X-Auth-User", "test:tester", "X-Auth-Key", "testing")
		token := []string{"X-Auth-Token", h.Get("X-Auth-Token")}
		open := append(token[:2:2], "X-Open-Expired", "true")
		c.do(201, "PUT", "/v1/AUTH_test/c", "", token...)
		c.do(201, "PUT", "/v1/AUTH_test/c/o", "body", append(token[:2:2], "X-Delete-After", "1")...)
		for deadline := time.Now().Add(20 * time.Second); ; {
			s := authSite{t: t, url: p.URL}
			if res, _ := s.ask("GET", "/v1/AUTH_test/c/o", "", token...); res.StatusCode == 404 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the object does not expire")
			}
		}
		status := func(yes int) int {
			if allowed {
				return yes
			}
			return 404
		}
		c.do(status(200), "GET", "/v1/AUTH_test/c/o", "", open...)
		c.do(status(200), "HEAD", "/v1/AUTH_test/c/o", "", open...)
		c.do(404, "GET", "/v1/AUTH_test/c/o", "", append(token[:2:2], "X-Open-Expired", "false")...)
		c.do(404, "POST", "/v1/AUTH_test/c/o", "", token...)
		c.do(status(202), "POST", "/v1/AUTH_test/c/o", "", append(open[:4:4], "X-Delete-After", "1000", "X-Object-Meta-Test", "restored")...)
		_, h = c.do(status(200), "GET", "/v1/AUTH_test/c/o", "", token...)
		if got := h.Get("X-Object-Meta-Test"); allowed && got != "restored" {
			t.Errorf("the restored object has the metadata %q", got)
		}
		p.Stop()
	}
}
