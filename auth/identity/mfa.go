package identity

import (
	"slices"
	"time"

	"needletail/auth/token"
)

// The options of users that say which methods a login needs
// (keystone/identity/backends/resource_options.py).
const (
	MFAEnabled = "multi_factor_auth_enabled"
	MFARules   = "multi_factor_auth_rules"
)

// receiptLife is Keystone's [receipt] expiration.
const receiptLife = 5 * time.Minute

// PartialLogin is a login that succeeded as far as it went, but lacks a method.
// It is the cause of an Error of KindUnauthorized. Receipt, sent with the
// methods that are missing, completes it.
type PartialLogin struct {
	Receipt             string
	Methods             []string
	Required            [][]string // the user's rules that a method of the login is in
	User                *User
	UserDomain          *Domain
	IssuedAt, ExpiresAt time.Time
}

// Error says what is missing.
func (p *PartialLogin) Error() string { return "more methods are required" }

// mfaRules are the user's rules, each cut down to the methods that are in use:
// turning a method off locks nobody out (keystone/auth/core.py,
// UserMFARulesValidator). What is malformed is no rule.
func (s *Service) mfaRules(u *User) (rules [][]string) {
	if u.Options[MFAEnabled] == false {
		return nil
	}
	list, _ := u.Options[MFARules].([]any)
	for _, v := range list {
		given, _ := v.([]any)
		rule, sound := []string{}, len(given) > 0
		for _, v := range given {
			method, ok := v.(string)
			sound = sound && ok
			if slices.Contains(s.opt.Methods, method) && !slices.Contains(rule, method) {
				rule = append(rule, method)
			}
		}
		if sound {
			rules = append(rules, rule)
		}
	}
	return rules
}

// applyRules takes in what a receipt has shown already and checks the methods
// against the user's rules.
func (s *Service) applyRules(w *proof, receipt string) error {
	if receipt != "" {
		r, err := s.keys.ParseReceipt(receipt)
		if err != nil || r.UserID != w.user.ID || !s.opt.Clock().Before(r.Expires) {
			return &Error{Kind: KindUnauthorized, Op: "authenticate", Tell: true,
				Detail: "Could not find auth receipt: " + receipt + ".", Err: err}
		}
		w.methods = union(w.methods, r.Methods)
	}
	rules := s.mfaRules(w.user)
	if len(rules) == 0 || slices.ContainsFunc(rules, func(rule []string) bool { return covers(w.methods, rule) }) {
		return nil
	}
	now := s.opt.Clock().UTC().Truncate(time.Second)
	p := &PartialLogin{Methods: w.methods, User: w.user, IssuedAt: now, ExpiresAt: now.Add(receiptLife)}
	for _, rule := range rules {
		if slices.ContainsFunc(rule, func(m string) bool { return slices.Contains(w.methods, m) }) {
			p.Required = append(p.Required, rule)
		}
	}
	var err error
	if p.UserDomain, err = s.Domain(w.user.DomainID); err != nil {
		return err
	}
	p.Receipt, err = s.keys.IssueReceipt(token.Receipt{UserID: w.user.ID, Methods: w.methods, Expires: p.ExpiresAt}, now)
	if err != nil {
		return &Error{Op: "issue", Entity: "receipt", Err: err}
	}
	return &Error{Kind: KindUnauthorized, Op: "authenticate", Err: p}
}

// covers says whether all of want is in have.
func covers(have, want []string) bool {
	return !slices.ContainsFunc(want, func(m string) bool { return !slices.Contains(have, m) })
}
