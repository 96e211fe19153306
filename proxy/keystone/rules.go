// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"slices"
	"strconv"

	"needletail/auth/identity"
)

// rule says which callers may use a route. The role admin, on any scope,
// suffices for every rule that needs a caller: Keystone 22 still has the old
// "admin_required" beside the new defaults (keystone/common/policies).
type rule struct {
	name  string
	allow func(*call) (bool, error)
}

// The names of roles in rules.
const (
	roleAdmin   = "admin"
	roleMember  = "member"
	roleReader  = "reader"
	roleService = "service"
)

var everybody = rule{"everybody", func(*call) (bool, error) { return true, nil }}

var anyToken = rule{"any token", func(c *call) (bool, error) { return c.caller != nil, nil }}

var adminOnly = rule{"admin", func(c *call) (bool, error) { return c.isAdmin(), nil }}

var systemReader = anyOf("admin or system reader", (*call).isSystemReader)

var tokenValidators = onSubject("admin, service, system reader or the user", func(c *call) bool {
	return c.isAdmin() || c.isSystemReader() || c.caller.HasRole(roleService) || c.ownsSubject()
})

var tokenCheckers = onSubject("admin, system reader or the user", func(c *call) bool {
	return c.isAdmin() || c.isSystemReader() || c.ownsSubject()
})

var tokenRevokers = onSubject("admin or the user", func(c *call) bool {
	return c.isAdmin() || c.ownsSubject()
})

var userReaders = anyOf("admin, system reader, domain reader or the user",
	(*call).isSystemReader, (*call).isOwnUser, func(c *call) bool {
		u, err := c.svc.User(c.params.Get("user"))
		return err == nil && c.isDomainReader(u.DomainID)
	})

// groupReaders includes readers of the domain of the group. If the path names a
// user, the user has to be of the same domain.
var groupReaders = anyOf("admin, system reader or domain reader of the group", (*call).isSystemReader, func(c *call) bool {
	g, err := c.svc.Group(c.params.Get("group"))
	return err == nil && c.isDomainReader(g.DomainID) && c.actorsAreOf(g.DomainID)
})

// grantReaders includes readers of a domain, if the target, the user or group
// and the role are all of the domain. A global role counts as a role of every
// domain.
var grantReaders = anyOf("admin, system reader or domain reader of the grant", (*call).isSystemReader, func(c *call) bool {
	domain := c.params.Get("target")
	if p, err := c.svc.Project(domain); err == nil {
		domain = p.DomainID
	}
	role, err := c.svc.Role(c.params.Get("role"))
	roleFits := c.params.Get("role") == "" || err == nil && (role.DomainID == "" || role.DomainID == domain)
	return c.isDomainReader(domain) && c.actorsAreOf(domain) && roleFits
})

// actorsAreOf says whether the path's user and group belong to a domain. A path
// without a user or a group passes.
func (c *call) actorsAreOf(domain string) bool {
	if id, ok := c.params.Lookup("user"); ok {
		if u, err := c.svc.User(id); err != nil || u.DomainID != domain {
			return false
		}
	}
	if id, ok := c.params.Lookup("group"); ok {
		if g, err := c.svc.Group(id); err != nil || g.DomainID != domain {
			return false
		}
	}
	return true
}

// services validate the signatures of users.
var services = anyOf("admin or service", func(c *call) bool { return c.caller.HasRole(roleService) })

// The rules of application credentials and access rules, which outlive any
// trust. Only the user makes an application credential, not an admin: a
// credential holds the user's roles. An admin needs a token of the system for
// access rules, unlike elsewhere (keystone/common/policies/access_rule.py).
var (
	appCredReaders = notOnDomain(notByTrust(anyOf("admin, system reader or the user", (*call).isSystemReader, (*call).isOwnUser)))

	appCredMakers = notOnDomain(notByTrust(unrestricted(oneOf("the user", (*call).isOwnUser))))

	appCredDeleters = notOnDomain(notByTrust(unrestricted(anyOf("admin or the user", (*call).isOwnUser))))

	accessRuleReaders = notOnDomain(notByTrust(oneOf("system reader or the user", (*call).isSystemReader, (*call).isOwnUser)))

	accessRuleDeleters = notOnDomain(notByTrust(unrestricted(oneOf("system admin or the user", (*call).isSystemAdmin, (*call).isOwnUser))))
)

// The rules of EC2 keys. A user who only reads keeps no keys, since a key can
// write.
var (
	ec2Readers = notOnDomain(notDelegated(anyOf("admin, system reader or the user", (*call).isSystemReader, (*call).isOwnUser)))

	ec2Writers = notOnDomain(notDelegated(anyOf("admin or the user as member", func(c *call) bool {
		return c.isOwnUser() && c.mayKeep(identity.TypeEC2)
	})))
)

// adminInPerson is for a change that gives somebody a right: a right given
// through a trust would outlive the trust.
var adminInPerson = notByTrust(adminOnly)

// The rules of resources that belong to the whole cloud and not to a domain.
// The admin of a domain may not change such resources (scope_types of
// keystone/common/policies).
var (
	cloudAdmin         = notOnDomain(adminOnly)
	cloudAdminInPerson = notOnDomain(adminInPerson)
	cloudReaders       = notOnDomain(systemReader)
)

