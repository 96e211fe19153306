// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"strconv"

	"needletail/auth"
)

// entityAccessRule is the name of an access rule in Keystone's messages.
const entityAccessRule = "Access Rule"

// The bytes of a path and of a service type are limited as in Keystone. The
// number of rules of a credential is limited here alone: each request with the
// credential's token compares all rules.
const (
	maxRulePath    = 128
	maxRuleService = 64
	maxAccessRules = 100
)

// maxUserAccessRules bounds the stored rules of a user. A rule stays when its
// credential goes, as in Keystone, so the bound of credentials bounds no rules.
const maxUserAccessRules = 1000

// ruleMethods are the HTTP methods allowed in a rule
// (keystone/application_credential/schema.py).
var ruleMethods = map[string]bool{
	"GET": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "HEAD": true, "OPTIONS": true,
	"COPY": true,
}

// addAccessRules returns the IDs of rules, in the same order. A rule with an
// ID must be a stored rule of the user, else the error is of KindNotFound. A
// rule without an ID takes the ID of an equal stored rule of the user, or is
// stored under a new ID. Nil rules give nil, an empty list gives an empty
// list: the caller keeps the difference between "no limit" and "nothing
// allowed". A malformed rule, or too many rules, give KindInvalid. A new rule
// beyond maxUserAccessRules gives KindForbidden. The caller holds writing.
func (s *Service) addAccessRules(t *tx, userID string, rules []AccessRule) ([]string, error) {
	if rules == nil {
		return nil, nil
	}
	if len(rules) > maxAccessRules {
		return nil, invalid(entityAccessRule, "Too many access rules.")
	}
	ids := make([]string, 0, len(rules))
	stored := s.countAccessRules(userID)
	for _, r := range rules {
		if r.ID != "" {
			if known := s.accessRules.rows[r.ID]; known == nil || known.UserID != userID {
				return nil, notFound(entityAccessRule, r.ID)
			}
			ids = append(ids, r.ID)
			continue
		}
		if r.Path == "" || r.Path[0] != '/' && r.Path[0] != '*' || len(r.Path) > maxRulePath ||
			r.Service == "" || len(r.Service) > maxRuleService || !ruleMethods[r.Method] {
			return nil, invalid(entityAccessRule, "Invalid input for field 'access_rules'.")
		}
		r.UserID = userID
		for _, known := range s.accessRules.rows {
			if r.ID = known.ID; *known == r {
				break
			}
			r.ID = ""
		}
		if r.ID == "" {
			if stored++; stored > maxUserAccessRules {
				return nil, &Error{Kind: KindForbidden, Op: "create", Entity: entityAccessRule,
					Detail: "Unable to create additional access rules, maximum of " +
						strconv.Itoa(maxUserAccessRules) + " already exceeded for user."}
			}
			r.ID = NewID()
			put(t, s.accessRules, r.ID, &r)
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// countAccessRules returns the number of a user's stored rules. The caller holds
// writing or mu.
func (s *Service) countAccessRules(userID string) (n int) {
	for _, r := range s.accessRules.rows {
		if r.UserID == userID {
			n++
		}
	}
	return n
}

// AccessRule returns the rule of the user with the given ID. The error is of
// KindNotFound, also for a rule of another user.
func (s *Service) AccessRule(userID, id string) (*AccessRule, error) {
	r, err := get(s, s.accessRules, entityAccessRule, id)
	if err == nil && r.UserID != userID {
		return nil, notFound(entityAccessRule, id)
	}
	return r, err
}

// AccessRules returns the rules of a user, sorted by ID.
func (s *Service) AccessRules(userID string) []*AccessRule {
	return list(s, s.accessRules, func(r *AccessRule) bool { return r.UserID == userID })
}

// DeleteAccessRule deletes a rule of the user. The error is of KindNotFound for
// an unknown rule or a rule of another user, and of KindForbidden for a rule in
// use by an application credential.
func (s *Service) DeleteAccessRule(userID, id string) error {
	return s.update(func(t *tx) error {
		if r := s.accessRules.rows[id]; r == nil || r.UserID != userID {
			return notFound(entityAccessRule, id)
		}
		for _, a := range s.appCreds.rows {
			for _, used := range a.AccessRuleIDs {
				if used == id {
					return &Error{Kind: KindForbidden, Op: "delete", Entity: entityAccessRule, Name: id,
						Detail: "May not delete access rule in use"}
				}
			}
		}
		drop(t, s.accessRules, id)
		return nil
	})
}

// dropAccessRules deletes the rules accepted by match, as a part of t. No check
// for rules in use: the caller deletes the user's credentials too.
func (s *Service) dropAccessRules(t *tx, match func(*AccessRule) bool) {
	for id, r := range s.accessRules.rows {
		if match(r) {
			drop(t, s.accessRules, id)
		}
	}
}

// RulesOf returns the access rules of a credential. nil: the credential has no
// access rules and is good for all requests.
func (s *Service) RulesOf(a *AppCredential) []auth.AccessRule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rulesOf(a)
}

// rulesOf is RulesOf for a caller with mu. A list without rules stays non-nil:
// the credential is good for no request.
func (s *Service) rulesOf(a *AppCredential) []auth.AccessRule {
	if a.AccessRuleIDs == nil {
		return nil
	}
	out := []auth.AccessRule{}
	for _, id := range a.AccessRuleIDs {
		if r := s.accessRules.rows[id]; r != nil {
			out = append(out, auth.AccessRule{ID: r.ID, Service: r.Service, Method: r.Method, Path: r.Path})
		}
	}
	return out
}
