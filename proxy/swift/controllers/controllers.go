package controllers

import (
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Config is what the controllers need to know.
type Config struct {
	Store    objstore.Store
	Policies objstore.Policies
	Limits   swift.Limits
	// Version is this program's, shown in /info; Info are the sections of the
	// features in front.
	Version string
	Info    []swift.InfoSection
	// AccountAutocreate lets an account come into being with the first write,
	// and shows it as empty before.
	AccountAutocreate bool
	// AllowAccountManagement opens PUT and DELETE of accounts.
	AllowAccountManagement bool
	// CleanACL gives the canonical form of an X-Container-Read or -Write value,
	// or an error whose text the client sees with 400.
	CleanACL func(header, value string) (string, error)
	// CheckSyncTo judges an X-Container-Sync-To; nil refuses every one but the
	// empty one.
	CheckSyncTo func(value string) error
	// AllowOpenExpired obeys X-Open-Expired.
	AllowOpenExpired bool
	// FullDiskStatus answers the PUT of an object that there is no room for; 0 is
	// 507. OpenStack Swift's proxy has 503 for it (proxy/controllers/obj.py:
	// _check_min_conn), which clients take for a reason to try again; glance_store
	// knows only 413 (_drivers/swift/store.py: add).
	FullDiskStatus int
	// LooseCORS is the opposite of Swift's strict_cors_mode: every origin gets
	// CORS lines.
	LooseCORS bool
	// CORSAllowOrigin and CORSExposeHeaders count for every container.
	CORSAllowOrigin   []string
	CORSExposeHeaders []string
}

// Controllers is the handler of /v1 and /info.
type Controllers struct {
	Config
	info  swift.Handler
	clock objstore.Clock // for the accounts that do not exist yet
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
