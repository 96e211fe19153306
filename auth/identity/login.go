// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"

	"needletail/auth"
	"needletail/auth/loginguard"
	"needletail/auth/token"
)

// DomainRef names a domain by ID or, if the ID is empty, by name.
type DomainRef struct{ ID, Name string }

// Ref names a user or project by ID or, if the ID is empty, by name and domain.
type Ref struct {
	ID, Name string
	Domain   DomainRef
}

// ScopeKind is the kind of scope asked for by a login.
type ScopeKind int

// The kinds of scope. ScopeDefault is the user's default project if the user
// has a role on the project, else no scope. ScopeNone asks for an unscoped
// token, also if the user has a default project.
const (
	ScopeDefault ScopeKind = iota
	ScopeNone
	ScopeProject
	ScopeDomain
	ScopeSystem
	ScopeTrust
)

// Scope is the scope asked for by a login. Only the field of the kind counts:
// Project, Domain or TrustID.
type Scope struct {
	Kind    ScopeKind
	Project Ref
	Domain  DomainRef
	TrustID string
}

// The login methods, by Keystone's names.
const (
	MethodPassword = "password"
	MethodToken    = "token"
	MethodAppCred  = "application_credential"
	MethodTOTP     = "totp"
)

// DefaultMethods returns the methods in use with empty Options.Methods:
// Keystone's defaults without external, oauth1 and mapped, absent here.
func DefaultMethods() []string { return []string{MethodPassword, MethodToken, MethodAppCred} }

// Methods returns the login methods in use.
func (s *Service) Methods() []string { return slices.Clone(s.opt.Methods) }

// Login is a request for a token. Every method in Methods must succeed, and
// all must prove the same user.
type Login struct {
	Methods  []string
	User     Ref    // for MethodPassword
	Password string // for MethodPassword
	Token    string // for MethodToken
	AppCred  Ref    // for MethodAppCred; a name is one of User's
	Secret   string // for MethodAppCred
	TOTPUser Ref    // for MethodTOTP
	Passcode string // for MethodTOTP
	// Receipt is the receipt of an earlier PartialLogin to complete, or "".
	Receipt string
	Scope   Scope
}

// Token is a valid token with its user, scope and roles at the time of
// validation.
type Token struct {
	Text       string
	Methods    []string
	User       *User
	UserDomain *Domain
	AuditIDs   []string
	IssuedAt   time.Time
	ExpiresAt  time.Time

	Project       *Project // the scope, if any: one of Project, Domain, System
	ProjectDomain *Domain
	Domain        *Domain
	System        bool
	Roles         []*Role // implied ones included
	AppCred       *AppCredential
	AccessRules   []auth.AccessRule // AppCred's; nil: none
	Trust         *Trust
}

// Delegated reports whether the token comes from an application credential, a
// trust or an EC2 key. A delegated token has a part of its user's rights only.
func (t *Token) Delegated() bool { return t.AppCred != nil || t.Trust != nil || t.OfEC2Key() }

// OfEC2Key reports whether the token was issued for a signature with an EC2
// key.
func (t *Token) OfEC2Key() bool { return slices.Contains(t.Methods, token.MethodEC2) }

// HasRole reports whether the token has a role of the name, granted or implied.
func (t *Token) HasRole(name string) bool {
	return slices.ContainsFunc(t.Roles, func(r *Role) bool { return r.Name == name })
}

