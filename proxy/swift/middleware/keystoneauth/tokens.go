// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"needletail/auth"
	"needletail/auth/authtoken"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// identify returns the identity of the request's tokens, or nil for an anonymous
// request. A request whose token is missing or not valid is anonymous; if
// Keystone cannot be asked, the error is a 503.
func (m *middleware) identify(r *swift.Request) (*auth.Identity, error) {
	found, service, err := m.tokens.Identify(r.Context(), r.Header.Get, r.Method, r.Path)
	if err != nil {
		return nil, refused(err)
	}
	id := *found // the validator's identity serves further requests too
	id.Source, id.ServiceRoles = Source, nil
	if service != nil {
		id.ServiceRoles = service.Roles
	}
	return &id, nil
}

// refused returns the answer to a refused request, or nil for a request that goes
// on as anonymous: public containers stay readable.
func refused(err error) error {
	status, retryAfter := authtoken.Refusal(err)
	if status == 401 {
		return nil
	}
	return &web.StatusError{
		Status: status, Err: err,
		Header: web.Header{{Name: "Retry-After", Value: retryAfter}},
	}
}

// refusal is the body of auth_token's own 401.
const refusal = `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}`

// refuse returns auth_token's own 401.
func (m *middleware) refuse() *web.Response {
	res := web.NewBytes(401, "application/json", []byte(refusal))
	if m.config.AuthURI != "" {
		res.Header.Add("Www-Authenticate", `Keystone uri="`+m.config.AuthURI+`"`)
	}
	return res
}
