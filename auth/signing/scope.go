// SPDX-License-Identifier: Apache-2.0

package signing

import "needletail/auth"

// Scope is the Authorizer of a request with a valid signature. A Scope allows
// everything in one account or, if Container is set, in one container, and
// never makes an owner. The signature itself has allowed the request; the Scope
// bounds the further objects that features read and write for the request:
// segments, targets of links, archived versions
// (swift/common/middleware/tempurl.py: authorize_same_account and
// authorize_same_container).
type Scope struct{ Account, Container string }

// Authorize allows everything in scope.
func (s Scope) Authorize(_ *auth.Identity, a auth.Access) auth.Grant {
	inside := s.Account != "" && a.Account == s.Account && (s.Container == "" || a.Container == s.Container)
	return auth.Grant{Allowed: inside}
}

var _ auth.Authorizer = Scope{}
