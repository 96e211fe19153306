package identity

import "needletail/auth/token"

// AuthenticateEC2 gives a token of the user and project of an access key, if
// right says so of its secret. The error is of KindNotFound for an unknown key.
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
