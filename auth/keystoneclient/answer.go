// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"needletail/auth"
)

// source names Keystone in auth.Identity.
const source = "keystone"

type idName struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Domain *idName `json:"domain"`
}

// document is the body of GET and POST /v3/auth/tokens, reduced to the members
// that matter here.
type document struct {
	Token struct {
		ExpiresAt string  `json:"expires_at"`
		User      *idName `json:"user"`
		Project   *idName `json:"project"`
		Domain    *idName `json:"domain"`
		System    *struct {
			All bool `json:"all"`
		} `json:"system"`
		Roles         []idName `json:"roles"`
		AppCredential *struct {
			AccessRules []struct {
				ID, Service, Method, Path string
			} `json:"access_rules"`
		} `json:"application_credential"`
	} `json:"token"`
}

// parseAnswer reads the identity behind a token. A token with an empty list of
// access rules keeps the empty list: such a token is good for nothing.
func parseAnswer(body []byte) (answer, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return answer{}, fmt.Errorf("not a token: %w", err)
	}
	t := &d.Token
	expires, err := time.Parse(time.RFC3339, t.ExpiresAt)
	if err != nil {
		return answer{}, errors.New("a token without expires_at")
	}
	if t.User == nil || t.User.ID == "" {
		return answer{}, errors.New("a token without a user")
	}
	id := &auth.Identity{Source: source, UserID: t.User.ID, UserName: t.User.Name}
	id.UserDomainID, id.UserDomainName = t.User.domain()
	if p := t.Project; p != nil {
		id.ProjectID, id.ProjectName = p.ID, p.Name
		id.ProjectDomainID, id.ProjectDomainName = p.domain()
	}
	if t.Domain != nil {
		id.DomainID, id.DomainName = t.Domain.ID, t.Domain.Name
	}
	id.SystemScope = t.System != nil && t.System.All
	for _, r := range t.Roles {
		id.Roles = append(id.Roles, r.Name)
	}
	if a := t.AppCredential; a != nil && a.AccessRules != nil {
		id.AccessRules = []auth.AccessRule{}
		for _, r := range a.AccessRules {
			id.AccessRules = append(id.AccessRules, auth.AccessRule(r))
		}
	}
	return answer{identity: id, expires: expires}, nil
}

func (i *idName) domain() (id, name string) {
	if i.Domain == nil {
		return "", ""
	}
	return i.Domain.ID, i.Domain.Name
}

func parseExpiry(body []byte) (time.Time, error) {
	a, err := parseAnswer(body)
	return a.expires, err
}
