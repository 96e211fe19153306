// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Config has the settings of the controllers.
type Config struct {
	Store    objstore.Store
	Policies objstore.Policies
	Limits   swift.Limits
	// Version is the version of this program, shown in /info. Info has the
	// sections of the features in front of the controllers.
	Version string
	Info    []swift.InfoSection
	// AccountAutocreate creates an account with its first write, and shows the
	// account as empty before.
	AccountAutocreate bool
	// AllowAccountManagement permits PUT and DELETE of accounts.
	AllowAccountManagement bool
	// CleanACL returns the canonical form of an X-Container-Read or -Write
	// value. An error is 400 with the error's text.
	CleanACL func(header, value string) (string, error)
	// CheckSyncTo checks an X-Container-Sync-To. Nil refuses every value but
	// the empty value.
	CheckSyncTo func(value string) error
	// AllowOpenExpired makes the controllers obey X-Open-Expired.
	AllowOpenExpired bool
	// FullDiskStatus is the status for the PUT of an object without room on the
	// disks. 0 is 507. OpenStack Swift's proxy answers 503
	// (proxy/controllers/obj.py: _check_min_conn), which clients take as a
	// reason to try again. glance_store knows only 413
	// (_drivers/swift/store.py: add).
	FullDiskStatus int
	// LooseCORS is the opposite of Swift's strict_cors_mode: every origin gets
	// CORS lines.
	LooseCORS bool
	// CORSAllowOrigin and CORSExposeHeaders apply to every container.
	CORSAllowOrigin   []string
	CORSExposeHeaders []string
}

// Controllers is the handler of /v1 and /info.
type Controllers struct {
	Config
	info  swift.Handler
	clock objstore.Clock // for the times of missing accounts
}

// New makes the handler.
func New(c Config) swift.Handler {
	own := core{
		Policies: c.Policies, StrictCORS: !c.LooseCORS,
		AccountAutocreate: c.AccountAutocreate, AllowAccountManagement: c.AllowAccountManagement,
		AllowOpenExpired: c.AllowOpenExpired,
	}
	sections := append([]swift.InfoSection{own.section(c.Limits), ownSection(c.Version)}, c.Info...)
	return &Controllers{Config: c, info: infoHandler(sections)}
}

// Serve answers a request.
func (c *Controllers) Serve(r *swift.Request) (*web.Response, error) {
	if r.Path == "/info" {
		return c.info.Serve(r)
	}
	if r.ContentLength < 0 && r.ContentLength != -1 && r.ContentLength != web.NoLength {
		return nil, web.Statusf(400, "Invalid Content-Length")
	}
	path, err := r.SplitPath()
	if err != nil {
		return nil, err
	}
	res, err := c.dispatch(call{Request: r, path: path})
	if origin := r.Header.Get("Origin"); origin != "" && r.Method != "OPTIONS" && path.Container != "" {
		return c.allowOrigin(r, path, origin, res, err)
	}
	return res, err
}
