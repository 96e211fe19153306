package main

import (
	"cmp"
	"errors"

	"needletail/auth/keystoneclient"
)

// OsloLimitConfig is how the limits of images are read from an external
// Keystone: the [oslo_limit] of a glance-api. Without an endpoint_id they are
// not.
type OsloLimitConfig struct {
	// EndpointID is that of the image service, whose service and region the
	// limits are of.
	EndpointID string `toml:"endpoint_id"`
	// The user that asks; without a name and id it is [keystone]'s. It has to
	// have the role reader on the system.
	Username          string `toml:"username"`
	UserID            string `toml:"user_id"`
	Password          string `toml:"password"`
	UserDomainID      string `toml:"user_domain_id"`
	UserDomainName    string `toml:"user_domain_name"`
	SystemScope       string `toml:"system_scope"` // "all"
	ProjectName       string `toml:"project_name"` // in its place
	ProjectID         string `toml:"project_id"`
	ProjectDomainID   string `toml:"project_domain_id"`
	ProjectDomainName string `toml:"project_domain_name"`
}

// user is who asks.
func (o *OsloLimitConfig) user(k *KeystoneConfig) keystoneclient.Login {
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

// limits is nil if none are read.
func (o *OsloLimitConfig) limits(client *keystoneclient.Client, k *KeystoneConfig) (*keystoneclient.Limits, error) {
	switch {
	case o.EndpointID == "" && *o != OsloLimitConfig{}:
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
