// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"maps"
	"testing"

	"needletail/auth"
	"needletail/proxy/web"
)

// TestAccessRules: a token that has rules is good for what they name alone.
func TestAccessRules(t *testing.T) {
	known := maps.Clone(users)
	known["limited"] = &auth.Identity{UserName: "limited", ProjectID: "project-a", Roles: []string{"member"},
		AccessRules: []auth.AccessRule{{Service: "image", Method: "GET", Path: "/v2/images"}, {Service: "object-store", Method: "POST", Path: "**"}}}
	c := newSite(t).config()
	c.Validator = known
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for request, want := range map[[2]string]int{{"GET", "/v2/images"}: 200, {"GET", "/v2/images/x"}: 401, {"POST", "/v2/images"}: 401} {
		res, err := h.Serve(newRequest("limited", request[0], request[1], nil, web.NoLength))
		if err != nil || res.Status != want {
			t.Errorf("%v: %v, %v, want %d", request, res, err, want)
		}
	}
}
