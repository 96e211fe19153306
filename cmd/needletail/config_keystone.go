package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"needletail/auth"
	"needletail/auth/keystoneclient"
	"needletail/proxy/swift/middleware/keystoneauth"
	"needletail/proxy/web"
)

// KeystoneConfig is about an external Keystone, with the names of
// keystonemiddleware's [keystone_authtoken]. With an auth_url it takes the place
// of the built-in one, which is not served then.
type KeystoneConfig struct {
	AuthURL string `toml:"auth_url"`
	// WWWAuthenticateURI is what a 401 tells clients; empty: AuthURL.
	WWWAuthenticateURI string `toml:"www_authenticate_uri"`

	Username          string `toml:"username"`
	UserID            string `toml:"user_id"`
	Password          string `toml:"password"`
	UserDomainID      string `toml:"user_domain_id"` // "default" without a name
	UserDomainName    string `toml:"user_domain_name"`
	ProjectName       string `toml:"project_name"`
	ProjectID         string `toml:"project_id"`
	ProjectDomainID   string `toml:"project_domain_id"`
	ProjectDomainName string `toml:"project_domain_name"`
	// Instead of a user with password and project.
	AppCredentialID     string `toml:"application_credential_id"`
	AppCredentialSecret string `toml:"application_credential_secret"`

	CAFile   string `toml:"cafile"` // PEM; empty: the system's authorities
	CertFile string `toml:"certfile"`
	KeyFile  string `toml:"keyfile"`

	// Durations and numbers of 0 mean the defaults.
	TokenCacheTime    Duration `toml:"token_cache_time"`         // 300s
	OutageCacheTime   Duration `toml:"outage_cache_time"`        // 1h
	CacheTokens       int      `toml:"cache_tokens"`             // 16384
	ConnectTimeout    Duration `toml:"http_connect_timeout"`     // 5s
	RequestTimeout    Duration `toml:"http_request_timeout"`     // 15s
	RequestMaxRetries int      `toml:"http_request_max_retries"` // 3; -1: none
	DelayAuthDecision bool     `toml:"delay_auth_decision"`      // true
	ServiceTokenRoles []string `toml:"service_token_roles"`      // ["service"]
	RolesRequired     bool     `toml:"service_token_roles_required"`
	ServiceType       string   `toml:"service_type"` // "object-store"
	// ImageAccount is the Swift account that holds the bytes of images,
	// "AUTH_" and the id of the project "service"; empty: no Image API.
	ImageAccount string `toml:"image_account"`
}

func (k *KeystoneConfig) external() bool { return k.AuthURL != "" }

// client is nil for the built-in Keystone.
func (k *KeystoneConfig) client(logger *slog.Logger) (*keystoneclient.Client, error) {
	if !k.external() {
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
		Retries: k.RequestMaxRetries, UserAgent: "needletail/" + version, Logger: logger,
	})
}

func (k *KeystoneConfig) tls() (*tls.Config, error) {
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

// validateKeystone says what is wrong with [keystone] and [oslo_limit].
func (c *Config) validateKeystone() error {
	client, err := c.Keystone.client(slog.New(slog.DiscardHandler))
	if err != nil {
		return fmt.Errorf("keystone: %w", err)
	}
	if _, err = c.OsloLimit.limits(client, &c.Keystone); err != nil {
		err = fmt.Errorf("oslo_limit: %w", err)
	}
	if client != nil {
		err = errors.Join(err, client.Close())
	}
	return err
}

// keystoneAuth is the middleware's configuration.
func (c *Config) keystoneAuth(validator auth.TokenValidator) keystoneauth.Config {
	return keystoneauth.Config{
		Validator: validator,
		Rules:     c.keystoneRules(),
		AuthURI:   c.keystoneURL(),

		ServiceTokenRoles:         c.Keystone.ServiceTokenRoles,
		ServiceTokenRolesRequired: c.Keystone.RolesRequired,
		ServiceType:               c.Keystone.ServiceType,
		RefuseAnonymous:           !c.Keystone.DelayAuthDecision,
	}
}

// keystoneURL is where clients get their tokens.
func (c *Config) keystoneURL() string {
	switch {
	case c.Keystone.WWWAuthenticateURI != "":
		return c.Keystone.WWWAuthenticateURI
	case c.Keystone.external():
		return c.Keystone.AuthURL
	}
	return c.PublicURL + "/identity"
}

// notServed stands where a service is not served.
func notServed() web.Handler {
	return web.HandlerFunc(func(*web.Request) (*web.Response, error) { return nil, web.Status(404) })
}
