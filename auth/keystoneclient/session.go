// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// session is the client's own token as one user.
type session struct {
	user   Login
	logins flight[struct{}, string]

	mu        sync.Mutex
	token     string    // "": no token
	renew     time.Time // the time for a new token
	restUntil time.Time // nothing is asked before
	restWhy   error
}

// good returns the token if the token needs no renewal yet.
func (s *session) good(now time.Time) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, s.token != "" && now.Before(s.renew)
}

// drop forgets a token that Keystone refused, unless a newer token is in use.
func (s *session) drop(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
}

// serviceToken returns a token that is good for a while. serviceToken logs in
// if the last token is missing or about to expire.
func (c *Client) serviceToken(ctx context.Context, s *session) (string, error) {
	known := func() (string, bool) { return s.good(c.config.Clock()) }
	if token, ok := known(); ok {
		return token, nil
	}
	token, _, err := s.logins.do(ctx, struct{}{}, known, c.start, func() (string, error) { return c.login(s) })
	return token, err
}

// asUser sends a GET with the session's token. If Keystone refuses the token,
// asUser drops the token and asks once more with a new token.
func (c *Client) asUser(ctx context.Context, s *session, op, path string, header map[string]string) (reply, error) {
	for again := false; ; again = true {
		own, err := c.serviceToken(ctx, s)
		if err != nil {
			return reply{}, err
		}
		header["X-Auth-Token"] = own
		res, err := c.send(ctx, op, "GET", path, nil, header)
		if err != nil || res.status != 401 {
			return res, err
		}
		s.drop(own)
		if again {
			return res, nil
		}
	}
}

// login gets a new token for the session's user and keeps the token.
func (c *Client) login(s *session) (string, error) {
	body, err := s.user.body()
	if err != nil {
		return "", &Error{Op: opLogin, Err: err}
	}
	asked := c.config.Clock()
	res, err := c.send(c.life, opLogin, "POST", tokensPath+"?nocatalog", body, map[string]string{"Content-Type": "application/json"})
	if err != nil {
		return "", err
	}
	token := res.header.Get("X-Subject-Token")
	if res.status != 201 || !plausible(token) {
		err := &Error{Op: opLogin, Status: res.status}
		if res.status == 401 {
			err.Err = errors.New("the service user is refused")
		}
		return "", err
	}
	expires, err := parseExpiry(res.body)
	if err != nil {
		return "", &Error{Op: opLogin, Status: res.status, Err: err}
	}
	// A token whose life is shorter than twice the margin is used for half its
	// life.
	margin := min(renewBefore, expires.Sub(asked)/2)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.renew = token, expires.Add(-margin)
	return token, nil
}
