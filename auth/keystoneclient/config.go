// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Config is the argument of New. Zero values stand for the defaults.
type Config struct {
	// AuthURL is Keystone's address, with or without "/v3".
	AuthURL string
	Login   Login
	// TLS is for https and has the trusted authorities; nil: the system's.
	TLS *tls.Config

	CacheTime    time.Duration // DefaultCacheTime
	NegativeTime time.Duration // DefaultNegativeTime
	// OutageTime is the additional time beyond CacheTime during which an answer
	// is good while Keystone does not answer. 0: DefaultOutageTime; negative:
	// none.
	OutageTime  time.Duration
	CacheTokens int // DefaultCacheTokens

	ConnectTimeout time.Duration // DefaultConnectTimeout
	RequestTimeout time.Duration // for each request: DefaultRequestTimeout
	// Retries is the number of further attempts after a failure to connect. 0:
	// DefaultRetries; negative: none.
	Retries int
	// RetryDelay is the pause before the first retry and doubles with each
	// retry. 0: DefaultRetryDelay.
	RetryDelay time.Duration

	UserAgent string
	Logger    *slog.Logger // nil: no log
	Clock     func() time.Time
}

// Login is the service user: a user with a password, or an application
// credential, whose project is fixed.
type Login struct {
	UserID, Username             string
	UserDomainID, UserDomainName string
	Password                     string

	ProjectID, ProjectName             string
	ProjectDomainID, ProjectDomainName string

	// System asks for system scope instead of a project.
	System bool

	AppCredentialID, AppCredentialSecret string
}

// The defaults. A comment names the option of keystonemiddleware with the same
// value.
const (
	DefaultCacheTime      = 300 * time.Second // token_cache_time
	DefaultNegativeTime   = 3 * time.Second
	DefaultOutageTime     = time.Hour
	DefaultCacheTokens    = 16384
	DefaultConnectTimeout = 5 * time.Second
	DefaultRequestTimeout = 15 * time.Second
	DefaultRetries        = 3                      // http_request_max_retries
	DefaultRetryDelay     = 500 * time.Millisecond // then 1 s, 2 s
)

const (
	// renewBefore is keystoneauth1's MIN_TOKEN_LIFE_SECONDS: a service token
	// with less time to live is renewed.
	renewBefore = 120 * time.Second
	// restAfterFailure is the time without questions after a failure.
	// restAfterRefusal is the time after Keystone has refused the service user:
	// Keystone may lock a user out after many attempts.
	restAfterFailure = time.Second
	restAfterRefusal = 10 * time.Second
	// maxAnswerBytes bounds an answer of Keystone.
	maxAnswerBytes = 1 << 20
	// maxTokenBytes bounds a token that is asked about. Keystone's
	// max_token_size is 255; tokens of further providers are longer.
	maxTokenBytes = 8192
	// maxQuestions bounds the questions under way.
	maxQuestions = 64
)

// orDefault replaces a zero value.
func orDefault[T comparable](value *T, otherwise T) {
	var zero T
	if *value == zero {
		*value = otherwise
	}
}

// complete checks c and fills in the defaults.
func (c *Config) complete() error {
	u, err := url.Parse(c.AuthURL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("auth_url is no http or https URL")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("auth_url has more than an address and a path")
	}
	c.AuthURL = strings.TrimRight(c.AuthURL, "/")
	if !strings.HasSuffix(c.AuthURL, "/v3") {
		c.AuthURL += "/v3"
	}
	orDefault(&c.CacheTime, DefaultCacheTime)
	orDefault(&c.NegativeTime, DefaultNegativeTime)
	orDefault(&c.OutageTime, DefaultOutageTime)
	orDefault(&c.CacheTokens, DefaultCacheTokens)
	orDefault(&c.ConnectTimeout, DefaultConnectTimeout)
	orDefault(&c.RequestTimeout, DefaultRequestTimeout)
	orDefault(&c.Retries, DefaultRetries)
	orDefault(&c.RetryDelay, DefaultRetryDelay)
	orDefault(&c.UserAgent, "needletail")
	orDefault(&c.Logger, slog.New(slog.DiscardHandler))
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c.Login.check()
}

func (l *Login) check() error {
	if l.AppCredentialID != "" {
		if l.AppCredentialSecret == "" {
			return errors.New("application_credential_secret is missing")
		}
		return nil
	}
	switch {
	case l.UserID == "" && l.Username == "":
		return errors.New("username is missing")
	case l.Password == "":
		return errors.New("password is missing")
	case l.ProjectID == "" && l.ProjectName == "" && !l.System:
		return errors.New("project_name is missing")
	}
	return nil
}
