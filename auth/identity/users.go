package identity

import (
	"context"

	"needletail/auth/passwordhash"
)

// CreateUser stores u with that password, or with u.PasswordHash if password is
// "" ("" too: the user cannot log in); an empty ID gets a new one.
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

// User is the user of that id.
func (s *Service) User(id string) (*User, error) { return get(s, s.users, "user", id) }

// Users are all that keep (nil: all) says so of, by id.
func (s *Service) Users(keep func(*User) bool) []*User { return list(s, s.users, keep) }

// UpdateUser lets edit change a copy and stores it, with a new password if
// password is not nil. Disabling and a new password end all of the user's
// tokens; whoever is enabled then is not locked out any more, as in Keystone.
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

// LockPassword is the option of a user who may not change their own password.
const LockPassword = "lock_password"

// ChangePassword is a user's own change: the original password must be right.
func (s *Service) ChangePassword(ctx context.Context, id, original, password string) error {
	u, err := s.User(id)
	if err != nil {
		u = nil // an unknown user takes as long as a wrong password
	}
	err = s.mayLogIn(u, func() (bool, error) { return s.passwords.verify(ctx, secretOf(u), original) })
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

// DeleteUser deletes a user, their grants and tokens.
func (s *Service) DeleteUser(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.users.rows[id]; !ok {
			return notFound("user", id)
		}
		s.dropUser(t, id)
		return nil
	})
}

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
