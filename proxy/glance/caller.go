package glance

import (
	"errors"
	"slices"
	"strings"

	"needletail/auth"
	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// caller is who asks: a verified token.
type caller struct {
	user    string // its id
	project string // in scope; "" for a domain's or the system's token
	admin   bool
	writes  bool // has the role that Glance's policies ask for who changes or downloads something
}

// The roles of Glance's policies (glance/policies/base.py): context_is_admin asks
// for the first, PROJECT_MEMBER for the second. Older Keystones have a "Member".
const (
	roleAdmin  = "admin"
	roleMember = "member"
)

// serviceType is what access rules of a token call this service.
const serviceType = "image"

// retryAfterSeconds is what a client is told when Keystone does not answer.
const retryAfterSeconds = "2"

// authenticate finds out who sent the request. As with Glance, a service token
// that is not valid is ignored.
func (s *service) authenticate(r *web.Request) (caller, error) {
	token := r.Header.Get("X-Auth-Token")
	if token == "" {
		token = r.Header.Get("X-Storage-Token")
	}
	if token == "" {
		return caller{}, s.unauthorized(nil)
	}
	check := auth.TokenCheck{
		Validator: s.Validator, ServiceType: serviceType, IgnoreBadService: true,
		ServiceRoles: s.ServiceTokenRoles, ServiceRolesRequired: s.ServiceTokenRolesRequired,
	}
	id, _, err := check.Identify(r.Context(), auth.Tokens{
		User: token, Service: r.Header.Get("X-Service-Token"), Method: r.Method, Path: r.Path,
	})
	switch {
	case errors.Is(err, auth.ErrInvalidToken):
		return caller{}, s.unauthorized(err)
	case err != nil:
		return caller{}, keystoneIsAway(err)
	}
	r.Log.User = id.UserName
	r.Granted(true)
	return callerOf(id), nil
}

// callerOf takes admin only from a project's or the system's token: the admin
// of a domain is not the admin of the images of all domains.
func callerOf(id *auth.Identity) caller {
	c := caller{user: id.UserID, project: id.ProjectID}
	c.admin = (id.ProjectID != "" || id.SystemScope) && slices.Contains(id.Roles, roleAdmin)
	c.writes = c.admin || slices.ContainsFunc(id.Roles, func(r string) bool { return strings.EqualFold(r, roleMember) })
	return c
}

func keystoneIsAway(cause error) error {
	return &wire.Error{Status: 503, Err: cause, Header: web.Header{{Name: "Retry-After", Value: retryAfterSeconds}}}
}

func (s *service) unauthorized(cause error) error {
	return &wire.Error{Status: 401, Err: cause, Header: web.Header{
		{Name: "WWW-Authenticate", Value: `Keystone uri="` + s.KeystoneURL + `"`},
	}}
}

// owns says whether the image belongs to the caller's project.
func (c caller) owns(m *image) bool {
	return c.project != "" && m.Owner != nil && *m.Owner == c.project
}

// sees is whether the caller may know of the image: any membership will do
// (glance/db/utils.py is_image_visible).
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

// manages is whether the caller may change the image.
func (c caller) manages(m *image) bool { return c.admin || c.writes && c.owns(m) }
