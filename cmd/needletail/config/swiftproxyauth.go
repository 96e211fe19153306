// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tempAuth takes the users of TempAuth
// (swift/common/middleware/tempauth.py: TempAuth.__init__).
func (r *proxyReader) tempAuth(section string, options map[string]string) error {
	to := &r.to.TempAuth
	for _, name := range slices.Sorted(maps.Keys(options)) {
		value := options[name]
		if user, ok := strings.CutPrefix(name, "user64_"); ok {
			line, err := userLine(user, value, true)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			to.Users = append(to.Users, line)
		} else if user, ok := strings.CutPrefix(name, "user_"); ok {
			line, err := userLine(user, value, false)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			to.Users = append(to.Users, line)
		} else if prefix, ok := strings.CutSuffix(name, "_require_group"); ok {
			if to.RequireGroup == nil {
				to.RequireGroup = map[string]string{}
			}
			to.RequireGroup[prefix] = value
		} else {
			continue
		}
		delete(options, name)
	}
	if options["storage_url_scheme"] == "default" {
		delete(options, "storage_url_scheme")
	}
	return r.takeAll(section, options, to)
}

// userLine returns a user of TempAuth in needletail's form. A storage URL behind
// the groups has no counterpart.
func userLine(name, value string, encoded bool) (string, error) {
	account, user, ok := strings.Cut(name, "_")
	words := strings.Fields(value)
	if !ok || len(words) == 0 {
		return "", fmt.Errorf("not user_ACCOUNT_USER = KEY [GROUP]… [URL]")
	}
	if encoded {
		for _, part := range []*string{&account, &user} {
			*part += strings.Repeat("=", (4-len(*part)%4)%4) // padding cannot stand in a name
			text, err := base64.StdEncoding.DecodeString(*part)
			if err != nil {
				return "", err
			}
			*part = string(text)
		}
	}
	if last := words[len(words)-1]; len(words) > 1 && (strings.Contains(last, "://") || strings.HasPrefix(last, "/")) {
		return "", fmt.Errorf("a storage URL of a user has no counterpart")
	}
	return account + ":" + user + "=" + strings.Join(words, ","), nil
}

// keystoneAuth takes the roles of keystoneauth. PREFIX_service_roles are those of
// a reseller prefix.
func (r *proxyReader) keystoneAuth(section string, options map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if prefix, ok := strings.CutSuffix(name, "service_roles"); ok {
			if r.to.KeystoneAuth.ServiceRoles == nil {
				r.to.KeystoneAuth.ServiceRoles = map[string][]string{}
			}
			if prefix = strings.TrimSuffix(prefix, "_"); prefix == "" {
				prefix = "AUTH"
			}
			r.to.KeystoneAuth.ServiceRoles[prefix] = splitList(options[name])
			delete(options, name)
		}
	}
	if roles, ok := options["operator_roles"]; ok {
		r.to.Identity.OperatorRoles = splitList(roles)
		delete(options, "operator_roles")
	} else {
		r.to.Identity.OperatorRoles = []string{"admin", "swiftoperator"} // Swift's default
	}
	return r.takeAll(section, options, &r.to.KeystoneAuth)
}

// encryption takes the filters keymaster and encryption. Root secrets may be in
// [DEFAULT] too.
func (r *proxyReader) encryption(section, name string, own map[string]string) error {
	all, err := r.options(section, false)
	if err != nil {
		return err
	}
	to := &r.to.Cluster.Keymaster
	if name == "encryption" {
		r.encrypts = true
		to.DisableEncryption = isTrue(all["disable_encryption"])
		delete(own, "disable_encryption")
		return r.takeAll(section, own, to)
	}
	r.keymaster = true
	if err := to.take(all); err != nil {
		return err
	}
	var mine ClusterKeymaster
	if err := mine.take(own); err != nil {
		return err
	}
	return r.takeAll(section, own, to)
}

var errNoKeymaster = errors.New("the filter encryption needs the filter keymaster in the pipeline")

// checkEncryption refuses a pipeline that Swift could not serve with. Without the
// filter encryption nothing is encrypted.
func (r *proxyReader) checkEncryption() error {
	if r.encrypts && !r.keymaster {
		return errNoKeymaster
	}
	if r.keymaster && !r.encrypts {
		r.to.Cluster.Keymaster.DisableEncryption = true
	}
	return nil
}
