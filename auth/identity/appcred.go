package identity

import (
	"context"
	"slices"
	"strconv"

	"needletail/auth/token"
)

// CreateAppCredential stores a with that secret and those access rules (nil: no
// such limit); an empty ID gets a new one. The user must have the roles on the
// project.
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

// maxAppCreds bounds what one user may keep; Keystone's limit is off by default.
const maxAppCreds = 1000

func (s *Service) countAppCreds(userID string) (n int) {
	for _, a := range s.appCreds.rows {
		if a.UserID == userID {
			n++
		}
	}
	return n
}

// entityAppCred is the name in Keystone's messages.
const entityAppCred = "Application Credential"

// AppCredential is the application credential of that id.
func (s *Service) AppCredential(id string) (*AppCredential, error) {
	return get(s, s.appCreds, entityAppCred, id)
}

// AppCredentials are all that keep (nil: all) says so of, by id.
func (s *Service) AppCredentials(keep func(*AppCredential) bool) []*AppCredential {
	return list(s, s.appCreds, keep)
}

// DeleteAppCredential deletes one, and with it its tokens.
func (s *Service) DeleteAppCredential(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.appCreds.rows[id]; !ok {
			return notFound(entityAppCred, id)
		}
		drop(t, s.appCreds, id)
		return nil
	})
}

func (s *Service) dropAppCreds(t *tx, match func(*AppCredential) bool) {
	for id, a := range s.appCreds.rows {
		if match(a) {
			drop(t, s.appCreds, id)
		}
	}
}

// checkAppCred is the method application_credential.
func (s *Service) checkAppCred(ctx context.Context, l Login) (*AppCredential, error) {
	if l.Scope.Kind != ScopeDefault || len(l.Methods) > 1 {
		return nil, unauthorized("application credentials cannot request a scope")
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
	ok, err := s.passwords.verify(ctx, stored, l.Secret)
	if err != nil {
		return nil, err
	}
	if !ok || a.ExpiresAt != nil && !s.opt.Clock().Before(*a.ExpiresAt) {
		return nil, unauthorized("wrong or expired application credential")
	}
	s.upgradeSecret(ctx, a, l.Secret)
	return a, nil
}

// upgradeSecret is upgradePassword for the secret of an application credential.
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

// limitRoles gives those of the user's roles that the credential has, or none
// if it is gone or of somebody else. The caller holds mu.
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
