// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"slices"

	"needletail/auth/identity"
)

// maxMethods bounds the methods of one login.
const maxMethods = 4

// parseLogin reads the body of POST /v3/auth/tokens (keystone/auth/schema.py,
// keystone/auth/core.py). inUse are the methods that the site allows.
func parseLogin(body object, inUse []string) (identity.Login, error) {
	var l identity.Login
	auth, err := body.need("auth", "request body")
	if err != nil {
		return l, err
	}
	who, err := auth.need("identity", "auth")
	if err != nil {
		return l, err
	}
	if l.Methods, err = methodList(who, inUse); err != nil {
		return l, err
	}
	for _, m := range l.Methods {
		payload, err := who.need(m, "identity")
		if err != nil {
			return l, err
		}
		switch m {
		case identity.MethodPassword:
			err = parsePassword(&l, payload)
		case identity.MethodToken:
			if l.Token, err = payload.text("id"); err == nil && l.Token == "" {
				err = missing("id", "token")
			}
		case identity.MethodAppCred:
			err = parseAppCred(&l, payload)
		case identity.MethodTOTP:
			err = parseTOTP(&l, payload)
		}
		if err != nil {
			return l, err
		}
	}
	if l.Scope, err = parseScope(auth); err != nil {
		return l, err
	}
	if auth["scope"] != nil && slices.Contains(l.Methods, identity.MethodAppCred) {
		return l, newError(401, "Error authenticating with application credential: "+
			"Application credentials cannot request a scope.")
	}
	return l, nil
}

// methodList reads the methods of a login. An unknown method is a 401 with the
// list of the allowed methods.
func methodList(who object, inUse []string) ([]string, error) {
	list, ok := who["methods"].([]any)
	if !ok {
		return nil, missing("methods", "identity")
	}
	var methods []string
	for _, v := range list {
		m, ok := v.(string)
		if !ok {
			return nil, notType("methods", v, "string")
		}
		if !slices.Contains(inUse, m) {
			return nil, &apiError{status: 401, methods: inUse,
				message: "Attempted to authenticate with an unsupported method."}
		}
		if !slices.Contains(methods, m) {
			methods = append(methods, m)
		}
	}
	if len(methods) == 0 || len(list) > maxMethods {
		return nil, missing("methods", "identity")
	}
	return methods, nil
}

// parsePassword reads {"user": {…, "password"}}.
func parsePassword(l *identity.Login, payload object) error {
	user, err := payload.need("user", "password")
	if err != nil {
		return err
	}
	if l.User, err = parseRef(user, "user"); err != nil {
		return err
	}
	if _, ok := user["password"]; !ok {
		return missing("password", "user")
	}
	l.Password, err = user.text("password")
	return err
}

// parseTOTP reads {"user": {…, "passcode"}}.
func parseTOTP(l *identity.Login, payload object) error {
	user, err := payload.need("user", identity.MethodTOTP)
	if err != nil {
		return err
	}
	if l.TOTPUser, err = parseRef(user, "user"); err != nil {
		return err
	}
	if _, ok := user["passcode"]; !ok {
		return missing("passcode", "user")
	}
	l.Passcode, err = user.text("passcode")
	return err
}

// parseAppCred reads {"id", "secret"} or {"name", "secret", "user"}.
func parseAppCred(l *identity.Login, payload object) error {
	if _, ok := payload["secret"]; !ok {
		return missing("secret", identity.MethodAppCred)
	}
	err := payload.fields(map[string]*string{"id": &l.AppCred.ID, "name": &l.AppCred.Name, "secret": &l.Secret})
	if err != nil || l.AppCred.ID != "" {
		return err
	}
	if l.AppCred.Name == "" {
		return missing("name or id", identity.MethodAppCred)
	}
	user, err := payload.need("user", identity.MethodAppCred)
	if err != nil {
		return err
	}
	l.User, err = parseRef(user, "user")
	return err
}

// parseRef reads {"id"} or {"name", "domain"}.
func parseRef(o object, target string) (ref identity.Ref, err error) {
	if ref.ID, err = o.text("id"); err != nil || ref.ID != "" {
		return ref, err
	}
	if ref.Name, err = o.text("name"); err != nil {
		return ref, err
	}
	if ref.Name == "" {
		return ref, missing("name or id", target)
	}
	domain, err := o.need("domain", target)
	if err != nil {
		return ref, err
	}
	ref.Domain, err = parseDomainRef(domain)
	return ref, err
}

// parseDomainRef reads {"id"} or {"name"}.
func parseDomainRef(o object) (ref identity.DomainRef, err error) {
	if err = o.fields(map[string]*string{"id": &ref.ID, "name": &ref.Name}); err != nil {
		return ref, err
	}
	if ref.ID == "" && ref.Name == "" {
		err = missing("name or id", "domain")
	}
	return ref, err
}

// parseScope reads the scope of a login. A missing scope lets the store choose
// the user's default project.
func parseScope(auth object) (scope identity.Scope, err error) {
	value, ok := auth["scope"]
	if !ok || value == nil {
		return scope, nil
	}
	if value == "unscoped" {
		return identity.Scope{Kind: identity.ScopeNone}, nil
	}
	o, err := auth.need("scope", "auth")
	if err != nil {
		return scope, err
	}
	if len(o) != 1 {
		return scope, missing("exactly one of project, domain, system or unscoped", "scope")
	}
	for key := range o {
		inner, err := object(o).need(key, "scope")
		if err != nil {
			return scope, err
		}
		switch key {
		case "project":
			scope.Kind = identity.ScopeProject
			scope.Project, err = parseRef(inner, "project")
		case "domain":
			scope.Kind = identity.ScopeDomain
			scope.Domain, err = parseDomainRef(inner)
		case "system":
			scope.Kind = identity.ScopeSystem
			if inner["all"] != true {
				err = missing("all", "system")
			}
		case "unscoped":
			scope.Kind = identity.ScopeNone
		case "OS-TRUST:trust":
			scope.Kind = identity.ScopeTrust
			if scope.TrustID, err = inner.text("id"); err == nil && scope.TrustID == "" {
				err = missing("id", "OS-TRUST:trust")
			}
		default:
			err = missing("project, domain, system or unscoped", "scope")
		}
		return scope, err
	}
	return scope, nil
}
