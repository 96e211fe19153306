// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func userRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v3/users", action: "identity:list_users", rule: domainListers, handle: listUsers},
		{method: "POST", pattern: "/v3/users", action: "identity:create_user", rule: adminInPerson, handle: createUser},
		{method: "GET", pattern: "/v3/users/{user}", action: "identity:get_user", rule: userReaders, handle: showUser},
		{method: "PATCH", pattern: "/v3/users/{user}", action: "identity:update_user", rule: adminInPerson, handle: updateUser},
		{method: "DELETE", pattern: "/v3/users/{user}", action: "identity:delete_user", rule: adminOnly, handle: deleteUser},
		{method: "POST", pattern: "/v3/users/{user}/password", action: "identity:change_password", rule: everybody, handle: changePassword},
		{method: "GET", pattern: "/v3/users/{user}/projects", action: "identity:list_user_projects", rule: userReaders, handle: listUserProjects},
		{method: "GET", pattern: "/v3/users/{user}/groups", action: "identity:list_groups_for_user", rule: userReaders, handle: listUserGroups},
	}
}

func (c *call) user(u *identity.User) pyjson.Object {
	o := pyjson.Object{
		{Key: "id", Value: u.ID}, {Key: "name", Value: u.Name}, {Key: "domain_id", Value: u.DomainID},
		{Key: "enabled", Value: u.Enabled}, {Key: "password_expires_at", Value: nil},
		{Key: "options", Value: toPy(u.Options)},
	}
	if u.DefaultProjectID != "" {
		o = append(o, pyjson.Member{Key: "default_project_id", Value: u.DefaultProjectID})
	}
	return withExtras(append(o, c.links("users", u.ID)), u.Extra)
}

// userKeys are the members of a user that are not extras.
var userKeys = []string{"id", "name", "domain_id", "enabled", "password", "original_password",
	"default_project_id", "options", "links", "password_expires_at", "federated"}

func listUsers(c *call) (*web.Response, error) {
	limit := c.domainLimit()
	users := c.svc.Users(func(u *identity.User) bool { return limit == "" || u.DomainID == limit })
	return c.collection("users", render(users, c.user), "name", "domain_id", "enabled")
}

func showUser(c *call) (*web.Response, error) {
	u, err := c.svc.User(c.params.Get("user"))
	if err != nil {
		return nil, err
	}
	return one(200, "user", c.user(u)), nil
}

// ownDomain returns the domain for a new row whose body names no domain: the
// caller's domain, else the domain of the caller's project, else the default
// domain.
func (c *call) ownDomain() string {
	switch {
	case c.caller.Domain != nil:
		return c.caller.Domain.ID
	case c.caller.Project != nil:
		return c.caller.Project.DomainID
	}
	return identity.DefaultDomainID
}

func createUser(c *call) (*web.Response, error) {
	in, err := c.inside("user")
	if err != nil {
		return nil, err
	}
	if err := in.required("name"); err != nil {
		return nil, err
	}
	u := identity.User{Enabled: true}
	given, err := readUser(in, &u)
	if err != nil {
		return nil, err
	}
	if u.DomainID == "" {
		u.DomainID = c.ownDomain()
	}
	password := ""
	if given != nil {
		password = *given
	}
	made, err := c.svc.CreateUser(c.Context(), u, password)
	if err != nil {
		return nil, err
	}
	return one(201, "user", c.user(made)), nil
}

func updateUser(c *call) (*web.Response, error) {
	var password *string // nil: the body has no password
	return patch[identity.User]{
		key: "user", id: c.params.Get("user"), find: c.svc.User, show: c.user,
		read: func(in object, u *identity.User) (err error) {
			password, err = readUser(in, u)
			return err
		},
		update: func(id string, edit func(*identity.User)) (*identity.User, error) {
			return c.svc.UpdateUser(c.Context(), id, edit, password)
		},
	}.serve(c)
}

// readUser applies the body of a user to u and returns the new password, or nil
// for a body without a password. The domain of a user stays.
func readUser(in object, u *identity.User) (password *string, err error) {
	domain, text := u.DomainID, ""
	if err := in.fields(map[string]*string{"name": &u.Name, "domain_id": &domain, "password": &text,
		"default_project_id": &u.DefaultProjectID}); err != nil {
		return nil, err
	}
	if u.DomainID != "" && domain != u.DomainID {
		return nil, badRequest("Cannot change Domain ID")
	}
	u.DomainID = domain
	if u.Enabled, err = in.flag("enabled", u.Enabled); err != nil {
		return nil, err
	}
	if u.Extra, err = in.extras(u.Extra, userKeys...); err != nil {
		return nil, err
	}
	if u.Options, err = in.userOptions(u.Options); err != nil {
		return nil, err
	}
	if _, ok := in["password"]; ok {
		password = &text
	}
	return password, nil
}

func deleteUser(c *call) (*web.Response, error) {
	return dropped(c.svc.DeleteUser(c.params.Get("user")))
}

// changePassword lets users change their own password. The old password is the
// proof, so that the route needs no token.
func changePassword(c *call) (*web.Response, error) {
	in, err := c.inside("user")
	if err != nil {
		return nil, err
	}
	var password, original string
	if err := in.fields(map[string]*string{"password": &password, "original_password": &original}); err != nil {
		return nil, err
	}
	if password == "" || original == "" {
		return nil, missing("password and original_password", "user")
	}
	return dropped(c.svc.ChangePassword(c.Context(), c.params.Get("user"), original, password))
}

func listUserProjects(c *call) (*web.Response, error) {
	if _, err := c.svc.User(c.params.Get("user")); err != nil {
		return nil, err
	}
	projects := c.svc.UserProjects(c.params.Get("user"))
	return c.collection("projects", render(projects, c.project), "name", "domain_id", "enabled")
}
