// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"

	"needletail/auth"
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func appCredRoutes() []route {
	const list = "/v3/users/{user}/application_credentials"
	const member = list + "/{credential}"
	return []route{
		{method: "GET", pattern: list, action: "identity:list_application_credentials", rule: appCredReaders, handle: listAppCreds},
		{method: "POST", pattern: list, action: "identity:create_application_credential", rule: appCredMakers, handle: createAppCred},
		{method: "GET", pattern: member, action: "identity:get_application_credential", rule: appCredReaders, handle: showAppCred},
		{method: "DELETE", pattern: member, action: "identity:delete_application_credential", rule: appCredDeleters, handle: deleteAppCred},
	}
}

// plainTime is Keystone's layout for times outside of tokens.
const plainTime = "2006-01-02T15:04:05.000000"

// generatedSecretBytes is the length of a secret that Keystone makes.
const generatedSecretBytes = 64

func (c *call) appCred(a *identity.AppCredential) pyjson.Object {
	roles := []pyjson.Object{}
	for _, id := range a.RoleIDs {
		if r, err := c.svc.Role(id); err == nil {
			roles = append(roles, pyjson.Object{
				{Key: "id", Value: r.ID}, {Key: "name", Value: r.Name}, {Key: "domain_id", Value: orNull(r.DomainID)},
				{Key: "description", Value: r.Description}, {Key: "options", Value: immutableOption(r.Immutable)}})
		}
	}
	var expires any
	if a.ExpiresAt != nil {
		expires = a.ExpiresAt.UTC().Format(plainTime)
	}
	o := pyjson.Object{
		{Key: "id", Value: a.ID}, {Key: "name", Value: a.Name}, {Key: "description", Value: a.Description},
		{Key: "project_id", Value: a.ProjectID}, {Key: "roles", Value: roles}, {Key: "expires_at", Value: expires},
		{Key: "unrestricted", Value: a.Unrestricted}, {Key: "user_id", Value: a.UserID}, {Key: "system", Value: nil},
	}
	if rules := c.svc.RulesOf(a); rules != nil {
		o = append(o, pyjson.Member{Key: "access_rules", Value: ruleObjects(rules)})
	}
	return append(o, c.links("users/"+a.UserID+"/application_credentials", a.ID))
}

func listAppCreds(c *call) (*web.Response, error) {
	if _, err := c.svc.User(c.params.Get("user")); err != nil {
		return nil, err
	}
	rows := c.svc.AppCredentials(func(a *identity.AppCredential) bool { return a.UserID == c.params.Get("user") })
	return c.collection("application_credentials", render(rows, c.appCred), "name")
}

// findAppCred returns the credential of the path, if the credential belongs to
// the path's user.
func (c *call) findAppCred() (*identity.AppCredential, error) {
	id := c.params.Get("credential")
	a, err := c.svc.AppCredential(id)
	if err == nil && a.UserID != c.params.Get("user") {
		return nil, newError(404, "Could not find Application Credential: "+id+".")
	}
	return a, err
}

func showAppCred(c *call) (*web.Response, error) {
	a, err := c.findAppCred()
	if err != nil {
		return nil, err
	}
	return one(200, "application_credential", c.appCred(a)), nil
}

func deleteAppCred(c *call) (*web.Response, error) {
	a, err := c.findAppCred()
	if err != nil {
		return nil, err
	}
	return dropped(c.svc.DeleteAppCredential(a.ID))
}

// createAppCred makes a credential of the caller on the caller's project. The
// answer is the only place that ever shows the secret.
func createAppCred(c *call) (*web.Response, error) {
	in, err := c.inside("application_credential")
	if err != nil {
		return nil, err
	}
	if c.caller.Project == nil {
		return nil, badRequest("A project-scoped token is required to create an application credential.")
	}
	a := identity.AppCredential{UserID: c.caller.User.ID, ProjectID: c.caller.Project.ID}
	secret := ""
	if err := c.readAppCred(in, &a, &secret); err != nil {
		return nil, err
	}
	if secret == "" {
		var raw [generatedSecretBytes]byte
		_, _ = rand.Read(raw[:]) // crypto/rand.Read does not fail
		secret = base64.RawURLEncoding.EncodeToString(raw[:])
	}
	rules, err := in.accessRules()
	if err != nil {
		return nil, err
	}
	if !c.staysWithin(rules) {
		return nil, forbidden("You are not authorized to perform the requested action: " + c.route.action + ".")
	}
	made, err := c.svc.CreateAppCredential(c.Context(), a, secret, rules)
	if err != nil {
		return nil, err
	}
	o := c.appCred(made)
	o = append(o[:len(o)-1:len(o)-1], pyjson.Member{Key: "secret", Value: secret}, o[len(o)-1])
	return one(201, "application_credential", o), nil
}

// staysWithin says whether a new credential may do no more than the caller's
// access rules allow: each rule of the credential is a rule of the caller.
func (c *call) staysWithin(rules []identity.AccessRule) bool {
	own := c.caller.AccessRules
	if own == nil {
		return true
	}
	return rules != nil && !slices.ContainsFunc(rules, func(r identity.AccessRule) bool {
		return !slices.ContainsFunc(own, func(o auth.AccessRule) bool {
			if r.ID != "" {
				return r.ID == o.ID
			}
			return r.Service == o.Service && r.Method == o.Method && r.Path == o.Path
		})
	})
}

// readAppCred applies the body to a, and stores the body's secret in secret.
func (c *call) readAppCred(in object, a *identity.AppCredential, secret *string) error {
	var expires, description string
	err := in.fields(map[string]*string{"name": &a.Name, "secret": secret, "expires_at": &expires,
		"description": &description})
	if err != nil {
		return err
	}
	if in["description"] != nil {
		a.Description = &description
	}
	if a.Unrestricted, err = in.flag("unrestricted", false); err != nil {
		return err
	}
	if expires != "" {
		if a.ExpiresAt, err = parseTime(expires); err != nil {
			return err
		}
	}
	a.RoleIDs, err = c.appCredRoles(in)
	return err
}

// parseTime reads ISO 8601, with or without a fraction and a zone. Without a
// zone the time is UTC.
func parseTime(s string) (*time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			t = t.UTC()
			return &t, nil
		}
	}
	return nil, badRequest("Invalid input for field 'expires_at'")
}

// appCredRoles returns the roles in the body, which the token must have;
// without roles in the body, all roles of the token.
func (c *call) appCredRoles(in object) ([]string, error) {
	var out []string
	wanted, given := in["roles"].([]any)
	for _, r := range c.caller.Roles {
		if !given {
			out = append(out, r.ID)
		}
	}
	for _, v := range wanted {
		ref, _ := v.(map[string]any)
		found := false
		for _, r := range c.caller.Roles {
			if ref["id"] == r.ID || ref["id"] == nil && ref["name"] == r.Name {
				out, found = append(out, r.ID), true
				break
			}
		}
		if !found {
			return nil, badRequest("The token does not have a role that was asked for.")
		}
	}
	return out, nil
}
