// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"maps"

	"needletail/auth/identity"
	"needletail/proxy/pyjson"
)

// userOptionKeys are the resource options of users
// (keystone/identity/backends/resource_options.py). All options are kept and
// shown. The store obeys lock_password, ignore_lockout_failure_attempts and
// both options of multiple factors. The rest is about features that the store
// lacks: expiry of passwords, a change of the first password, and disabling of
// inactive users.
var userOptionKeys = map[string]bool{
	"ignore_change_password_upon_first_use": true, "ignore_password_expiry": true,
	identity.IgnoreLockout: true, identity.LockPassword: true, "ignore_user_inactivity": true,
	identity.MFAEnabled: true, identity.MFARules: true,
}

// userOptions merges the body's options into a copy of old. null removes an
// option.
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
		switch {
		case !userOptionKeys[key]:
			return nil, badRequest("Additional properties are not allowed ('" + key + "' was unexpected)")
		case value == nil:
			delete(out, key)
		case key == identity.MFARules:
			if err := checkRules(value); err != nil {
				return nil, err
			}
			out[key] = value
		case isFlag:
			out[key] = value
		default:
			return nil, notType(key, value, "boolean")
		}
	}
	return out, nil
}

// maxRules bounds the rules of a user and the methods of a rule.
const maxRules = 64

// checkRules accepts a list of different lists of strings. Each inner list has
// at least one string, and no string twice.
func checkRules(value any) error {
	bad := notType(identity.MFARules, value, "array of unique arrays of unique strings")
	rules, ok := value.([]any)
	if !ok || len(rules) > maxRules {
		return bad
	}
	seen := map[string]bool{}
	for _, r := range rules {
		rule, ok := r.([]any)
		if !ok || len(rule) == 0 || len(rule) > maxRules {
			return bad
		}
		methods := map[string]bool{}
		for _, m := range rule {
			method, ok := m.(string)
			if !ok || methods[method] {
				return bad
			}
			methods[method] = true
		}
		text := string(pyjson.Marshal(toPy(r)))
		if seen[text] {
			return bad
		}
		seen[text] = true
	}
	return nil
}

// options returns the object under "options", or nil without such a key.
func (o object) options() (object, error) {
	if o["options"] == nil {
		return nil, nil
	}
	return o.need("options", "request body")
}

// immutable returns the option "immutable", or was if the body does not name
// the option.
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
