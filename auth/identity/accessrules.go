package identity

import "needletail/auth"

// entityAccessRule is the name in Keystone's messages.
const entityAccessRule = "Access Rule"

// Keystone's limits on an access rule, and ours on how many one credential has.
const (
	maxRulePath    = 128
	maxRuleService = 64
	maxAccessRules = 100
)

// ruleMethods are those that a rule may name
// (keystone/application_credential/schema.py).
var ruleMethods = map[string]bool{
	"GET": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "HEAD": true, "OPTIONS": true,
	"COPY": true,
}

// addAccessRules gives the ids of rules, storing those that the user does not
// have yet; a rule with an id is one of the user's.
func (s *Service) addAccessRules(t *tx, userID string, rules []AccessRule) ([]string, error) {
	if rules == nil {
		return nil, nil
	}
	if len(rules) > maxAccessRules {
		return nil, invalid(entityAccessRule, "Too many access rules.")
	}
	ids := make([]string, 0, len(rules))
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
			r.ID = NewID()
			put(t, s.accessRules, r.ID, &r)
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// AccessRule is a user's rule of that id.
func (s *Service) AccessRule(userID, id string) (*AccessRule, error) {
	r, err := get(s, s.accessRules, entityAccessRule, id)
	if err == nil && r.UserID != userID {
		return nil, notFound(entityAccessRule, id)
	}
	return r, err
}

// AccessRules are a user's, by id.
func (s *Service) AccessRules(userID string) []*AccessRule {
	return list(s, s.accessRules, func(r *AccessRule) bool { return r.UserID == userID })
}

// DeleteAccessRule deletes a rule that no credential has.
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

func (s *Service) dropAccessRules(t *tx, match func(*AccessRule) bool) {
	for id, r := range s.accessRules.rows {
		if match(r) {
			drop(t, s.accessRules, id)
		}
	}
}

// RulesOf are the access rules of a credential, nil if it has no such limit.
func (s *Service) RulesOf(a *AppCredential) []auth.AccessRule {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rulesOf(a)
}

// rulesOf needs mu.
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
