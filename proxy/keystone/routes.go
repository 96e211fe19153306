// SPDX-License-Identifier: Apache-2.0

package keystone

import "slices"

// routes returns all routes of this package.
func routes() []route {
	return slices.Concat(rootRoutes, authRoutes(), userRoutes(), projectRoutes(),
		domainRoutes(), roleRoutes(), grantRoutes(), assignmentRoutes, serviceRoutes(), endpointRoutes(),
		regionRoutes(), appCredRoutes(), accessRuleRoutes(), groupRoutes(), tagRoutes(), impliedRoutes(),
		trustRoutes(), limitRoutes(), credentialRoutes(), signatureRoutes, emptyRoutes)
}

// Paths lose slashes at the end before the look-up, so "" is "/".
var rootRoutes = []route{
	{method: "GET", pattern: "", action: "versions", rule: everybody, handle: versions},
	{method: "GET", pattern: "/v3", action: "version", rule: everybody, handle: versionThree},
	{method: "GET", pattern: "/healthcheck", action: "healthcheck", rule: everybody, handle: health},
}

// authRoutes are the routes of logins and tokens. The OS-FEDERATION routes are
// old names of the lists of /v3/auth.
func authRoutes() []route {
	return []route{
		{method: "POST", pattern: tokensPath, action: "identity:authenticate", rule: everybody, handle: issueToken},
		{method: "GET", pattern: tokensPath, action: "identity:validate_token", rule: tokenValidators, handle: showToken},
		{method: "HEAD", pattern: tokensPath, action: "identity:check_token", rule: tokenCheckers, handle: showToken},
		{method: "DELETE", pattern: tokensPath, action: "identity:revoke_token", rule: tokenRevokers, handle: revokeToken},
		{method: "GET", pattern: "/v3/auth/projects", action: "identity:get_auth_projects", rule: anyToken, handle: authProjects},
		{method: "GET", pattern: "/v3/auth/domains", action: "identity:get_auth_domains", rule: anyToken, handle: authDomains},
		{method: "GET", pattern: "/v3/auth/system", action: "identity:get_auth_system", rule: anyToken, handle: authSystem},
		{method: "GET", pattern: "/v3/auth/catalog", action: "identity:get_auth_catalog", rule: anyToken, handle: authCatalog},
		{method: "GET", pattern: "/v3/OS-FEDERATION/projects", action: "identity:get_auth_projects", rule: anyToken, handle: authProjects},
		{method: "GET", pattern: "/v3/OS-FEDERATION/domains", action: "identity:get_auth_domains", rule: anyToken, handle: authDomains},
	}
}
