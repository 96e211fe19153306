package swift

import (
	"needletail/auth"
	"needletail/proxy/web"
)

// Authorize asks the request's Authorizer, once and in this place, whether the
// access is allowed, and remembers the Grant. A denial is 403 for a known
// identity, else 401. Without an Authorizer everything is denied.
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

// Unauthorized is Swift's 401; account is quoted into the realm.
func Unauthorized(account string) error {
	if account == "" {
		account = "unknown"
	}
	return &web.StatusError{Status: 401, Header: web.Header{
		{Name: "Www-Authenticate", Value: `Swift realm="` + web.Quote(account) + `"`},
	}}
}
