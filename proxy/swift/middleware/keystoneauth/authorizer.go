// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"slices"
	"strings"

	"needletail/auth"
	"needletail/auth/acl"
)

// Rules are the roles for the accounts of one reseller prefix. The case of role
// names does not count.
type Rules struct {
	ResellerPrefix string // "AUTH"; a missing "_" is added
	// OperatorRoles on a project make an owner of the project's account. If
	// there are ServiceRoles, the request's service token needs a role of
	// ServiceRoles too.
	OperatorRoles, ServiceRoles []string
	// ProjectReaderRoles on a project allow GET and HEAD in the project's
	// account.
	ProjectReaderRoles []string
}

// DefaultRules returns Swift's rules with the additional role "member":
// Keystone's bootstrap gives the role to users, and devstack's configuration of
// Swift lists the role as well.
func DefaultRules() []Rules {
	return []Rules{{ResellerPrefix: "AUTH", OperatorRoles: []string{"admin", "swiftoperator", "member"}}}
}

// The names with Swift's defaults.
const (
	DefaultResellerAdminRole = "ResellerAdmin"
	DefaultDomainID          = "default"
)

// authorizer is KeystoneAuth.authorize and authorize_anonymous.
type authorizer struct {
	rules             []Rules // prefixes normal, roles in lower case
	public            []string
	resellerAdmin     string
	systemReaders     []string
	defaultDomainID   string
	refuseNamesInACLs bool
}

func newAuthorizer(c Config) *authorizer {
	a := &authorizer{
		resellerAdmin:     strings.ToLower(c.ResellerAdminRole),
		systemReaders:     lower(c.SystemReaderRoles),
		defaultDomainID:   c.DefaultDomainID,
		refuseNamesInACLs: c.RefuseNamesInACLs,
	}
	if a.resellerAdmin == "" {
		a.resellerAdmin = strings.ToLower(DefaultResellerAdminRole)
	}
	if a.defaultDomainID == "" {
		a.defaultDomainID = DefaultDomainID
	}
	rules := c.Rules
	if rules == nil {
		rules = DefaultRules()
	}
	for _, r := range rules {
		a.rules = append(a.rules, Rules{
			ResellerPrefix:     normalPrefix(r.ResellerPrefix),
			OperatorRoles:      lower(r.OperatorRoles),
			ServiceRoles:       lower(r.ServiceRoles),
			ProjectReaderRoles: lower(r.ProjectReaderRoles),
		})
	}
	for _, r := range a.rules {
		a.public = append(a.public, r.ResellerPrefix)
	}
	for _, p := range c.PublicPrefixes {
		a.public = append(a.public, normalPrefix(p))
	}
	return a
}

// normalPrefix ends a prefix with exactly one '_'.
func normalPrefix(p string) string { return strings.TrimRight(p, "_") + "_" }

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

// Authorize decides in keystoneauth.py's order, which the package comment
// lists.
func (a *authorizer) Authorize(id *auth.Identity, q auth.Access) auth.Grant {
	denied, allowed := auth.Grant{}, auth.Grant{Allowed: true}
	if q.Method == "OPTIONS" {
		return allowed
	}
	referrers, granted := acl.Parse(q.ACL)
	byReferrer := acl.ReferrerAllowed(q.Referer, referrers)
	public := byReferrer && (q.Object != "" || slices.Contains(granted, acl.Listings))
	if id == nil || id.Source != Source {
		return auth.Grant{Allowed: public && a.isPublic(q.Account)}
	}
	roles := lower(id.Roles)
	switch {
	case slices.Contains(roles, a.resellerAdmin):
		return auth.Grant{Allowed: true, Owner: true, Reseller: true}
	case intersect(a.systemReaders, roles) && isRead(q.Method):
		return allowed
	case q.Container == "" && q.Method == "DELETE":
		return denied
	case a.crossTenant(id, q, granted), public:
		return allowed
	}
	rules := a.ownRules(id, q.Account)
	switch {
	case rules == nil:
		return denied
	case intersect(rules.OperatorRoles, roles) &&
		(len(rules.ServiceRoles) == 0 || intersect(rules.ServiceRoles, lower(id.ServiceRoles))):
		return auth.Grant{Allowed: true, Owner: true}
	case intersect(rules.ProjectReaderRoles, roles) && isRead(q.Method):
		return allowed
	case byReferrer: // a listing without .rlistings
		return denied
	}
	return auth.Grant{Allowed: intersect(lower(granted), roles)}
}

// crossTenant says whether the ACL has an item "project:user" for the identity.
// Each half is an id, a name where names are unambiguous, or "*".
func (a *authorizer) crossTenant(id *auth.Identity, q auth.Access, granted []string) bool {
	projects, users := []string{id.ProjectID, "*"}, []string{id.UserID, "*"}
	if a.namesCount(id, q) {
		projects, users = append(projects, id.ProjectName), append(users, id.UserName)
	}
	for _, item := range granted {
		// A name may contain a ':', so every split is tried.
		for i := range len(item) {
			if i > 0 && i < len(item)-1 && item[i] == ':' &&
				slices.Contains(projects, item[:i]) && slices.Contains(users, item[i+1:]) {
				return true
			}
		}
	}
	return false
}

// namesCount says whether a name in an ACL can mean the identity: the user, the
// user's project and the account's project must all be in the default domain.
func (a *authorizer) namesCount(id *auth.Identity, q auth.Access) bool {
	inDefault := func(domain string) bool { return domain == "" || domain == a.defaultDomainID }
	return !a.refuseNamesInACLs && inDefault(id.UserDomainID) && inDefault(id.ProjectDomainID) &&
		(a.ownRules(id, q.Account) != nil || inDefault(q.AccountProjectDomainID))
}

// ownRules returns the rules of the prefix below which the account belongs to
// the identity's project, or nil.
func (a *authorizer) ownRules(id *auth.Identity, account string) *Rules {
	if id.ProjectID == "" {
		return nil
	}
	for i := range a.rules {
		if a.rules[i].ResellerPrefix+id.ProjectID == account {
			return &a.rules[i]
		}
	}
	return nil
}

// isPublic says whether referrers may allow the anonymous in the account.
func (a *authorizer) isPublic(account string) bool {
	return slices.ContainsFunc(a.public, func(p string) bool { return strings.HasPrefix(account, p) })
}

func intersect(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func isRead(method string) bool { return method == "GET" || method == "HEAD" }
