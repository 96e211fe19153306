// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"

	"needletail/auth"
	"needletail/proxy/swift/middleware/keystoneauth"
)

// KeystoneAuth says which accounts belong to Keystone's projects.
type KeystoneAuth struct {
	// ResellerPrefixes are the prefixes of the accounts of projects.
	ResellerPrefixes []string `toml:"reseller_prefix"`
	// ServiceRoles maps a reseller prefix to roles: X-Service-Token must have one
	// of the roles in accounts of the prefix, for example
	// { SERVICE = ["service"] } (Swift's SERVICE_service_roles).
	ServiceRoles map[string][]string `toml:"service_roles"`
}

func (k *KeystoneAuth) validate() error {
	for prefix := range k.ServiceRoles {
		if !slices.Contains(k.ResellerPrefixes, prefix) {
			return fmt.Errorf("service_roles: %q is not a reseller_prefix", prefix)
		}
	}
	return nil
}

// keystoneRules returns the rules of keystoneauth: identity.operator_roles own
// the accounts of every prefix.
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

// KeystoneFilter returns the settings of the filter keystoneauth.
func (c *Config) KeystoneFilter(validator auth.TokenValidator) keystoneauth.Config {
	return keystoneauth.Config{
		Validator: validator,
		Rules:     c.keystoneRules(),
		AuthURI:   c.KeystoneURL(),

		ServiceTokenRoles:         c.Keystone.ServiceTokenRoles,
		ServiceTokenRolesRequired: c.Keystone.RolesRequired,
		ServiceType:               c.Keystone.ServiceType,
		RefuseAnonymous:           !c.Keystone.DelayAuthDecision,
	}
}