// Authenticate verifies a login and returns a new token. A refusal is of
// KindUnauthorized; if its cause is a *PartialLogin, the login lacks a method
// asked for by the user's rules. KindForbidden refuses an exchange of a
// delegated token or of a system-scoped token for a different scope, a trust
// of a different trustee, and a trust without remaining uses. KindBusy means a
// full queue of hashes, and KindThrottled too many failed logins.
func (s *Service) Authenticate(ctx context.Context, l Login) (*Token, error) {
	if len(l.Methods) == 0 {
		return nil, unauthorized("no method")
	}
	w := proof{methods: slices.Clone(l.Methods)}
	for _, m := range l.Methods {
		if err := s.prove(ctx, &w, m, l); err != nil {
			return nil, err
		}
	}
	p := token.Payload{UserID: w.user.ID, AuditIDs: []string{newAuditID()}}
	var err error
	if w.appCred != nil {
		p.Kind, p.ScopeID, p.Delegation = token.AppCred, w.appCred.ProjectID, w.appCred.ID
	} else {
		err = s.setScope(&p, w.user, l.Scope)
	}
	if err != nil {
		return nil, err
	}
	if err := s.applyRules(&w, l.Receipt); err != nil {
		return nil, err
	}
	if err := s.endAttempts(&w); err != nil {
		return nil, err
	}
	p.Methods = w.methods
	t, err := s.issue(p, &w)
	if err == nil && p.Kind == token.Trust {
		err = s.useTrust(p.Delegation)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// endAttempts notes that the login has succeeded. A right secret of an
// application credential says nothing about the user's password, and a login
// with a token alone has no attempt.
func (s *Service) endAttempts(w *proof) error {
	switch {
	case len(w.attempts) == 0:
		return nil
	case w.appCred == nil:
		return s.succeed(w.user, w.attempts...)
	}
	if wait := w.attempts[0].Succeeded(); wait > 0 {
		return throttled(wait)
	}
	return nil
}

// issue returns a new token of the payload p. The token expires after the
// configured life, but not after its origin: a parent token, an application
// credential or a trust. The error is of KindUnauthorized if the token would
// not be valid, for example without a role on the scope.
func (s *Service) issue(p token.Payload, w *proof) (*Token, error) {
	issued := s.issueTime(p)
	p.Expires = issued.Add(s.opt.TokenLife)
	if w.parent != nil {
		p.Expires = w.parent.ExpiresAt
		p.AuditIDs = append(p.AuditIDs, w.parent.AuditIDs[0])
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var end *time.Time
	if w.appCred != nil {
		end = w.appCred.ExpiresAt
	} else if r := s.trusts.rows[p.Delegation]; p.Kind == token.Trust && r != nil {
		end = r.ExpiresAt
	}
	if end != nil && end.Before(p.Expires) {
		p.Expires = end.Truncate(time.Second)
	}
	text, err := s.keys.Issue(p, issued)
	if err != nil {
		return nil, &Error{Op: "issue", Entity: "token", Err: err}
	}
	return s.resolve(text, p, issued)
}

// proof is the result of the login methods verified up to now. methods
// includes the methods of a parent token and of a receipt.
type proof struct {
	methods []string
	user    *User
	parent  *Token
	appCred *AppCredential
	// attempts are those of the methods that prove something secret: each method
	// but token.
	attempts []*loginguard.Attempt
}

// prove verifies a method of the login and adds the result to w. The error is
// of KindUnauthorized for a method out of use, for a refused login, and if the
// method proves a different user than the methods before.
func (s *Service) prove(ctx context.Context, w *proof, method string, l Login) error {
	if !slices.Contains(s.opt.Methods, method) {
		return unauthorized("Attempted to authenticate with an unsupported method.")
	}
	var u *User
	var a *loginguard.Attempt
	var err error
	switch method {
	case MethodPassword:
		u, a, err = s.checkPassword(ctx, l.User, l.Password)
	case MethodToken:
		if w.parent, err = s.checkParent(l); err == nil {
			u = w.parent.User
			w.methods = union(w.methods, w.parent.Methods)
		}
	case MethodAppCred:
		if w.appCred, a, err = s.checkAppCred(ctx, l); err == nil {
			u, err = s.User(w.appCred.UserID)
		}
	case MethodTOTP:
		u, a, err = s.checkPasscode(ctx, l.TOTPUser, l.Passcode)
	}
	if err != nil {
		return err
	}
	if method != MethodToken {
		w.attempts = append(w.attempts, a)
	}
	if w.user != nil && w.user.ID != u.ID {
		return unauthorized("the methods are of different users")
	}
	w.user = u
	return nil
}

// union returns a followed by the elements of b missing in a.
func union(a, b []string) []string {
	for _, m := range b {
		if !slices.Contains(a, m) {
			a = append(a, m)
		}
	}
	return a
}

// newAuditID returns a random audit ID in Keystone's form: 16 bytes as unpadded
// base64url.
func newAuditID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand.Read does not fail
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// checkPassword verifies the login method password and returns the user. An
// unknown user takes as long as a wrong password.
func (s *Service) checkPassword(ctx context.Context, who Ref, password string) (*User, *loginguard.Attempt, error) {
	u := s.findUser(who)
	a, err := s.mayLogIn(ctx, who, u, func(admitted func() error) (bool, error) {
		return s.passwords.verify(ctx, secretOf(u), password, admitted)
	})
	if err != nil {
		return nil, nil, err
	}
	s.upgradePassword(ctx, u, password)
	return u, a, nil
}

// upgradePassword hashes a right password anew if the stored hash is outdated:
// of a different scheme, or of a lower cost. Tokens live on, because the
// password is the same. A failure, for example of a full queue of hashes or a
// full disk, is left to a later login.
func (s *Service) upgradePassword(ctx context.Context, u *User, password string) {
	if !s.passwords.outdated(secretOf(u)) {
		return
	}
	hash, err := s.passwords.renew(ctx, secretOf(u), password)
	if err != nil {
		return
	}
	_ = s.update(func(t *tx) error {
		now := s.users.rows[u.ID]
		if now == nil || now.PasswordHash != u.PasswordHash {
			return nil // somebody was faster
		}
		upgraded := *now
		upgraded.PasswordHash = hash
		put(t, s.users, u.ID, &upgraded)
		return nil
	})
}

// checkParent verifies the login method token and returns the parent token.
// The error is of KindUnauthorized for an invalid token. The error is of
// KindForbidden for a delegated token, and for a system-scoped token if the
// login asks for a project or a domain.
func (s *Service) checkParent(l Login) (*Token, error) {
	parent, err := s.ValidateToken(l.Token, false)
	if err != nil {
		return nil, unauthorized("the token is not valid")
	}
	if parent.Delegated() {
		return nil, &Error{Kind: KindForbidden, Op: "authenticate",
			Detail: "a token of an application credential, trust or EC2 key cannot be exchanged"}
	}
	if parent.System && (l.Scope.Kind == ScopeProject || l.Scope.Kind == ScopeDomain) {
		return nil, &Error{Kind: KindForbidden, Op: "authenticate",
			Detail: "a system-scoped token cannot be exchanged for another scope"}
	}
	return parent, nil
}

// userUsable reports whether the user and the user's domain are enabled.
func (s *Service) userUsable(u *User) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d := s.domains.rows[u.DomainID]
	return u.Enabled && d != nil && d.Enabled
}

// findUser returns the user named by a reference, or nil.
func (s *Service) findUser(who Ref) *User {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if who.ID != "" {
		return s.users.rows[who.ID]
	}
	return s.users.named(s.domainID(who.Domain), who.Name)
}

// domainID returns the ID of a reference, or the ID of the domain with the
// name, or "". An ID is returned without a check. The caller holds mu.
func (s *Service) domainID(ref DomainRef) string {
	if ref.ID != "" {
		return ref.ID
	}
	if d := s.domains.named("", ref.Name); d != nil {
		return d.ID
	}
	return ""
}

// setScope sets the kind and ID of the scope in p. Roles on the scope are
// checked later, by resolve; only ScopeDefault looks at roles here and stays
// unscoped without a role. The error is of KindUnauthorized for an unknown
// project or trust.
func (s *Service) setScope(p *token.Payload, u *User, scope Scope) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch scope.Kind {
	case ScopeDefault:
		project := s.projects.rows[u.DefaultProjectID]
		if project != nil && s.projectUsable(project) && len(s.effective(u.ID, OnProject, project.ID)) > 0 {
			p.Kind, p.ScopeID = token.Project, project.ID
		}
	case ScopeNone:
	case ScopeProject:
		project := s.projects.rows[scope.Project.ID]
		if scope.Project.ID == "" {
			project = s.projects.named(s.domainID(scope.Project.Domain), scope.Project.Name)
		}
		if project == nil {
			return unauthorized("no such project")
		}
		p.Kind, p.ScopeID = token.Project, project.ID
	case ScopeDomain:
		p.Kind, p.ScopeID = token.Domain, s.domainID(scope.Domain)
	case ScopeSystem:
		p.Kind = token.System
	case ScopeTrust:
		return s.setTrust(p, u, scope.TrustID)
	}
	return nil
}

// projectUsable reports whether the project and the project's domain are
// enabled. The caller holds mu.
func (s *Service) projectUsable(p *Project) bool {
	d := s.domains.rows[p.DomainID]
	return p.Enabled && d != nil && d.Enabled
}
