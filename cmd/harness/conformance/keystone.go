// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// keystoneUser is a row of the table of users in Swift's test_access_control.py.
type keystoneUser struct{ number, domain, project, name, role string }

var keystoneTable = []keystoneUser{
	{"", "Default", "test", "tester", "admin"},
	{"2", "Default", "test2", "tester2", "admin"},
	{"3", "Default", "test", "tester3", "_member_"},
	{"4", "test-domain", "test4", "tester4", "admin"},
	{"5", "Default", "test5", "tester5", "service"},
	{"6", "Default", "test", "tester6", "ResellerAdmin"},
}

// keystoneUsers makes the users of the table through Keystone's API, and returns
// the section of test.conf that names the users.
func keystoneUsers(ctx context.Context, s *server) (string, error) {
	c := &keystoneClient{ctx: ctx, url: s.url + "/identity/v3"}
	if err := c.login("admin", s.adminPassword); err != nil {
		return "", err
	}
	var conf strings.Builder
	fmt.Fprintf(&conf, "auth_version = 3\nauth_uri = %s\n", c.url)
	for _, u := range keystoneTable {
		password := "testing" + u.number
		if err := c.add(u, password); err != nil {
			return "", fmt.Errorf("user %s: %w", u.name, err)
		}
		for _, kv := range [][2]string{
			{"account", u.project}, {"username", u.name}, {"password", password}, {"domain", u.domain},
		} {
			fmt.Fprintf(&conf, "%s%s = %s\n", kv[0], u.number, kv[1])
		}
	}
	return conf.String(), nil
}

// keystoneClient speaks Keystone's API as an admin.
type keystoneClient struct {
	ctx        context.Context
	url, token string
}

func (c *keystoneClient) add(u keystoneUser, password string) error {
	domain, err := c.ensure("domain", u.domain, nil)
	if err != nil {
		return err
	}
	in := map[string]any{"domain_id": domain}
	project, err := c.ensure("project", u.project, in)
	if err != nil {
		return err
	}
	user, err := c.ensure("user", u.name, map[string]any{"domain_id": domain, "password": password})
	if err != nil {
		return err
	}
	role, err := c.ensure("role", u.role, nil)
	if err != nil {
		return err
	}
	_, err = c.call("PUT", "/projects/"+project+"/users/"+user+"/roles/"+role, nil, nil)
	return err
}

// ensure returns the ID of a domain, project, user or role. A missing resource is
// made, with the attributes.
func (c *keystoneClient) ensure(kind, name string, attributes map[string]any) (string, error) {
	type thing struct {
		ID string `json:"id"`
	}
	query := url.Values{"name": {name}}
	if domain, ok := attributes["domain_id"].(string); ok {
		query.Set("domain_id", domain)
	}
	var found map[string]json.RawMessage
	if _, err := c.call("GET", "/"+kind+"s?"+query.Encode(), nil, &found); err != nil {
		return "", err
	}
	var list []thing
	if err := json.Unmarshal(found[kind+"s"], &list); err != nil {
		return "", err
	}
	if len(list) > 0 {
		return list[0].ID, nil
	}
	all := map[string]any{"name": name}
	for k, v := range attributes {
		all[k] = v
	}
	var made map[string]thing
	if _, err := c.call("POST", "/"+kind+"s", map[string]any{kind: all}, &made); err != nil {
		return "", err
	}
	return made[kind].ID, nil
}

func (c *keystoneClient) login(user, password string) error {
	inDefault := map[string]any{"id": "default"}
	header, err := c.call("POST", "/auth/tokens", map[string]any{"auth": map[string]any{
		"identity": map[string]any{"methods": []string{"password"}, "password": map[string]any{
			"user": map[string]any{"name": user, "domain": inDefault, "password": password},
		}},
		"scope": map[string]any{"project": map[string]any{"name": "admin", "domain": inDefault}},
	}}, nil)
	if err != nil {
		return err
	}
	c.token = header.Get("X-Subject-Token")
	return nil
}

// maxAnswerBytes bounds an answer of Keystone.
const maxAnswerBytes = 1 << 20

// call sends in as JSON and reads the answer into out. A nil in sends no body; a
// nil out drops the answer. A status of 300 or above is an error.
func (c *keystoneClient) call(method, path string, in, out any) (http.Header, error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(c.ctx, method, c.url+path, &body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", c.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	if out != nil {
		err = json.Unmarshal(answer, out)
	}
	return res.Header, err
}
