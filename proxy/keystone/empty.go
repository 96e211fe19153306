// SPDX-License-Identifier: Apache-2.0

package keystone

import "needletail/proxy/web"

// emptyRoutes answer with empty lists for resources that this package does not
// have: some clients ask for these lists before anything else. Further missing
// resources are 404: federation, OAuth, endpoint filters and policies, domain
// configuration.
var emptyRoutes = []route{
	// A revoked token shows when a service validates the token; there is no
	// list.
	{method: "GET", pattern: "/v3/OS-REVOKE/events", action: "identity:list_revoke_events", rule: services, handle: emptyList("events")},
	{method: "GET", pattern: "/v3/policies", action: "identity:list_policies", rule: cloudReaders, handle: emptyList("policies")},
}

// emptyList answers with an empty list under a name.
func emptyList(name string) func(*call) (*web.Response, error) {
	return func(c *call) (*web.Response, error) { return c.collection(name, nil) }
}
