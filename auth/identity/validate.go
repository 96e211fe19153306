// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/sha256"
	"time"

	"needletail/auth"
	"needletail/auth/token"
)

// source is the value of auth.Identity.Source for tokens of this package.
const source = "keystone"

var _ auth.ExpiredTokenValidator = (*Service)(nil)

// cachedToken is a validation, good while the generation is the current
// generation.
type cachedToken struct {
	generation uint64
	token      *Token
	identity   *auth.Identity
}

// Validate implements auth.TokenValidator: Validate returns the user, scope
// and roles of a token at this moment. The error is auth.ErrInvalidToken.
func (s *Service) Validate(_ context.Context, text string) (*auth.Identity, error) {
	return s.identityOf(text, false)
}

// ValidateExpired is Validate for a token valid now or expired less than
// ExpiredWindow ago. Services use expired tokens of users to finish long
// operations.
func (s *Service) ValidateExpired(_ context.Context, text string) (*auth.Identity, error) {
	return s.identityOf(text, true)
}

// identityOf implements Validate and ValidateExpired.
func (s *Service) identityOf(text string, allowExpired bool) (*auth.Identity, error) {
	c, err := s.lookup(text, allowExpired)
	if err != nil {
		return nil, auth.ErrInvalidToken
	}
	return c.identity, nil
}

// ValidateToken returns a token with its user, scope and roles at this moment.
// With allowExpired, a token expired less than ExpiredWindow ago is valid too.
// The error is of KindNotFound for a token malformed, expired, revoked, or
// without its user or scope.
func (s *Service) ValidateToken(text string, allowExpired bool) (*Token, error) {
	c, err := s.lookup(text, allowExpired)
	return c.token, err
}

// lookup validates a token, out of the cache if no change came since the last
// validation. The generation is read first: a change during the validation
// makes the new entry stale. Expiry is checked for cached tokens too. The
// error is of KindNotFound.
func (s *Service) lookup(text string, allowExpired bool) (cachedToken, error) {
	key := sha256.Sum256([]byte(text))
	generation := s.generation.Load() // before anything is read
	c, ok := s.cache.Get(key)
	if !ok || c.generation != generation {
		p, issued, err := s.keys.Parse(text)
		if err != nil {
			return cachedToken{}, noToken(err)
		}
		s.mu.RLock()
		t, err := s.resolve(text, p, issued)
		s.mu.RUnlock()
		if err != nil {
			s.cache.Remove(key)
			return cachedToken{}, noToken(err)
		}
		c = cachedToken{generation, t, identityOf(t)}
		s.cache.Add(key, c)
	}
	end := c.token.ExpiresAt
	if allowExpired {
		end = end.Add(ExpiredWindow)
	}
	if !s.opt.Clock().Before(end) {
		return cachedToken{}, noToken(nil)
	}
	return c, nil
}

// noToken returns the error of ValidateToken. The cause is for the log.
func noToken(cause error) error {
	return &Error{Kind: KindNotFound, Op: "validate", Entity: "token", Err: cause}
}

// resolve returns the token of a payload, with the rows named by the payload.
// The error is of KindUnauthorized if the user, the project or a domain is
// gone or disabled, if the token is revoked, and if the user has no role on
// the scope. Expiry is left to the caller. The caller holds mu.
func (s *Service) resolve(text string, p token.Payload, issued time.Time) (*Token, error) {
	t := &Token{Text: text, Methods: p.Methods, AuditIDs: p.AuditIDs, IssuedAt: issued, ExpiresAt: p.Expires}
	t.User = s.users.rows[p.UserID]
	if t.User == nil || !t.User.Enabled || len(p.AuditIDs) == 0 {
		return nil, unauthorized("no such user, or disabled")
	}
	t.UserDomain = s.domains.rows[t.User.DomainID]
	if t.UserDomain == nil || !t.UserDomain.Enabled {
		return nil, unauthorized("the user's domain is disabled")
	}
	if s.isRevoked(p, issued) {
		return nil, unauthorized("revoked")
	}
	switch p.Kind {
	case token.Unscoped:
		return t, nil
	case token.Project, token.AppCred, token.Trust:
		t.Project = s.projects.rows[p.ScopeID]
		if t.Project == nil || !s.projectUsable(t.Project) {
			return nil, unauthorized("no such project, or disabled")
		}
		t.ProjectDomain = s.domains.rows[t.Project.DomainID]
		if err := s.resolveProjectRoles(t, p); err != nil {
			return nil, err
		}
	case token.Domain:
		t.Domain = s.domains.rows[p.ScopeID]
		if t.Domain == nil || !t.Domain.Enabled {
			return nil, unauthorized("no such domain, or disabled")
		}
		t.Roles = s.effective(p.UserID, OnDomain, p.ScopeID)
	case token.System:
		t.System = true
		t.Roles = s.effective(p.UserID, OnSystem, "")
	}
	if len(t.Roles) == 0 {
		return nil, unauthorized("no role on the scope")
	}
	return t, nil
}

// resolveProjectRoles sets the roles of a token on a project: all roles of the
// user, or the roles of an application credential or trust as far as the user
// still has them. The caller holds mu.
func (s *Service) resolveProjectRoles(t *Token, p token.Payload) error {
	switch p.Kind {
	case token.Trust:
		return s.resolveTrust(t, p)
	case token.AppCred:
		a := s.appCreds.rows[p.Delegation]
		t.Roles = s.limitRoles(a, p, s.effective(p.UserID, OnProject, p.ScopeID))
		if a != nil {
			t.AppCred, t.AccessRules = a, s.rulesOf(a)
		}
	default:
		t.Roles = s.effective(p.UserID, OnProject, p.ScopeID)
	}
	return nil
}

// identityOf returns the view of a token for the services.
func identityOf(t *Token) *auth.Identity {
	id := &auth.Identity{
		Source: source,
		UserID: t.User.ID, UserName: t.User.Name,
		UserDomainID: t.UserDomain.ID, UserDomainName: t.UserDomain.Name,
		SystemScope: t.System,
		AccessRules: t.AccessRules,
	}
	if t.Project != nil {
		id.ProjectID, id.ProjectName = t.Project.ID, t.Project.Name
		id.ProjectDomainID, id.ProjectDomainName = t.ProjectDomain.ID, t.ProjectDomain.Name
	}
	if t.Domain != nil {
		id.DomainID, id.DomainName = t.Domain.ID, t.Domain.Name
	}
	for _, r := range t.Roles {
		id.Roles = append(id.Roles, r.Name)
	}
	return id
}
