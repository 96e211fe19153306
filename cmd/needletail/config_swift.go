package main

import (
	"errors"
	"fmt"
	"slices"

	"needletail/auth/signing"
	"needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/proxy/swift/middleware/keystoneauth"
)

// SwiftConfig has the options of Swift's proxy server, under Swift's names.
type SwiftConfig struct {
	// AccountAutocreate lets an account come into being with the first write.
	AccountAutocreate bool `toml:"account_autocreate"`
	// AllowAccountManagement opens PUT and DELETE of accounts to reseller
	// admins.
	AllowAccountManagement bool `toml:"allow_account_management"`
	// AllowOpenExpired lets "X-Open-Expired: true" see an object that has
	// expired until it is removed.
	AllowOpenExpired bool `toml:"allow_open_expired"`
	// StrictCORSMode answers a page of another origin with CORS lines only if
	// the container allows the origin.
	StrictCORSMode bool `toml:"strict_cors_mode"`
	// CORSAllowOrigin and CORSExposeHeaders count for every container.
	CORSAllowOrigin   []string `toml:"cors_allow_origin"`
	CORSExposeHeaders []string `toml:"cors_expose_headers"`
	// AllowedDigests are those that temporary URLs and forms may be signed with:
	// sha1, which is not there by default, sha256, sha512.
	AllowedDigests []string `toml:"allowed_digests"`
	// FullDiskStatus answers the upload of an object that there is no room for:
	// 507, or 413 for a glance-api in front, which tells its users 413 of a 413
	// and 500 of all else.
	FullDiskStatus int `toml:"full_disk_status"`
}

func (c *SwiftConfig) validate() error {
	if _, err := signing.ParseDigests(c.AllowedDigests); err != nil {
		return fmt.Errorf("allowed_digests: %w", err)
	}
	if c.FullDiskStatus != 507 && c.FullDiskStatus != 413 {
		return errors.New("full_disk_status must be 507 or 413")
	}
	return nil
}

// TempAuthConfig has TempAuth's users.
type TempAuthConfig struct {
	// Users are "ACCOUNT:USER=KEY[,GROUP…]", as --tempauth-user takes them.
	Users []string `toml:"users"`
	// ResellerPrefixes are what accounts begin with; none means "AUTH".
	ResellerPrefixes []string `toml:"reseller_prefix"`
	// RequireGroup maps a reseller prefix to the group that X-Service-Token must
	// have there (Swift's SERVICE_require_group).
	RequireGroup map[string]string `toml:"require_group"`
	TokenLife    Duration          `toml:"token_life"`
	// StorageURLScheme is that of X-Storage-Url, for a server behind a TLS
	// terminator; empty: the request's.
	StorageURLScheme string `toml:"storage_url_scheme"`
}

// users reads the lines of Users.
func (c *TempAuthConfig) users() ([]tempauth.User, error) {
	users := make([]tempauth.User, len(c.Users))
	for i, line := range c.Users {
		user, err := tempauth.ParseUser(line)
		if err != nil {
			return nil, fmt.Errorf("%w: tempauth user %d: %w", errUsage, i+1, err)
		}
		users[i] = user
	}
	return users, nil
}

// KeystoneAuthConfig says whose accounts Keystone's projects are.
type KeystoneAuthConfig struct {
	// ResellerPrefixes are what accounts begin with; none means "AUTH".
	ResellerPrefixes []string `toml:"reseller_prefix"`
	// ServiceRoles maps a reseller prefix to roles of which X-Service-Token must
	// have one there (Swift's SERVICE_service_roles).
	ServiceRoles map[string][]string `toml:"service_roles"`
}

func (k *KeystoneAuthConfig) validate() error {
	for prefix := range k.ServiceRoles {
		if !slices.Contains(k.ResellerPrefixes, prefix) {
			return fmt.Errorf("service_roles: %q is not a reseller_prefix", prefix)
		}
	}
	return nil
}

// keystoneRules are keystoneauth's: identity.operator_roles own the accounts of
// every prefix.
func (c *Config) keystoneRules() []keystoneauth.Rules {
	prefixes := c.KeystoneAuth.ResellerPrefixes
	if len(prefixes) == 0 {
		prefixes = []string{"AUTH"}
	}
	rules := make([]keystoneauth.Rules, len(prefixes))
	for i, p := range prefixes {
		rules[i] = keystoneauth.Rules{
			ResellerPrefix: p, OperatorRoles: c.Identity.OperatorRoles, ServiceRoles: c.KeystoneAuth.ServiceRoles[p],
		}
	}
	return rules
}

// PolicyConfig is a storage policy: a [[policy]] of the file.
type PolicyConfig struct {
	Index      uint16   `toml:"index"` // on disk; never changes
	Name       string   `toml:"name"`
	Aliases    []string `toml:"aliases"`
	Default    bool     `toml:"default"` // exactly one
	Deprecated bool     `toml:"deprecated"`
	// Copies, or Data and Parity: what devices keep of an object. Nothing means
	// one copy. Objects keep what they were stored with.
	Copies int `toml:"copies"`
	Data   int `toml:"data"`
	Parity int `toml:"parity"`
}

// defaultPolicies are those that Swift's swift.conf-sample has, its second one
// uncommented: a client that chooses between policies has a choice.
func defaultPolicies() objstore.Policies {
	return objstore.Policies{
		{Index: 0, Name: "Policy-0", Aliases: []string{"yellow", "orange"}, Default: true},
		{Index: 1, Name: "silver"},
	}
}

// policies are the configured ones, or the default.
func (c *Config) policies() objstore.Policies {
	if len(c.Policies) == 0 {
		return defaultPolicies()
	}
	list := make(objstore.Policies, len(c.Policies))
	for i, p := range c.Policies {
		list[i] = objstore.Policy{
			Index: objstore.PolicyIndex(p.Index), Name: p.Name, Aliases: p.Aliases,
			Default: p.Default, Deprecated: p.Deprecated,
			Copies: p.Copies, DataFragments: p.Data, ParityFragments: p.Parity,
		}
	}
	return list
}
