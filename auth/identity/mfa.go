// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"slices"
	"time"

	"needletail/auth/token"
)

// The user options about the methods needed for a login
// (keystone/identity/backends/resource_options.py).
const (
	MFAEnabled = "multi_factor_auth_enabled"
	MFARules   = "multi_factor_auth_rules"
)

// receiptLife is the life of a receipt: Keystone's default of [receipt]
// expiration.
const receiptLife = 5 * time.Minute

// PartialLogin is a login with right methods, but too few for the user's
// rules. Authenticate returns a PartialLogin as the cause of an Error of
// KindUnauthorized. A second login with Receipt and the missing methods
// completes the first.
type PartialLogin struct {
	Receipt             string
	Methods             []string
	Required            [][]string // the user's rules that a method of the login is in
	User                *User
	UserDomain          *Domain
	IssuedAt, ExpiresAt time.Time
}

// Error returns a constant text without secrets.
func (p *PartialLogin) Error() string { return "more methods are required" }

// mfaRules returns the user's rules, each reduced to the methods in use: an
// operator can turn a method off without locking users out
// (keystone/auth/core.py, UserMFARulesValidator). Empty and malformed rules
// are ignored. The result is nil if the user option MFAEnabled is false.
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

// applyRules adds the methods of a receipt to w and checks all methods against
// the user's rules. The result is nil if the user has no rules or all methods
// of a rule are proven. Otherwise the error is of KindUnauthorized with a
// *PartialLogin as its cause. A receipt of a different user, or an expired or
// malformed receipt, is refused with a reason for the client.
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

// covers reports whether have contains every method of want.
func covers(have, want []string) bool {
	return !slices.ContainsFunc(want, func(m string) bool { return !slices.Contains(have, m) })
}
