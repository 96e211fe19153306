// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"errors"
	"strings"
)

// CatalogEntry is a service with the endpoints usable with a token.
type CatalogEntry struct {
	Service   *CatalogService
	Endpoints []CatalogEndpoint
}

// CatalogEndpoint is an endpoint with its URL filled in.
type CatalogEndpoint struct {
	*Endpoint
	URL string
}

// Catalog returns the enabled services sorted by ID, each with its enabled
// endpoints sorted by ID. An endpoint is left out if the URL's template asks
// for a value missing from the token, for example a project's ID with an
// unscoped token. The service stays then, without endpoints
// (keystone/catalog/backends/sql.py).
func (s *Service) Catalog(t *Token) []CatalogEntry {
	vars := func(name string) (string, bool) {
		switch name {
		case "user_id":
			return t.User.ID, true
		case "project_id", "tenant_id":
			if t.Project != nil {
				return t.Project.ID, true
			}
		}
		return "", false
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	endpoints := s.endpoints.sorted()
	var out []CatalogEntry
	for _, service := range s.services.sorted() {
		if !service.Enabled {
			continue
		}
		entry := CatalogEntry{Service: service}
		for _, e := range endpoints {
			if e.ServiceID != service.ID || !e.Enabled {
				continue
			}
			if url, err := expandURL(e.URL, vars); err == nil {
				entry.Endpoints = append(entry.Endpoints, CatalogEndpoint{e, url})
			}
		}
		out = append(out, entry)
	}
	return out
}

// errTemplate: a URL's template has an unknown name or a stray "%".
var errTemplate = errors.New("malformed URL template")

// validateVars accepts the names allowed in a template, with the value "x".
// checkEndpoint expands a new URL with validateVars to find errors early.
func validateVars(name string) (string, bool) {
	switch name {
	case "user_id", "project_id", "tenant_id":
		return "x", true
	}
	return "", false
}

// expandURL returns url with $(name)s and %(name)s replaced by vars(name). The
// error is errTemplate if vars does not know a name, or if "%" or "$(" is not
// part of a replacement. Keystone expands with Python's % operator, hence "%%"
// becomes "%", and a lone "$" stays.
func expandURL(url string, vars func(string) (string, bool)) (string, error) {
	if !strings.ContainsAny(url, "$%") {
		return url, nil
	}
	var b strings.Builder
	for i := 0; i < len(url); i++ {
		opens := strings.HasPrefix(url[i+1:], "(")
		switch {
		case (url[i] == '$' || url[i] == '%') && opens:
			end := strings.Index(url[i:], ")s")
			if end < 0 {
				return "", errTemplate
			}
			value, ok := vars(url[i+2 : i+end])
			if !ok {
				return "", errTemplate
			}
			b.WriteString(value)
			i += end + 1
		case url[i] == '%' && strings.HasPrefix(url[i+1:], "%"):
			b.WriteByte('%')
			i++
		case url[i] == '%':
			return "", errTemplate
		default:
			b.WriteByte(url[i])
		}
	}
	return b.String(), nil
}
