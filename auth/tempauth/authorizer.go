// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"slices"

	"needletail/auth"
	"needletail/auth/acl"
)

// Authorize decides as TempAuth.authorize does, in the same order:
//
//  1. an account under no reseller prefix: denied
//  2. .reseller_admin: owner; .reseller_reader: GET and HEAD; not for an account
//     that is only a prefix, nor for an account with a dot after the prefix
//  3. the account's admin: owner, but not for PUT and DELETE of the account;
//     where the prefix requires a group, the service token must have the group
//  4. OPTIONS
//  5. referrers of the container's ACL: objects; listings with .rlistings
//  6. groups of the container's ACL
//  7. the account's ACL; the limit of step 3 holds for admins of the ACL too,
//     while Swift lets them delete the account where account management is on
//
// Step 5 alone holds for the anonymous and for identities of further sources.
func (a *Auth) Authorize(id *auth.Identity, q auth.Access) auth.Grant {
	denied, allowed := auth.Grant{}, auth.Grant{Allowed: true}
	prefix := a.prefixOf(q.Account)
	if prefix == "" {
		return denied
	}
	var groups, serviceGroups []string
	if id != nil && id.Source == Source {
		groups, serviceGroups = id.Groups, id.ServiceGroups
	}
	if rest := q.Account[len(prefix):]; rest != "" && rest[0] != '.' {
		if slices.Contains(groups, groupResellerAdmin) {
			return auth.Grant{Allowed: true, Owner: true, Reseller: true}
		}
		if slices.Contains(groups, groupResellerReader) && isRead(q.Method) {
			return allowed
		}
	}
	managesAccount := q.Container == "" && (q.Method == "PUT" || q.Method == "DELETE")
	if slices.Contains(groups, q.Account) && !managesAccount {
		required := a.requireGroup[prefix]
		if required == "" || slices.Contains(serviceGroups, required) {
			return auth.Grant{Allowed: true, Owner: true}
		}
	}
	if q.Method == "OPTIONS" {
		return allowed
	}
	referrers, granted := acl.Parse(q.ACL)
	if acl.ReferrerAllowed(q.Referer, referrers) &&
		(q.Object != "" || slices.Contains(granted, acl.Listings)) {
		return allowed
	}
	if acl.Matches(granted, groups) {
		return allowed
	}
	return accountGrant(q, groups, managesAccount)
}

// accountGrant is step 7. An unreadable ACL grants nothing.
func accountGrant(q auth.Access, groups []string, managesAccount bool) auth.Grant {
	a, err := acl.ParseAccountACL(q.AccountACL)
	switch {
	case err != nil:
	case acl.Matches(a.Admin, groups) && !managesAccount:
		return auth.Grant{Allowed: true, Owner: true}
	case acl.Matches(a.ReadWrite, groups) && (q.Container != "" || isRead(q.Method)),
		acl.Matches(a.ReadOnly, groups) && isRead(q.Method):
		return auth.Grant{Allowed: true}
	}
	return auth.Grant{}
}

func isRead(method string) bool { return method == "GET" || method == "HEAD" }

var _ auth.Authorizer = (*Auth)(nil)
