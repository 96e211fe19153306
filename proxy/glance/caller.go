// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"slices"
	"strings"

	"needletail/auth"
	"needletail/auth/authtoken"
	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// caller is the sender of a request: a verified token.
type caller struct {
	user    string // the user's ID
	project string // the project in scope; "" for a domain's or the system's token
	admin   bool   // may see and change the images of all projects
	writes  bool   // may change images of the project, and download
}

// The roles of Glance's policies (glance/policies/base.py): context_is_admin asks
// for "admin", PROJECT_MEMBER for "member". An older Keystone has "Member".
const (
	roleAdmin  = "admin"
	roleMember = "member"
)

// serviceType is the name of the service in the access rules of a token.
const serviceType = "image"

// authenticate returns the sender of the request. A request without a valid token
// gets 401. As in Glance, a service token that is not valid is ignored.
func (s *service) authenticate(r *web.Request) (caller, error) {
	check := authtoken.Check{
		Validator: s.Validator, ServiceType: serviceType, IgnoreBadService: true,
		ServiceRoles: s.ServiceTokenRoles, ServiceRolesRequired: s.ServiceTokenRolesRequired,
	}
	id, _, err := check.Identify(r.Context(), r.Header.Get, r.Method, r.Path)
	if err != nil {
		return caller{}, s.refused(err)
	}
	r.Log.User = id.UserName
	r.Granted(true)
	return callerOf(id), nil
}

// callerOf returns the caller of a verified token. Only a project's or the
// system's token makes an admin: the admin of a domain is not the admin of the
// images of all domains.
func callerOf(id *auth.Identity) caller {
	c := caller{user: id.UserID, project: id.ProjectID}
	c.admin = (id.ProjectID != "" || id.SystemScope) && slices.Contains(id.Roles, roleAdmin)
	c.writes = c.admin || slices.ContainsFunc(id.Roles, func(r string) bool { return strings.EqualFold(r, roleMember) })
	return c
}

// refused returns the answer to a request whose token was refused: 401 with the
// address of Keystone, or 503 with Retry-After if Keystone could not be asked.
func (s *service) refused(err error) error {
	status, retryAfter := authtoken.Refusal(err)
	header := web.Header{{Name: "WWW-Authenticate", Value: `Keystone uri="` + s.KeystoneURL + `"`}}
	if status != 401 {
		header = web.Header{{Name: "Retry-After", Value: retryAfter}}
	}
	return &wire.Error{Status: status, Err: err, Header: header}
}

// owns says whether the image belongs to the caller's project.
func (c caller) owns(m *image) bool {
	return c.project != "" && m.Owner != nil && *m.Owner == c.project
}

// sees says whether the caller may know of the image. A membership of any status
// is enough (glance/db/utils.py is_image_visible).
func (c caller) sees(m *image) bool {
	if c.admin || m.Owner == nil || c.owns(m) {
		return true
	}
	switch m.Visibility {
	case visibilityPublic, visibilityCommunity:
		return true
	case visibilityShared:
		_, ok := m.member(c.project)
		return ok
	}
	return false
}

// manages says whether the caller may change the image.
func (c caller) manages(m *image) bool { return c.admin || c.writes && c.owns(m) }
