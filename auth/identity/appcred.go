// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"slices"
	"strconv"

	"needletail/auth/loginguard"
	"needletail/auth/token"
)

// CreateAppCredential stores a with the hash of secret and with the access
// rules (nil: every request is allowed), and returns the stored row. An empty
// a.ID is replaced by a new ID.
//
// The error is of KindNotFound for an unknown user, project or access rule, of
// KindInvalid if a has no role or a role missing to the user on the project,
// of KindForbidden beyond maxAppCreds, and of KindConflict if the user has a
// credential of the same name.
func (s *Service) CreateAppCredential(ctx context.Context, a AppCredential, secret string, rules []AccessRule) (*AppCredential, error) {
	a.ID = idOr(a.ID)
	if err := checkName(entityAppCred, a.ID, a.Name, maxNameChars); err != nil {
		return nil, err
	}
	var err error
	if a.SecretHash, err = s.passwords.hash(ctx, secret); err != nil {
		return nil, err
	}
	return &a, s.update(func(t *tx) error {
		if _, ok := s.users.rows[a.UserID]; !ok {
			return notFound("user", a.UserID)
		}
		if _, ok := s.projects.rows[a.ProjectID]; !ok {
			return notFound("project", a.ProjectID)
		}
		if s.countAppCreds(a.UserID) >= maxAppCreds {
			return &Error{Kind: KindForbidden, Op: "create", Entity: entityAppCred,
				Detail: "Unable to create additional application credentials, maximum of " +
					strconv.Itoa(maxAppCreds) + " already exceeded for user."}
		}
		has := s.effective(a.UserID, OnProject, a.ProjectID)
		for _, id := range a.RoleIDs {
			if !slices.ContainsFunc(has, func(r *Role) bool { return r.ID == id }) {
				return invalid(entityAppCred, "Could not find role assignment with role: "+id+
					", user or group: "+a.UserID+", project, domain, or system: "+a.ProjectID+".")
			}
		}
		if len(a.RoleIDs) == 0 {
			return invalid(entityAppCred, "an application credential needs a role")
		}
		if err := free(s.appCreds, "application_credential", "", a.ID, &a); err != nil {
			return err
		}
		if a.AccessRuleIDs, err = s.addAccessRules(t, a.UserID, rules); err != nil {
			return err
		}
		put(t, s.appCreds, a.ID, &a)
		return nil
	})
}

// maxAppCreds bounds the application credentials of a user. Keystone's limit
// ([application_credential] user_limit) is off by default; here users cannot
// fill the memory.
const maxAppCreds = 1000

// countAppCreds returns the number of a user's application credentials. The
// caller holds writing or mu.
func (s *Service) countAppCreds(userID string) (n int) {
	for _, a := range s.appCreds.rows {
		if a.UserID == userID {
			n++
		}
	}
	return n
}

// entityAppCred is the name of an application credential in Keystone's
// messages.
const entityAppCred = "Application Credential"

// AppCredential returns the application credential with the given ID, or an
// error of KindNotFound.
func (s *Service) AppCredential(id string) (*AppCredential, error) {
	return get(s, s.appCreds, entityAppCred, id)
}

// AppCredentials returns the application credentials accepted by keep, sorted
// by ID. A nil keep accepts all.
func (s *Service) AppCredentials(keep func(*AppCredential) bool) []*AppCredential {
	return list(s, s.appCreds, keep)
}

// DeleteAppCredential deletes an application credential. Tokens of the
// credential are invalid at once, without a revocation: validation looks the
// row up. The error is of KindNotFound.
func (s *Service) DeleteAppCredential(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.appCreds.rows[id]; !ok {
			return notFound(entityAppCred, id)
		}
		drop(t, s.appCreds, id)
		return nil
	})
}

// dropAppCreds deletes the application credentials accepted by match, as a part
// of t.
func (s *Service) dropAppCreds(t *tx, match func(*AppCredential) bool) {
	for id, a := range s.appCreds.rows {
		if match(a) {
			drop(t, s.appCreds, id)
		}
	}
}

