package keystone

import "needletail/proxy/web"

// emptyRoutes are lists of what this package does not have, for clients that
// ask before they do anything else. What has no list here is 404: federation,
// OAuth, endpoint filters and policies, domain configuration.
var emptyRoutes = []route{
	// Revoked tokens are known from their validation.
	{method: "GET", pattern: "/v3/OS-REVOKE/events", action: "identity:list_revoke_events", rule: services, handle: emptyList("events")},
	{method: "GET", pattern: "/v3/policies", action: "identity:list_policies", rule: cloudReaders, handle: emptyList("policies")},
}

func emptyList(name string) func(*call) (*web.Response, error) {
	return func(c *call) (*web.Response, error) { return c.collection(name, nil) }
}
