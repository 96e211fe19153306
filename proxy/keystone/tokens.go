// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// tokenTime is the layout of times in tokens. The fraction is always zero, as
// in Keystone: Fernet tokens have whole seconds.
const tokenTime = "2006-01-02T15:04:05.000000Z"

// issueToken answers a login with a token.
func issueToken(c *call) (*web.Response, error) {
	body, err := c.readObject()
	if err != nil {
		return nil, err
	}
	login, err := parseLogin(body, c.svc.Methods())
	if err != nil {
		return nil, c.withURI(err)
	}
	login.Receipt = c.Header.Get(receiptHeader)
	t, err := c.svc.Authenticate(c.Context(), login)
	if err != nil {
		return nil, err
	}
	c.Log.User = t.User.Name
	c.Granted(true)
	return c.tokenResponse(201, t), nil
}

// withURI adds the address of Keystone to a 401.
func (c *call) withURI(err error) error {
	if e, ok := err.(*apiError); ok && e.status == 401 {
		e.authURI = c.base + "/v3"
	}
	return err
}

// showToken shows the subject, which the rule of the route has validated.
func showToken(c *call) (*web.Response, error) {
	if c.subject == nil {
		return nil, newError(404, "No token in the request")
	}
	return c.tokenResponse(200, c.subject), nil
}

// revokeToken ends the subject.
func revokeToken(c *call) (*web.Response, error) {
	if c.subject == nil {
		return nil, newError(404, "No token in the request")
	}
	return noContent(), c.svc.RevokeToken(c.subject.Text)
}

// tokenResponse shows a token, with the catalog unless the query says
// "nocatalog" or the token has no scope.
func (c *call) tokenResponse(status int, t *identity.Token) *web.Response {
	o := tokenObject(t)
	if (t.Project != nil || t.Domain != nil || t.System) && !c.flag("nocatalog") {
		o = append(o, pyjson.Member{Key: "catalog", Value: catalogList(c.svc.Catalog(t))})
	}
	if a := t.AppCred; a != nil {
		shown := pyjson.Object{
			{Key: "id", Value: a.ID}, {Key: "name", Value: a.Name}, {Key: "restricted", Value: !a.Unrestricted},
		}
		if t.AccessRules != nil {
			shown = append(shown, pyjson.Member{Key: "access_rules", Value: ruleObjects(t.AccessRules)})
		}
		o = append(o, pyjson.Member{Key: "application_credential", Value: shown})
	}
	res := exact(status, pyjson.Object{{Key: "token", Value: o}})
	res.Header.Add("X-Subject-Token", t.Text)
	return res
}

// tokenObject returns all members of a token except the catalog and the
// application credential, in Keystone's order
// (keystone/common/render_token.py).
func tokenObject(t *identity.Token) pyjson.Object {
	o := pyjson.Object{
		{Key: "methods", Value: t.Methods},
		{Key: "user", Value: pyjson.Object{
			{Key: "domain", Value: idName(t.UserDomain.ID, t.UserDomain.Name)},
			{Key: "id", Value: t.User.ID}, {Key: "name", Value: t.User.Name},
			{Key: "password_expires_at", Value: nil},
		}},
		{Key: "audit_ids", Value: t.AuditIDs},
		{Key: "expires_at", Value: t.ExpiresAt.Format(tokenTime)},
		{Key: "issued_at", Value: t.IssuedAt.Format(tokenTime)},
	}
	roles := pyjson.Member{Key: "roles", Value: roleList(t.Roles)}
	switch {
	case t.Trust != nil:
		r := t.Trust
		o = append(o, pyjson.Member{Key: "OS-TRUST:trust", Value: pyjson.Object{
			{Key: "id", Value: r.ID}, {Key: "trustor_user", Value: pyjson.Object{{Key: "id", Value: r.TrustorID}}},
			{Key: "trustee_user", Value: pyjson.Object{{Key: "id", Value: r.TrusteeID}}},
			{Key: "impersonation", Value: r.Impersonation},
		}}, projectMember(t), roles)
	case t.Project != nil:
		o = append(o, projectMember(t), pyjson.Member{Key: "is_domain", Value: false}, roles)
	case t.Domain != nil:
		o = append(o, pyjson.Member{Key: "domain", Value: idName(t.Domain.ID, t.Domain.Name)}, roles)
	case t.System:
		o = append(o, roles, pyjson.Member{Key: "system", Value: pyjson.Object{{Key: "all", Value: true}}})
	}
	return o
}

func projectMember(t *identity.Token) pyjson.Member {
	return pyjson.Member{Key: "project", Value: pyjson.Object{
		{Key: "domain", Value: idName(t.ProjectDomain.ID, t.ProjectDomain.Name)},
		{Key: "id", Value: t.Project.ID}, {Key: "name", Value: t.Project.Name},
	}}
}

func idName(id, name string) pyjson.Object {
	return pyjson.Object{{Key: "id", Value: id}, {Key: "name", Value: name}}
}

func roleList(roles []*identity.Role) []pyjson.Object {
	out := make([]pyjson.Object, len(roles))
	for i, r := range roles {
		out[i] = idName(r.ID, r.Name)
	}
	return out
}

func catalogList(catalog []identity.CatalogEntry) []pyjson.Object {
	out := make([]pyjson.Object, len(catalog))
	for i, entry := range catalog {
		endpoints := make([]pyjson.Object, len(entry.Endpoints))
		for j, e := range entry.Endpoints {
			endpoints[j] = pyjson.Object{
				{Key: "id", Value: e.ID}, {Key: "interface", Value: e.Interface},
				{Key: "region_id", Value: orNull(e.RegionID)}, {Key: "url", Value: e.URL},
				{Key: "region", Value: orNull(e.RegionID)},
			}
		}
		out[i] = pyjson.Object{
			{Key: "endpoints", Value: endpoints}, {Key: "id", Value: entry.Service.ID},
			{Key: "type", Value: entry.Service.Type}, {Key: "name", Value: entry.Service.Name()},
		}
	}
	return out
}
