// SPDX-License-Identifier: Apache-2.0

package identity

import "needletail/auth/token"

// AuthenticateEC2 returns a new token for the user and project of an access
// key. The caller's right verifies the request's signature with the key's
// secret. The error is of KindNotFound for an unknown key. The error is of
// KindUnauthorized for a wrong signature, an empty secret, a disabled user or
// project, or a user without a role on the project.
func (s *Service) AuthenticateEC2(access string, right func(secret string) bool) (*Token, error) {
	c, err := s.Credential(EC2CredentialID(access))
	if err != nil {
		return nil, err
	}
	if c.Type != TypeEC2 {
		return nil, unauthorized("EC2 access key not found.")
	}
	key, err := parseEC2Key(c.Blob)
	if err != nil || key.Secret == "" || !right(key.Secret) {
		return nil, unauthorized("Credential signature mismatch")
	}
	return s.issue(token.Payload{
		Kind: token.Project, UserID: c.UserID, ScopeID: c.ProjectID,
		Methods: []string{token.MethodEC2}, AuditIDs: []string{newAuditID()},
	}, &proof{})
}
