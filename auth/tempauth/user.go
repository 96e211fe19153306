// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// The groups with a meaning of their own.
const (
	groupAdmin          = ".admin"           // owner of the user's account
	groupResellerAdmin  = ".reseller_admin"  // owner of every account
	groupResellerReader = ".reseller_reader" // GET and HEAD everywhere
)

// User is a user of the configuration. The printed form has no key.
type User struct {
	Account, Name string
	Key           string
	Groups        []string
}

// Group returns the user's own group, "account:user".
func (u User) Group() string { return u.Account + ":" + u.Name }

// String returns Group: a key is never printed.
func (u User) String() string { return u.Group() }

// GoString is String, for %#v.
func (u User) GoString() string { return u.Group() }

// LogValue is String, for slog.
func (u User) LogValue() slog.Value { return slog.StringValue(u.Group()) }

// ParseUser reads "ACCOUNT:USER=KEY[,GROUP…]". The account ends at the first
// ':', the user at the next '=', the key at the first ',' after the '='. The
// error does not contain the key.
func ParseUser(line string) (User, error) {
	account, rest, ok := strings.Cut(line, ":")
	name, rest, ok2 := strings.Cut(rest, "=")
	if !ok || !ok2 {
		return User{}, errors.New("a tempauth user is not of the form ACCOUNT:USER=KEY[,GROUP...]")
	}
	words := strings.Split(rest, ",")
	u := User{Account: account, Name: name, Key: words[0], Groups: words[1:]}
	return u, u.validate()
}

// validate returns an error that names the user and not the key.
func (u User) validate() error {
	fail := func(why string) error { return fmt.Errorf("tempauth user %q: %s", u.Group(), why) }
	switch {
	case !isWord(u.Account) || strings.Contains(u.Account, ":"):
		return fail("an account is a word without ':', ',' and '/'")
	case !isWord(u.Name):
		return fail("a user is a word without ',' and '/'")
	case u.Key == "":
		return fail("the key is empty")
	case slices.ContainsFunc(u.Groups, func(g string) bool { return !isWord(g) }):
		return fail("a group is a word without ',' and '/'")
	}
	return nil
}

// isWord says whether s has no blanks, controls, ',' or '/', and is not empty.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == ',' || r == '/'
	})
}
