package keystoneauth

import (
	"context"
	"errors"
	"slices"

	"needletail/auth"
	"needletail/proxy/swift"
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
	validate := m.config.Validator.Validate
	var service *auth.Identity
	if serviceToken := r.Header.Get("X-Service-Token"); serviceToken != "" {
		var err error
		if service, err = check(r, validate, serviceToken); service == nil || err != nil {
			return nil, err
		}
		trusted := slices.ContainsFunc(service.Roles, func(role string) bool {
			return slices.Contains(m.config.ServiceTokenRoles, role)
		})
		if !trusted && m.config.ServiceTokenRolesRequired {
			return nil, nil
		}
		if v, ok := m.config.Validator.(auth.ExpiredTokenValidator); ok && trusted {
			validate = v.ValidateExpired
		}
	}
	found, err := check(r, validate, token)
	if found == nil || err != nil {
		return nil, err
	}
	if service == nil && !found.MayRequest(m.config.ServiceType, r.Method, r.Path) {
		return nil, nil
	}
	id := *found // the validator's may be shared
	id.Source, id.ServiceRoles = Source, nil
	if service != nil {
		id.ServiceRoles = service.Roles
	}
	return &id, nil
}

// check gives nil for a token that is not valid, and 503 for one of which that
// cannot be said.
func check(r *swift.Request, validate func(context.Context, string) (*auth.Identity, error), token string) (*auth.Identity, error) {
	id, err := validate(r.Context(), token)
	switch {
	case errors.Is(err, auth.ErrInvalidToken):
		return nil, nil
	case err != nil:
		return nil, &swift.StatusError{
			Status: 503, Err: err,
			Header: swift.Header{{Name: "Retry-After", Value: retryAfterSeconds}},
		}
	}
	return id, nil
}

// refusal is what auth_token answers where it decides itself.
const refusal = `{"error": {"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}`

func (m *middleware) refuse() *swift.Response {
	res := swift.NewBytes(401, "application/json", []byte(refusal))
	if m.config.AuthURI != "" {
		res.Header.Add("Www-Authenticate", `Keystone uri="`+m.config.AuthURI+`"`)
	}
	return res
}
