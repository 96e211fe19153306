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

// userKeys are those that are not extras.
var userKeys = []string{"id", "name", "domain_id", "enabled", "password", "original_password",
	"default_project_id", "options", "links", "password_expires_at", "federated"}

func listUsers(c *call) (*web.Response, error) {
	limit := c.domainLimit()
	users := c.svc.Users(func(u *identity.User) bool { return limit == "" || u.DomainID == limit })
	return c.collection("users", render(users, c.user), "name", "domain_id", "enabled")
}

func showUser(c *call) (*web.Response, error) {
	u, err := c.svc.User(c.params["user"])
	if err != nil {
		return nil, err
	}
	return one(200, "user", c.user(u)), nil
}

// ownDomain is where something new belongs that names no domain: the caller's.
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
	u := identity.User{}
	password := ""
	if err := in.fields(map[string]*string{"name": &u.Name, "domain_id": &u.DomainID, "password": &password,
		"default_project_id": &u.DefaultProjectID}); err != nil {
		return nil, err
	}
	if _, ok := in["name"]; !ok {
		return nil, badRequest("'name' is a required property")
	}
	if u.DomainID == "" {
		u.DomainID = c.ownDomain()
	}
	if u.Enabled, err = in.flag("enabled", true); err != nil {
		return nil, err
	}
	if u.Extra, err = in.extras(nil, userKeys...); err != nil {
		return nil, err
	}
	if u.Options, err = in.userOptions(nil); err != nil {
		return nil, err
	}
	made, err := c.svc.CreateUser(c.Context(), u, password)
	if err != nil {
		return nil, err
	}
	return one(201, "user", c.user(made)), nil
}

func updateUser(c *call) (*web.Response, error) {
	id := c.params["user"]
	old, err := c.svc.User(id)
	if err != nil {
		return nil, err
	}
	in, err := c.inside("user")
	if err != nil {
		return nil, err
	}
	u := *old
	domain, password := u.DomainID, ""
	if err := in.fields(map[string]*string{"name": &u.Name, "domain_id": &domain, "password": &password,
		"default_project_id": &u.DefaultProjectID}); err != nil {
		return nil, err
	}
	if domain != u.DomainID {
		return nil, badRequest("Cannot change Domain ID")
	}
	if u.Enabled, err = in.flag("enabled", u.Enabled); err != nil {
		return nil, err
	}
	if u.Extra, err = in.extras(u.Extra, userKeys...); err != nil {
		return nil, err
	}
	if u.Options, err = in.userOptions(u.Options); err != nil {
		return nil, err
	}
	var newPassword *string
	if _, ok := in["password"]; ok {
		newPassword = &password
	}
	made, err := c.svc.UpdateUser(c.Context(), id, func(dst *identity.User) {
		dst.Name, dst.Enabled, dst.DefaultProjectID = u.Name, u.Enabled, u.DefaultProjectID
		dst.Extra, dst.Options = u.Extra, u.Options
	}, newPassword)
	if err != nil {
		return nil, err
	}
	return one(200, "user", c.user(made)), nil
}

func deleteUser(c *call) (*web.Response, error) { return dropped(c.svc.DeleteUser(c.params["user"])) }

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
	return dropped(c.svc.ChangePassword(c.Context(), c.params["user"], original, password))
}

func listUserProjects(c *call) (*web.Response, error) {
	if _, err := c.svc.User(c.params["user"]); err != nil {
		return nil, err
	}
	projects := c.svc.UserProjects(c.params["user"])
	return c.collection("projects", render(projects, c.project), "name", "domain_id", "enabled")
}
