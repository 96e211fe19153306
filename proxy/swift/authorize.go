// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"needletail/auth"
	"needletail/proxy/web"
)

// Authorize asks the request's Authorizer whether the access is allowed, and
// stores the Grant. No other code asks an Authorizer. A denial is 403 for a
// known identity, else 401. Without an Authorizer every access is denied.
func (r *Request) Authorize(a auth.Access) error {
	r.Grant = auth.Grant{}
	if r.Authorizer != nil {
		r.Grant = r.Authorizer.Authorize(r.Identity, a)
	}
	if r.Grant.Allowed {
		r.Granted(r.Identity != nil)
		return nil
	}
	if r.Identity != nil {
		return web.Status(403)
	}
	return Unauthorized(a.Account)
}

// Unauthorized returns Swift's 401. The account is quoted into the realm.
func Unauthorized(account string) error {
	if account == "" {
		account = "unknown"
	}
	return &web.StatusError{Status: 401, Header: web.Header{
		{Name: "Www-Authenticate", Value: `Swift realm="` + web.Quote(account) + `"`},
	}}
}
