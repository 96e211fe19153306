// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"time"

	"needletail/auth/authtoken"
	"needletail/auth/keystoneclient"
	"needletail/proxy/swift/middleware/keystoneauth"
)

// Keystone is about an external Keystone, with the names of
// keystonemiddleware's [keystone_authtoken]. With an auth_url the external
// Keystone takes the place of the built-in Keystone, and /identity is not
// served. username or user_id names the service user, project_name or
// project_id the project of the user. An application credential may stand
// instead of user, password and project.
type Keystone struct {
	// AuthURL is the URL of the external Keystone. "": the built-in Keystone.
	AuthURL string `toml:"auth_url"`
	// WWWAuthenticateURI is the URL of Keystone in the header of a 401. "":
	// auth_url.
	WWWAuthenticateURI string `toml:"www_authenticate_uri" reload:"yes"`

	// Username is the name of the service user.
	Username string `toml:"username"`
	// UserID is the id of the service user.
	UserID string `toml:"user_id"`
	// Password is the password of the service user.
	Password string `toml:"password" secret:"yes"`
	// UserDomainID is the id of the user's domain. Without a name and an id the
	// domain is "default".
	UserDomainID string `toml:"user_domain_id"`
	// UserDomainName is the name of the user's domain.
	UserDomainName string `toml:"user_domain_name"`
	// ProjectName is the name of the service user's project.
	ProjectName string `toml:"project_name"`
	// ProjectID is the id of the service user's project.
	ProjectID string `toml:"project_id"`
	// ProjectDomainID is the id of the project's domain. Without a name and an
	// id the domain is "default".
	ProjectDomainID string `toml:"project_domain_id"`
	// ProjectDomainName is the name of the project's domain.
	ProjectDomainName string `toml:"project_domain_name"`
	// AppCredentialID is the id of an application credential.
	AppCredentialID string `toml:"application_credential_id"`
	// AppCredentialSecret is the secret of the application credential.
	AppCredentialSecret string `toml:"application_credential_secret" secret:"yes"`

	// CAFile has the trusted certificates, as PEM. "": the authorities of the
	// system.
	CAFile string `toml:"cafile"`
	// CertFile has the server's own certificate for Keystone, as PEM.
	CertFile string `toml:"certfile"`
	// KeyFile has the key of the certificate, as PEM.
	KeyFile string `toml:"keyfile"`

	// TokenCacheTime is how long an answer about a token counts without asking
	// again. "0s" stands for the default.
	TokenCacheTime Duration `toml:"token_cache_time"`
	// OutageCacheTime is how long known tokens go on working while Keystone
	// does not answer. No token works beyond its end. "0s" stands for the
	// default.
	OutageCacheTime Duration `toml:"outage_cache_time"`
	// CacheTokens is how many tokens are known at the same time. 0 stands for the
	// default.
	CacheTokens int `toml:"cache_tokens"`
	// ConnectTimeout is how long a connection to Keystone may take. "0s" stands for
	// the default.
	ConnectTimeout Duration `toml:"http_connect_timeout"`
	// RequestTimeout is how long an answer of Keystone may take. "0s" stands for the
	// default.
	RequestTimeout Duration `toml:"http_request_timeout"`
	// RequestMaxRetries is how often a failed request is sent again. 0 stands for
	// the default, -1 for never.
	RequestMaxRetries int `toml:"http_request_max_retries"`
	// DelayAuthDecision leaves a request without a valid token to the rights of
	// anonymous clients. With false the request gets 401 at once.
	DelayAuthDecision bool `toml:"delay_auth_decision" reload:"yes"`
	// ServiceTokenRoles are the roles of services that may send the expired token
	// of a user together with their own token.
	ServiceTokenRoles []string `toml:"service_token_roles" reload:"yes"`
	// RolesRequired makes the request of a service anonymous if the service has
	// no role in service_token_roles.
	RolesRequired bool `toml:"service_token_roles_required" reload:"yes"`
	// ServiceType is the name of this service in the access rules of application
	// credentials.
	ServiceType string `toml:"service_type" reload:"yes"`
	// ImageAccount is the Swift account that holds the bytes of images: "AUTH_" and
	// the id of the project "service". "": the Image API is not served.
	ImageAccount string `toml:"image_account"`
}

