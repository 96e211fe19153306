// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// reply is an answer of Keystone, read whole.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// tokensPath is the path for issuing and validating tokens.
const tokensPath = "/auth/tokens"

// send sends a request for a path below AuthURL. A request without a connection
// is sent again; a request that may have reached Keystone is not.
func (c *Client) send(ctx context.Context, op, method, path string, body []byte, header map[string]string) (reply, error) {
	delay := c.config.RetryDelay
	for try := 0; ; try++ {
		start := time.Now()
		res, err := c.sendOnce(ctx, method, c.config.AuthURL+path, body, header)
		c.stats.request(op, time.Since(start))
		var dial *net.OpError
		if err == nil || !errors.As(err, &dial) || dial.Op != "dial" || try >= c.config.Retries {
			if err != nil {
				return reply{}, &Error{Op: op, Err: err}
			}
			return res, nil
		}
		select {
		case <-time.After(delay):
			delay *= 2
		case <-ctx.Done():
			return reply{}, &Error{Op: op, Err: ctx.Err()}
		}
	}
}

func (c *Client) sendOnce(ctx context.Context, method, url string, body []byte, header map[string]string) (reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("User-Agent", c.config.UserAgent)
	req.Header.Set("Accept", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	read, err := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes+1))
	if err != nil {
		return reply{}, err
	}
	if len(read) > maxAnswerBytes {
		return reply{}, fmt.Errorf("an answer of more than %d bytes", maxAnswerBytes)
	}
	return reply{res.StatusCode, res.Header, read}, nil
}

// validate asks Keystone about a token. The answer has no identity if the token
// is not valid: Keystone says 404, or the token has expired on the way.
func (c *Client) validate(ctx context.Context, q question) (answer, error) {
	path := tokensPath + "?nocatalog"
	if q.allowExpired {
		path += "&allow_expired=1"
	}
	res, err := c.asUser(ctx, &c.session, opValidate, path, map[string]string{
		"X-Subject-Token": q.token,
		// Without this header Keystone answers 404 for a token with access
		// rules.
		"OpenStack-Identity-Access-Rules": "1",
	})
	if err != nil {
		return answer{}, err
	}
	switch res.status {
	case 200:
		a, err := parseAnswer(res.body)
		if err != nil {
			return answer{}, &Error{Op: opValidate, Status: 200, Err: err}
		}
		if c.expired(a, q) {
			return answer{}, nil
		}
		return a, nil
	case 404:
		return answer{}, nil
	}
	return answer{}, &Error{Op: opValidate, Status: res.status}
}

// named returns {"id"} or {"name", "domain"} for the body of a login.
func named(id, name, domainID, domainName string) map[string]any {
	if id != "" {
		return map[string]any{"id": id}
	}
	domain := map[string]any{"id": domainID}
	switch {
	case domainID == "" && domainName != "":
		domain = map[string]any{"name": domainName}
	case domainID == "":
		domain["id"] = "default"
	}
	return map[string]any{"name": name, "domain": domain}
}

// body returns the body of POST /v3/auth/tokens.
func (l *Login) body() ([]byte, error) {
	identity, auth := map[string]any{}, map[string]any{}
	auth["identity"] = identity
	if l.AppCredentialID != "" {
		identity["methods"] = []string{"application_credential"}
		identity["application_credential"] = map[string]any{"id": l.AppCredentialID, "secret": l.AppCredentialSecret}
	} else {
		user := named(l.UserID, l.Username, l.UserDomainID, l.UserDomainName)
		user["password"] = l.Password
		identity["methods"] = []string{"password"}
		identity["password"] = map[string]any{"user": user}
		if l.System {
			auth["scope"] = map[string]any{"system": map[string]any{"all": true}}
		} else {
			auth["scope"] = map[string]any{
				"project": named(l.ProjectID, l.ProjectName, l.ProjectDomainID, l.ProjectDomainName),
			}
		}
	}
	return json.Marshal(map[string]any{"auth": auth})
}