// checkAppCred verifies the login method application_credential and returns
// the credential. The login names the credential by ID, or by user and name. A
// refusal is of KindUnauthorized; KindBusy and the context's error come from
// the queue of hashes, and KindThrottled from the guard, which counts wrong
// secrets by credential and by address. An unknown credential takes as long as a wrong secret:
// the time tells a guesser nothing about existing names.
func (s *Service) checkAppCred(ctx context.Context, l Login) (*AppCredential, *loginguard.Attempt, error) {
	if l.Scope.Kind != ScopeDefault || len(l.Methods) > 1 {
		return nil, nil, unauthorized("application credentials cannot request a scope")
	}
	s.mu.RLock()
	a := s.appCreds.rows[l.AppCred.ID]
	if l.AppCred.ID == "" {
		user := s.users.rows[l.User.ID]
		if l.User.ID == "" {
			user = s.users.named(s.domainID(l.User.Domain), l.User.Name)
		}
		if user != nil {
			a = s.appCreds.named(user.ID, l.AppCred.Name)
		}
	}
	s.mu.RUnlock()
	var stored secret
	if a != nil {
		stored = secret{a.ID, a.SecretHash}
	}
	attempt := s.appCredAttempt(ctx, l, a)
	admitted := func() error {
		if wait := attempt.Wait(); wait > 0 {
			return throttled(wait)
		}
		return nil
	}
	if err := admitted(); err != nil {
		return nil, nil, err
	}
	ok, err := s.passwords.verify(ctx, stored, l.Secret, admitted)
	if err != nil {
		return nil, nil, err
	}
	if !ok || a.ExpiresAt != nil && !s.opt.Clock().Before(*a.ExpiresAt) {
		if wait := attempt.Failed(); wait > 0 {
			return nil, nil, throttled(wait)
		}
		return nil, nil, unauthorized("wrong or expired application credential")
	}
	s.upgradeSecret(ctx, a, l.Secret)
	return a, attempt, nil
}

// appCredAttempt begins a login with the application credential a, or with an
// unknown credential, under the name that the login gives.
func (s *Service) appCredAttempt(ctx context.Context, l Login, a *AppCredential) *loginguard.Attempt {
	if s.opt.Guard == nil {
		return nil
	}
	name := "credential\x00" + l.AppCred.ID
	if a != nil {
		name = "credential\x00" + a.ID
	} else if l.AppCred.ID == "" {
		name = s.guardName(l.User) + "\x00" + l.AppCred.Name
	}
	return s.opt.Guard.Attempt(addressOf(ctx), name)
}

// upgradeSecret hashes a right secret anew if the stored hash is outdated, as
// upgradePassword does for a password. A failure is left to a later login.
func (s *Service) upgradeSecret(ctx context.Context, a *AppCredential, right string) {
	if !s.passwords.outdated(secret{a.ID, a.SecretHash}) {
		return
	}
	hash, err := s.passwords.renew(ctx, secret{a.ID, a.SecretHash}, right)
	if err != nil {
		return
	}
	_ = s.update(func(t *tx) error {
		now := s.appCreds.rows[a.ID]
		if now == nil || now.SecretHash != a.SecretHash {
			return nil // somebody was faster
		}
		upgraded := *now
		upgraded.SecretHash = hash
		put(t, s.appCreds, a.ID, &upgraded)
		return nil
	})
}

// limitRoles returns the roles of the credential, with implied roles, as far
// as the user still has them (has). The result is empty if the credential is
// gone, or if the row under its ID is of a different user or project than the
// token. The caller holds mu.
func (s *Service) limitRoles(a *AppCredential, p token.Payload, has []*Role) []*Role {
	if a == nil || a.UserID != p.UserID || a.ProjectID != p.ScopeID {
		return nil
	}
	var out []*Role
	for _, r := range s.expand(slices.Clone(a.RoleIDs)) {
		if slices.Contains(has, r) {
			out = append(out, r)
		}
	}
	return out
}
