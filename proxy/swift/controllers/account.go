// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strconv"

	"needletail/proxy/swift/listing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// getAccount answers GET and HEAD. With AccountAutocreate a missing account
// looks like an empty account.
func (c *Controllers) getAccount(r call) (*web.Response, error) {
	if err := c.Limits.CheckAccountName(r.path.Account); err != nil {
		return nil, err
	}
	format, vary, err := listing.Negotiate(r.Request.Request)
	if err != nil {
		return nil, err
	}
	options, err := listOptions(r.Request, c.Limits.AccountListing)
	if err != nil {
		return nil, err
	}
	info, err := r.AccountUsage(c.Store, r.account())
	missing := errors.Is(err, objstore.KindNotFound)
	if missing && c.AccountAutocreate {
		info, err = objstore.AccountInfo{Created: c.clock.Now()}, nil
	}
	if err != nil {
		return nil, err
	}
	l := listing.NewAccount(format, r.path.Account)
	if !c.Store.Guarantees().CheapPages {
		l.LargePieces()
	}
	page := &accountPage{c: c, r: r, l: l, options: options, join: r.JoinContainers}
	res, err := listed(r.Request, l, format, vary, func() error {
		if missing {
			return nil
		}
		err := page.list()
		// The account may have been deleted since the look-up. It has no
		// containers then.
		if c.AccountAutocreate && errors.Is(err, objstore.KindNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.accountHeaders(&res.Header, &info, r.Grant.Owner)
	return res, nil
}

// accountHeaders adds the counters and the metadata of an account. The ACL and
// owner headers are added for an owner only.
func (c *Controllers) accountHeaders(h *web.Header, info *objstore.AccountInfo, owner bool) {
	h.Add("X-Account-Container-Count", strconv.FormatInt(info.ContainerCount, 10))
	h.Add("X-Account-Object-Count", strconv.FormatInt(info.ObjectCount, 10))
	h.Add("X-Account-Bytes-Used", strconv.FormatInt(info.BytesUsed, 10))
	h.Add("X-Timestamp", info.Created.String())
	for _, u := range info.Policies {
		policy, ok := c.Policies.ByIndex(u.Policy)
		if !ok {
			continue
		}
		prefix := web.TitleName("X-Account-Storage-Policy-" + policy.Name)
		h.Add(prefix+"-Container-Count", strconv.FormatInt(u.ContainerCount, 10))
		h.Add(prefix+"-Object-Count", strconv.FormatInt(u.ObjectCount, 10))
		h.Add(prefix+"-Bytes-Used", strconv.FormatInt(u.BytesUsed, 10))
	}
	swift.AddMetadata(h, info.Metadata, owner)
	if acl := info.Metadata.Get(swift.AccountACLName); owner && acl != "" && acl != "{}" {
		h.Add("X-Account-Access-Control", acl)
	}
}

// updateAccount merges the request's metadata into the account. The name and
// the request's metadata are checked before the Store is asked.
func (c *Controllers) updateAccount(r call) (created bool, err error) {
	if err := c.Limits.CheckAccountName(r.path.Account); err != nil {
		return false, err
	}
	if err := c.Limits.CheckMetadata(r.Header, swift.AccountResource); err != nil {
		return false, err
	}
	update := c.Limits.MetadataUpdate(r.Header, swift.AccountResource, r.Grant.Owner)
	return c.Store.PostAccount(r.Context(), r.account(), update)
}

// postAccount changes metadata. Without AccountAutocreate the account must
// exist.
func (c *Controllers) postAccount(r call) (*web.Response, error) {
	if !c.AccountAutocreate {
		if _, err := r.AccountInfo(c.Store, r.account()); err != nil {
			return nil, err
		}
	}
	if _, err := c.updateAccount(r); err != nil {
		return nil, err
	}
	return web.StatusPage(204), nil
}

// putAccount creates an account or merges metadata into an existing account.
func (c *Controllers) putAccount(r call) (*web.Response, error) {
	created, err := c.updateAccount(r)
	if err != nil {
		return nil, err
	}
	return createdResponse(created), nil
}

// deleteAccount refuses every query: a query is more likely a typing error than
// intended (swift/proxy/controllers/account.py).
func (c *Controllers) deleteAccount(r call) (*web.Response, error) {
	if r.RawQuery != "" {
		return nil, web.Status(400)
	}
	if err := c.Store.DeleteAccount(r.Context(), r.account()); err != nil {
		return nil, err
	}
	return web.StatusPage(204), nil
}

// createdResponse returns 201 for a new resource and 202 for an existing
// resource.
func createdResponse(created bool) *web.Response {
	if created {
		return web.StatusPage(201)
	}
	return web.StatusPage(202)
}
