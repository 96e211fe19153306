package signing

import "needletail/auth"

// Scope is the Authorizer of a request that carries a valid signature: it
// allows everything in one account or, where Container is set, in one
// container. What the request itself may do its signature has said; the scope
// bounds what features read and write on its behalf: segments, targets of
// links, archived versions. It never makes an owner
// (swift/common/middleware/tempurl.py: authorize_same_account and
// authorize_same_container).
type Scope struct{ Account, Container string }

// Authorize allows what is in scope.
func (s Scope) Authorize(_ *auth.Identity, a auth.Access) auth.Grant {
	inside := s.Account != "" && a.Account == s.Account && (s.Container == "" || a.Container == s.Container)
	return auth.Grant{Allowed: inside}
}

var _ auth.Authorizer = Scope{}
