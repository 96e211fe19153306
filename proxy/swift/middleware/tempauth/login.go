// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"needletail/auth/tempauth"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const loginPrefix = "/auth/"

// cutLogin returns the path below the login prefix. ok is false for every other
// path.
func cutLogin(path string) (rest string, ok bool) {
	return strings.CutPrefix(path, loginPrefix)
}

// login answers a request below the login prefix. rest is the path without the
// prefix.
func (m *middleware) login(r *swift.Request, rest string) (*web.Response, error) {
	if r.Method != "GET" {
		return nil, web.Status(405)
	}
	account, user, key, err := credentials(r.Header, rest)
	if err != nil {
		return nil, err
	}
	token, err := m.guarded(r, account, user, key)
	if err != nil {
		return nil, err
	}
	r.Log.User, r.Log.Account = account+":"+user, account
	r.Granted(true)
	scheme := m.scheme
	if scheme == "" {
		scheme = r.Scheme
	}
	res := web.StatusPage(200)
	res.Header.Add("X-Auth-Token", token.Value)
	res.Header.Add("X-Storage-Token", token.Value)
	res.Header.Add("X-Auth-Token-Expires", strconv.FormatInt(int64(time.Until(token.Expires)/time.Second), 10))
	res.Header.Add("X-Storage-Url", scheme+"://"+r.Host+"/v1/"+web.Quote(token.StorageAccount))
	return res, nil
}

// guarded exchanges a key for a token, unless too many logins have failed. The
// error is the answer.
func (m *middleware) guarded(r *swift.Request, account, user, key string) (tempauth.Token, error) {
	attempt := m.guard.Attempt(r.RemoteAddr, "tempauth\x00"+account+":"+user)
	if wait := attempt.Wait(); wait > 0 {
		return tempauth.Token{}, web.TooMany(wait, errGuarded)
	}
	token, err := m.auth.Login(r.Context(), account, user, key)
	var wait time.Duration
	switch {
	case errors.Is(err, tempauth.ErrUnavailable):
		return token, web.Status(503)
	case err != nil:
		wait, err = attempt.Failed(), swift.Unauthorized(account)
	default:
		wait = attempt.Succeeded()
	}
	if wait > 0 {
		return tempauth.Token{}, web.TooMany(wait, errGuarded)
	}
	return token, err
}

var errGuarded = errors.New("too many logins have failed")

// credentials returns the account, user and key of a login
// (TempAuth.handle_get_token).
func credentials(h web.Header, rest string) (account, user, key string, err error) {
	first := func(names ...string) string {
		for _, n := range names {
			if v := h.Get(n); v != "" {
				return v
			}
		}
		return ""
	}
	segments := strings.SplitN(rest, "/", 3)
	switch {
	case segments[0] == "":
		return "", "", "", web.Status(404)
	case segments[0] == "v1" && len(segments) == 3 && segments[2] == "auth":
		account = segments[1]
		user, key = first("X-Storage-User"), first("X-Storage-Pass", "X-Auth-Key")
		if user == "" {
			named, name, _ := strings.Cut(first("X-Auth-User"), ":")
			if named == account {
				user = name
			}
		}
	case segments[0] == "v1.0" || segments[0] == "auth":
		account, user, _ = strings.Cut(first("X-Auth-User", "X-Storage-User"), ":")
		key = first("X-Auth-Key", "X-Storage-Pass")
		if user == "" {
			account = ""
		}
	default:
		return "", "", "", web.Status(400)
	}
	if account == "" || user == "" || key == "" {
		return "", "", "", swift.Unauthorized(account)
	}
	return account, user, key, nil
}
