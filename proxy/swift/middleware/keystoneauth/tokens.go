package keystoneauth

import (
	"errors"

	"needletail/auth"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// identify gives the identity of the request's tokens; nil is anonymous.
func (m *middleware) identify(r *swift.Request) (*auth.Identity, error) {
	token := r.Header.Get("X-Auth-Token")
	if token == "" {
		token = r.Header.Get("X-Storage-Token")
	}
	if token == "" || m.config.Validator == nil {
		return nil, nil
	}
	found, service, err := m.tokens.Identify(r.Context(), auth.Tokens{
		User: token, Service: r.Header.Get("X-Service-Token"), Method: r.Method, Path: r.Path,
	})
	if err != nil {
		return nil, refused(err)
	}
	id := *found // the validator's may be shared
	id.Source, id.ServiceRoles = Source, nil
	if service != nil {
		id.ServiceRoles = service.Roles
	}
	return &id, nil
}

// refused is nil for a token that is not valid, and 503 for one of which that
// cannot be said.
func refused(err error) error {
	if errors.Is(err, auth.ErrInvalidToken) {
		return nil
	}
	return &web.StatusError{
		Status: 503, Err: err,
		Header: web.Header{{Name: "Retry-After", Value: retryAfterSeconds}},
	}
}

// refusal is what auth_token answers where it decides itself.
const refusal = `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}`

func (m *middleware) refuse() *web.Response {
	res := web.NewBytes(401, "application/json", []byte(refusal))
	if m.config.AuthURI != "" {
		res.Header.Add("Www-Authenticate", `Keystone uri="`+m.config.AuthURI+`"`)
	}
	return res
}