func defaultKeystone() Keystone {
	return Keystone{
		TokenCacheTime:    Duration(keystoneclient.DefaultCacheTime),
		OutageCacheTime:   Duration(keystoneclient.DefaultOutageTime),
		CacheTokens:       keystoneclient.DefaultCacheTokens,
		ConnectTimeout:    Duration(keystoneclient.DefaultConnectTimeout),
		RequestTimeout:    Duration(keystoneclient.DefaultRequestTimeout),
		RequestMaxRetries: keystoneclient.DefaultRetries,
		DelayAuthDecision: true,
		ServiceTokenRoles: authtoken.DefaultServiceRoles(),
		ServiceType:       keystoneauth.DefaultServiceType,
	}
}

// External reports whether an external Keystone is configured.
func (k *Keystone) External() bool { return k.AuthURL != "" }

// validateBuiltIn refuses options of an external Keystone without an external
// Keystone: the author of the file believes that the options count. Options
// that count for tokens of the built-in Keystone too may stay.
func (k *Keystone) validateBuiltIn() error {
	d, set := defaultKeystone(), *k
	set.TokenCacheTime = cmp.Or(set.TokenCacheTime, d.TokenCacheTime)
	set.OutageCacheTime = cmp.Or(set.OutageCacheTime, d.OutageCacheTime)
	set.CacheTokens = cmp.Or(set.CacheTokens, d.CacheTokens)
	set.ConnectTimeout = cmp.Or(set.ConnectTimeout, d.ConnectTimeout)
	set.RequestTimeout = cmp.Or(set.RequestTimeout, d.RequestTimeout)
	set.RequestMaxRetries = cmp.Or(set.RequestMaxRetries, d.RequestMaxRetries)
	set.WWWAuthenticateURI, set.DelayAuthDecision, set.ServiceTokenRoles = "", d.DelayAuthDecision, d.ServiceTokenRoles
	set.RolesRequired, set.ServiceType = false, d.ServiceType
	if !reflect.DeepEqual(set, d) {
		return errors.New("auth_url is missing")
	}
	return nil
}

// Client returns the client of the external Keystone, or nil for the built-in
// Keystone.
func (k *Keystone) Client(logger *slog.Logger, userAgent string) (*keystoneclient.Client, error) {
	if !k.External() {
		return nil, k.validateBuiltIn()
	}
	if k.CacheTokens < 0 {
		return nil, errors.New("cache_tokens is negative")
	}
	trust, err := k.tls()
	if err != nil {
		return nil, err
	}
	return keystoneclient.New(keystoneclient.Config{
		AuthURL: k.AuthURL,
		Login: keystoneclient.Login{
			UserID: k.UserID, Username: k.Username, Password: k.Password,
			UserDomainID: k.UserDomainID, UserDomainName: k.UserDomainName,
			ProjectID: k.ProjectID, ProjectName: k.ProjectName,
			ProjectDomainID: k.ProjectDomainID, ProjectDomainName: k.ProjectDomainName,
			AppCredentialID: k.AppCredentialID, AppCredentialSecret: k.AppCredentialSecret,
		},
		TLS:       trust,
		CacheTime: time.Duration(k.TokenCacheTime), OutageTime: time.Duration(k.OutageCacheTime), CacheTokens: k.CacheTokens,
		ConnectTimeout: time.Duration(k.ConnectTimeout), RequestTimeout: time.Duration(k.RequestTimeout),
		Retries: k.RequestMaxRetries, UserAgent: userAgent, Logger: logger,
	})
}

func (k *Keystone) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if k.CAFile != "" {
		pem, err := os.ReadFile(k.CAFile)
		if err != nil {
			return nil, fmt.Errorf("cafile: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("cafile: %s has no certificate", k.CAFile)
		}
	}
	if k.CertFile != "" || k.KeyFile != "" {
		pair, err := tls.LoadX509KeyPair(k.CertFile, k.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("certfile and keyfile: %w", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// validateKeystone checks [keystone] and [oslo_limit] together.
func (c *Config) validateKeystone() error {
	client, err := c.Keystone.Client(slog.New(slog.DiscardHandler), "")
	if err != nil {
		return fmt.Errorf("keystone: %w", err)
	}
	if _, err = c.OsloLimit.Limits(client, &c.Keystone); err != nil {
		err = fmt.Errorf("oslo_limit: %w", err)
	}
	if client != nil {
		err = errors.Join(err, client.Close())
	}
	return err
}

// KeystoneURL returns the URL where clients get their tokens.
func (c *Config) KeystoneURL() string {
	switch {
	case c.Keystone.WWWAuthenticateURI != "":
		return c.Keystone.WWWAuthenticateURI
	case c.Keystone.External():
		return c.Keystone.AuthURL
	}
	return c.PublicURL + "/identity"
}
