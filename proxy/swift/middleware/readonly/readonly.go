// SPDX-License-Identifier: Apache-2.0

// Package readonly refuses writes: of all accounts, or of single accounts
// (swift/common/middleware/read_only.py). PUT, POST, COPY and DELETE of a
// read-only account are 405. An account's sysmeta
//
//	X-Account-Sysmeta-Read-Only: true or false
//
// counts before the option, for the account alone; no client can set the line.
// A COPY writes the account in Destination-Account.
package readonly

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const sysmeta = "X-Account-Sysmeta-Read-Only"

// New makes the middleware; accounts are looked up in store.
func New(c Options, store objstore.AccountStore) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			if !c.writes(r.Method) {
				return next.Serve(r)
			}
			path, err := r.SplitPath()
			if err != nil {
				return next.Serve(r)
			}
			account := path.Account
			if named, ok := r.Header.Lookup("Destination-Account"); ok && r.Method == "COPY" {
				if account, err = accountName(named); err != nil {
					return nil, err
				}
			}
			if c.readOnly(r, store, account) {
				return nil, web.Statusf(405, "Writes are disabled for this account.")
			}
			return next.Serve(r)
		})
	}
}

func (c Options) writes(method string) bool {
	switch method {
	case "PUT", "POST", "COPY":
		return true
	case "DELETE":
		return !c.AllowDeletes
	}
	return false
}

// accountName is constraints.check_account_format.
func accountName(quoted string) (string, error) {
	name := web.Unquote(quoted)
	switch {
	case name == "":
		return "", web.Statusf(412, "Account name cannot be empty")
	case strings.Contains(name, "/"):
		return "", web.Statusf(412, "Account name cannot contain slashes")
	}
	return name, nil
}

func (c Options) readOnly(r *swift.Request, store objstore.AccountStore, account string) bool {
	info, err := r.AccountInfo(store, objstore.AccountName(account))
	if flag := info.Metadata.Get(sysmeta); err == nil && flag != "" {
		return swift.IsTrue(flag)
	}
	return c.ReadOnly
}
