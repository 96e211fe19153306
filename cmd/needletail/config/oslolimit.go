// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"errors"

	"needletail/auth/keystoneclient"
)

// OsloLimit lets the limits of images be read from the external Keystone, as the
// [oslo_limit] of a glance-api does. Without an endpoint_id no limits are read.
type OsloLimit struct {
	// EndpointID is the id of the endpoint of the image service. The service
	// and region of the endpoint choose the limits.
	EndpointID string `toml:"endpoint_id"`
	// Username is the name of the asking user. The user must have the role
	// reader on the system. Without a name and an id the user of [keystone]
	// asks.
	Username string `toml:"username"`
	// UserID is the id of the asking user.
	UserID string `toml:"user_id"`
	// Password is the password of the asking user.
	Password string `toml:"password" secret:"yes"`
	// UserDomainID is the id of the user's domain.
	UserDomainID string `toml:"user_domain_id"`
	// UserDomainName is the name of the user's domain.
	UserDomainName string `toml:"user_domain_name"`
	// SystemScope is the scope of the user's token, "all". "": all, unless a
	// project is named.
	SystemScope string `toml:"system_scope"`
	// ProjectName is the name of the project of the user's token, instead of
	// system_scope.
	ProjectName string `toml:"project_name"`
	// ProjectID is the id of the project of the user's token.
	ProjectID string `toml:"project_id"`
	// ProjectDomainID is the id of the project's domain.
	ProjectDomainID string `toml:"project_domain_id"`
	// ProjectDomainName is the name of the project's domain.
	ProjectDomainName string `toml:"project_domain_name"`
}

// user returns the login of the asking user.
func (o *OsloLimit) user(k *Keystone) keystoneclient.Login {
	l := keystoneclient.Login{
		UserID: o.UserID, Username: o.Username, Password: o.Password,
		UserDomainID: o.UserDomainID, UserDomainName: o.UserDomainName,
		ProjectID: o.ProjectID, ProjectName: o.ProjectName,
		ProjectDomainID: o.ProjectDomainID, ProjectDomainName: o.ProjectDomainName,
		System: o.SystemScope == "all" || o.SystemScope == "" && cmp.Or(o.ProjectID, o.ProjectName) == "",
	}
	if cmp.Or(o.UserID, o.Username) == "" {
		l.UserID, l.Username, l.Password = k.UserID, k.Username, k.Password
		l.UserDomainID, l.UserDomainName = k.UserDomainID, k.UserDomainName
	}
	return l
}

// Limits returns the limits of images at the external Keystone of client, or nil
// if no limits are read.
func (o *OsloLimit) Limits(client *keystoneclient.Client, k *Keystone) (*keystoneclient.Limits, error) {
	switch {
	case o.EndpointID == "" && *o != OsloLimit{}:
		return nil, errors.New("endpoint_id is missing")
	case o.EndpointID == "":
		return nil, nil
	case client == nil:
		return nil, errors.New("endpoint_id is of an external Keystone, and [keystone] names none")
	case o.SystemScope != "" && o.SystemScope != "all":
		return nil, errors.New("system_scope is not all")
	}
	return client.Limits(o.user(k), o.EndpointID, 0)
}