var projectReaders = anyOf("admin, system reader, domain reader or the project's own",
	(*call).isSystemReader, func(c *call) bool {
		p, err := c.svc.Project(c.params.Get("project"))
		return err == nil && (c.isDomainReader(p.DomainID) || c.caller.Project != nil && c.caller.Project.ID == p.ID)
	})

var domainReaders = anyOf("admin, system reader or a token of the domain",
	(*call).isSystemReader, func(c *call) bool {
		id := c.params.Get("domain")
		return c.caller.Domain != nil && c.caller.Domain.ID == id ||
			c.caller.Project != nil && c.caller.Project.DomainID == id
	})

// domainListers may list. A handler shows a domain reader the rows of the
// domain only (domainLimit).
var domainListers = anyOf("admin, system reader or domain reader",
	(*call).isSystemReader, func(c *call) bool {
		return c.caller.Domain != nil && c.isDomainReader(c.caller.Domain.ID)
	})

// anyOf allows admins, and callers who pass at least one test.
func anyOf(name string, tests ...func(*call) bool) rule {
	return oneOf(name, append([]func(*call) bool{(*call).isAdmin}, tests...)...)
}

// oneOf allows callers who pass at least one test.
func oneOf(name string, tests ...func(*call) bool) rule {
	return rule{name, func(c *call) (bool, error) {
		return c.caller != nil && slices.ContainsFunc(tests, func(test func(*call) bool) bool { return test(c) }), nil
	}}
}

// but narrows a rule: callers for whom refused is true are refused.
func (r rule) but(name string, refused func(*identity.Token) bool) rule {
	return rule{r.name + name, func(c *call) (bool, error) {
		allowed, err := r.allow(c)
		return allowed && !(c.caller != nil && refused(c.caller)), err
	}}
}

// notByTrust refuses tokens of trusts: the result of the route would outlive
// the trust.
func notByTrust(r rule) rule {
	return r.but(", not by a trust", func(t *identity.Token) bool { return t.Trust != nil })
}

// notOnDomain refuses tokens with a domain as the scope.
func notOnDomain(r rule) rule {
	return r.but(", not on a domain", func(t *identity.Token) bool { return t.Domain != nil })
}

// notByAppCred refuses tokens of application credentials, unrestricted
// credentials included.
func notByAppCred(r rule) rule {
	return r.but(", not by an application credential", func(t *identity.Token) bool { return t.AppCred != nil })
}

// unrestricted refuses tokens of restricted application credentials, which
// could give themselves a longer life.
func unrestricted(r rule) rule {
	return r.but(", unrestricted", func(t *identity.Token) bool { return t.AppCred != nil && !t.AppCred.Unrestricted })
}

// notDelegated refuses tokens with only a part of the user's rights: a
// credential would have all rights of the user.
func notDelegated(r rule) rule {
	return r.but(", not by delegation", (*identity.Token).Delegated)
}

// onSubject is a rule about the token in X-Subject-Token. An invalid token
// there is 404; without the header c.subject stays nil.
func onSubject(name string, test func(*call) bool) rule {
	return rule{name, func(c *call) (bool, error) {
		if c.caller == nil {
			return false, nil
		}
		if text := c.Header.Get("X-Subject-Token"); text != "" {
			subject, err := c.svc.ValidateToken(text, c.flag("allow_expired"))
			if err != nil {
				return false, newError(404, "Failed to validate token")
			}
			if subject.AccessRules != nil && c.Method != "DELETE" && !c.knowsAccessRules() {
				return false, newError(404, "Failed to validate token")
			}
			c.subject = subject
		}
		return test(c), nil
	}}
}

// knowsAccessRules says whether a service announces that the service obeys the
// access rules of tokens. To any further service such a token does not exist.
func (c *call) knowsAccessRules() bool {
	version, err := strconv.ParseFloat(c.Header.Get("OpenStack-Identity-Access-Rules"), 64)
	return err == nil && version >= 1
}

func (c *call) isAdmin() bool { return c.caller != nil && c.caller.HasRole(roleAdmin) }

func (c *call) isSystemAdmin() bool { return c.caller.System && c.caller.HasRole(roleAdmin) }

func (c *call) isSystemReader() bool { return c.caller.System && c.caller.HasRole(roleReader) }

func (c *call) isDomainReader(domainID string) bool {
	return c.caller.Domain != nil && c.caller.Domain.ID == domainID && c.caller.HasRole(roleReader)
}

func (c *call) isOwnUser() bool { return c.caller.User.ID == c.params.Get("user") }

func (c *call) ownsSubject() bool {
	return c.subject != nil && c.subject.User.ID == c.caller.User.ID
}

// domainLimit returns the domain to which a list is cut, or "" for no cut.
func (c *call) domainLimit() string {
	if c.isAdmin() || c.isSystemReader() || c.caller.Domain == nil {
		return ""
	}
	return c.caller.Domain.ID
}

// flag returns a flag of the query. A present key is true, except with the
// value "0".
func (c *call) flag(name string) bool {
	v, ok := c.Query()[name]
	return ok && v[0] != "0"
}
