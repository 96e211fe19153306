package keystone

import (
	"maps"

	"needletail/auth/identity"
)

// userOptions are the resource options of users
// (keystone/identity/backends/resource_options.py). They are kept and shown;
// lock_password is obeyed.
var userOptionKeys = map[string]bool{
	"ignore_change_password_upon_first_use": true, "ignore_password_expiry": true,
	"ignore_lockout_failure_attempts": true, identity.LockPassword: true, "ignore_user_inactivity": true,
	"multi_factor_auth_enabled": true, "multi_factor_auth_rules": true,
}

// userOptions merges the body's options into a copy of old; null takes one
// away.
func (o object) userOptions(old map[string]any) (map[string]any, error) {
	given, err := o.options()
	if given == nil || err != nil {
		return old, err
	}
	out := maps.Clone(old)
	if out == nil {
		out = map[string]any{}
	}
	for key, value := range given {
		_, isFlag := value.(bool)
		_, isList := value.([]any)
		switch {
		case !userOptionKeys[key]:
			return nil, badRequest("Additional properties are not allowed ('" + key + "' was unexpected)")
		case value == nil:
			delete(out, key)
		case isFlag && key != "multi_factor_auth_rules", isList && key == "multi_factor_auth_rules":
			out[key] = value
		default:
			return nil, notType(key, value, "boolean")
		}
	}
	return out, nil
}

// options is the object under "options", nil if there is none.
func (o object) options() (object, error) {
	if o["options"] == nil {
		return nil, nil
	}
	return o.need("options", "request body")
}

// immutable is the option of that name, or what it was.
func (o object) immutable(was bool) (bool, error) {
	given, err := o.options()
	if given == nil || err != nil {
		return was, err
	}
	if v, ok := given["immutable"]; ok && v == nil {
		return false, nil
	}
	return given.flag("immutable", was)
}
