// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// swiftVersion is the release of Swift with the features of this server.
// Clients compare it before they use a feature.
const swiftVersion = "2.30.1"

// core has the values of the "swift" section besides the limits.
type core struct {
	AccountAutocreate      bool
	AllowAccountManagement bool
	StrictCORS             bool
	AllowOpenExpired       bool
	Policies               objstore.Policies
}

// section returns the "swift" section (swift/proxy/server.py:
// register_swift_info).
func (c core) section(l swift.Limits) swift.InfoSection {
	return swift.InfoSection{Name: "swift", Value: pyjson.Object{
		{Key: "version", Value: swiftVersion},
		{Key: "strict_cors_mode", Value: c.StrictCORS},
		{Key: "policies", Value: policyList(c.Policies)},
		{Key: "allow_account_management", Value: c.AllowAccountManagement},
		{Key: "account_autocreate", Value: c.AccountAutocreate},
		{Key: "allow_open_expired", Value: c.AllowOpenExpired},
		{Key: "max_file_size", Value: l.FileBytes},
		{Key: "max_meta_name_length", Value: l.MetaNameBytes},
		{Key: "max_meta_value_length", Value: l.MetaValueBytes},
		{Key: "max_meta_count", Value: l.MetaCount},
		{Key: "max_meta_overall_size", Value: l.MetaOverallBytes},
		{Key: "max_header_size", Value: l.HeaderBytes},
		{Key: "max_request_line", Value: l.RequestLineBytes},
		{Key: "max_object_name_length", Value: l.ObjectNameBytes},
		{Key: "container_listing_limit", Value: l.ContainerListing},
		{Key: "account_listing_limit", Value: l.AccountListing},
		{Key: "max_account_name_length", Value: l.AccountNameBytes},
		{Key: "max_container_name_length", Value: l.ContainerNameBytes},
		{Key: "extra_header_count", Value: l.ExtraHeaders},
	}}
}

// ownSection returns the section of this program.
func ownSection(version string) swift.InfoSection {
	return swift.InfoSection{Name: "needletail", Value: pyjson.Object{{Key: "version", Value: version}}}
}

// policyList returns the policies without the deprecated ones. Only the default
// policy has the key "default".
func policyList(policies objstore.Policies) []pyjson.Object {
	list := []pyjson.Object{}
	for _, p := range policies {
		if p.Deprecated {
			continue
		}
		names := append([]string{p.Name}, p.Aliases...)
		o := pyjson.Object{
			{Key: "name", Value: p.Name},
			{Key: "aliases", Value: strings.Join(names, ", ")},
		}
		if p.Default {
			o.Set("default", true)
		}
		list = append(list, o)
	}
	return list
}

// infoHandler answers GET, HEAD and OPTIONS of /info. They need no
// authorization (swift/proxy/controllers/info.py).
func infoHandler(sections []swift.InfoSection) swift.Handler {
	var all pyjson.Object
	for _, s := range sections {
		all.Set(s.Name, s.Value)
	}
	body := pyjson.Marshal(all)
	const allow = "HEAD, GET, OPTIONS"
	return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		switch r.Method {
		case "OPTIONS":
			return web.NewResponse(200, web.HeaderField{Name: "Content-Type", Value: web.HTMLType}, web.HeaderField{Name: "Allow", Value: allow}), nil
		case "GET", "HEAD":
			res := web.NewBytes(200, "application/json; charset=UTF-8", body)
			if origin := r.Header.Get("Origin"); origin != "" {
				res.Header.Add("Access-Control-Allow-Origin", origin)
				res.Header.Add("Access-Control-Expose-Headers", "x-trans-id")
			}
			return res, nil
		}
		return nil, &web.StatusError{Status: 405, Header: web.Header{{Name: "Allow", Value: allow}}}
	})
}
