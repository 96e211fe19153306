package keystoneclient

import (
	"context"
	"errors"
	"sync"
	"time"
)

// session is the client's own token.
type session struct {
	mu     sync.Mutex
	token  string    // "" for none
	renew  time.Time // when it is to be replaced
	logins flight[struct{}, string]
}

// drop forgets a token that Keystone refused, if it is still the one in use.
func (s *session) drop(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
}

// serviceToken gives a token that is good for a while, logging in if need be.
func (c *Client) serviceToken(ctx context.Context) (string, error) {
	c.session.mu.Lock()
	token, good := c.session.token, c.session.token != "" && c.config.Clock().Before(c.session.renew)
	c.session.mu.Unlock()
	if good {
		return token, nil
	}
	token, _, err := c.session.logins.do(ctx, struct{}{}, c.start, c.login)
	return token, err
}

func (c *Client) login() (string, error) {
	body, err := c.config.Login.body()
	if err != nil {
		return "", &Error{Op: opLogin, Err: err}
	}
	asked := c.config.Clock()
	res, err := c.send(c.life, opLogin, "POST", "nocatalog", body, map[string]string{"Content-Type": "application/json"})
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
	// A token that lives shorter than twice the margin is used for half its life.
	margin := min(renewBefore, expires.Sub(asked)/2)
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.session.token, c.session.renew = token, expires.Add(-margin)
	return token, nil
}
