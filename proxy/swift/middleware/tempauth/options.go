// SPDX-License-Identifier: Apache-2.0

package tempauth

import (
	"needletail/auth/loginguard"
	"needletail/auth/tempauth"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
)

// Options turn Swift's own login on. They come from [tempauth] of the file.
type Options struct {
	// Auth has the users. nil: there are no users, and the filter is off.
	Auth *tempauth.Auth
	// StorageURLScheme replaces the request's scheme in X-Storage-Url, for a
	// server behind a TLS terminator. "" keeps the request's scheme.
	StorageURLScheme string
	// Guard delays logins of clients and users whose logins fail. nil: no login
	// is delayed.
	Guard *loginguard.Guard
}

// Validate accepts all options: tempauth.New has checked the users.
func (o Options) Validate() error { return nil }

// Info returns the section of /info, or nil if the filter is off.
func (o Options) Info(feature.Site) []swift.InfoSection {
	if o.Auth == nil {
		return nil
	}
	return []swift.InfoSection{{Name: "tempauth", Value: pyjson.Object{{Key: "account_acls", Value: true}}}}
}

// Middleware returns the filter, or nil if the filter is off.
func (o Options) Middleware(feature.Site) (swift.Middleware, error) {
	if o.Auth == nil {
		return nil, nil
	}
	return New(o), nil
}
