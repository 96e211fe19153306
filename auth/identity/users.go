// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"

	"needletail/auth/passwordhash"
)

// CreateUser stores u with the hash of password and returns the stored row. If
// password is "", u.PasswordHash is stored as given, for users imported from a
// Keystone; a user without password and hash cannot log in with a password. An
// empty ID is replaced by a new ID.
//
// The error is of KindInvalid for a bad name, a password too long or an
// unreadable hash, of KindNotFound for an unknown domain, of KindConflict for
// an ID, or a name in the domain, already taken, and of KindBusy for a full
// queue of hashes.
func (s *Service) CreateUser(ctx context.Context, u User, password string) (*User, error) {
	u.ID = idOr(u.ID)
	if err := checkName("user", u.ID, u.Name, maxNameChars); err != nil {
		return nil, err
	}
	if password != "" {
		hash, err := s.passwords.hash(ctx, password)
		if err != nil {
			return nil, err
		}
		u.PasswordHash = hash
	}
	if u.PasswordHash != "" {
		if _, err := passwordhash.Parse(u.PasswordHash); err != nil {
			return nil, invalid("user", err.Error())
		}
	}
	return &u, s.update(func(t *tx) error {
		if _, ok := s.domains.rows[u.DomainID]; !ok {
			return notFound("domain", u.DomainID)
		}
		if err := free(s.users, "user", "", u.ID, &u); err != nil {
			return err
		}
		put(t, s.users, u.ID, &u)
		return nil
	})
}

// User returns the user with the given ID, or an error of KindNotFound.
func (s *Service) User(id string) (*User, error) { return get(s, s.users, "user", id) }

// Users returns the users accepted by keep, sorted by ID. A nil keep accepts
// all.
func (s *Service) Users(keep func(*User) bool) []*User { return list(s, s.users, keep) }

// UpdateUser calls edit (optional) with a copy of the user, stores the copy,
// with a new password unless password is nil, and returns the copy. The ID and
// the domain cannot change. Disabling the user and a new password end all
// tokens of the user. An update of an enabled user ends a lockout, as in
// Keystone.
//
// The error is of KindNotFound for an unknown ID, of KindInvalid for a bad
// name or password, of KindConflict for a taken name, and of KindBusy for a
// full queue of hashes.
func (s *Service) UpdateUser(ctx context.Context, id string, edit func(*User), password *string) (*User, error) {
	hash := ""
	if password != nil {
		var err error
		if hash, err = s.passwords.hash(ctx, *password); err != nil {
			return nil, err
		}
	}
	var u User
	return &u, s.update(func(t *tx) error {
		old, ok := s.users.rows[id]
		if !ok {
			return notFound("user", id)
		}
		u = *old
		if edit != nil {
			edit(&u)
		}
		u.ID, u.DomainID = id, old.DomainID
		if err := checkName("user", id, u.Name, maxNameChars); err != nil {
			return err
		}
		if err := free(s.users, "user", id, id, &u); err != nil {
			return err
		}
		if password != nil {
			u.PasswordHash = hash
		}
		if password != nil || old.Enabled && !u.Enabled {
			s.revokeTx(t, Revocation{UserID: id})
		}
		put(t, s.users, id, &u)
		if u.Enabled {
			t.apply = append(t.apply, func() { s.lockouts.clear(id) })
		}
		return nil
	})
}

// LockPassword is the user option of Keystone against changes of the password
// by the user. An administrator can still set the password.
const LockPassword = "lock_password"

// ChangePassword sets a new password on behalf of the user and ends all tokens
// of the user. The error is of KindUnauthorized unless original is the user's
// password and the user is enabled and not locked out; a wrong original counts
// as a failed login, and too many are of KindThrottled. The error is of KindInvalid if the user has the option
// LockPassword, or for a bad new password.
func (s *Service) ChangePassword(ctx context.Context, id, original, password string) error {
	u, err := s.User(id)
	if err != nil {
		u = nil // an unknown user takes as long as a wrong password
	}
	a, err := s.mayLogIn(ctx, Ref{ID: id}, u, func(admitted func() error) (bool, error) {
		return s.passwords.verify(ctx, secretOf(u), original, admitted)
	})
	if err == nil {
		err = s.succeed(u, a)
	}
	if err != nil {
		return err
	}
	if u.Options[LockPassword] == true {
		return invalid("user", "You cannot change your password at this time due to password policy disallowing "+
			"password changes. Please contact your administrator to reset your password.")
	}
	_, err = s.UpdateUser(ctx, id, nil, &password)
	return err
}

// DeleteUser deletes a user with the user's grants, memberships, application
// credentials, access rules, trusts (given or received) and credentials, and
// ends all tokens of the user. The error is of KindNotFound for an unknown ID.
func (s *Service) DeleteUser(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.users.rows[id]; !ok {
			return notFound("user", id)
		}
		s.dropUser(t, id)
		return nil
	})
}

// dropUser deletes a user and all rows of the user, as a part of t. The
// revocation stays: a new user of the same ID does not inherit old tokens.
func (s *Service) dropUser(t *tx, id string) {
	s.dropGrants(t, func(g *Grant) bool { return g.UserID == id })
	s.dropMemberships(t, func(m *Membership) bool { return m.UserID == id })
	s.dropAppCreds(t, func(a *AppCredential) bool { return a.UserID == id })
	s.dropAccessRules(t, func(a *AccessRule) bool { return a.UserID == id })
	s.dropTrusts(t, func(r *Trust) bool { return r.TrustorID == id || r.TrusteeID == id })
	s.dropCredentials(t, func(c *Credential) bool { return c.UserID == id })
	s.revokeTx(t, Revocation{UserID: id})
	drop(t, s.users, id)
	t.apply = append(t.apply, func() { s.lockouts.clear(id) })
}
