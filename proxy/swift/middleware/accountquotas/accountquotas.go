// SPDX-License-Identifier: Apache-2.0

// Package accountquotas bounds the content of an account
// (swift/common/middleware/account_quotas.py).
//
//	X-Account-Quota-Bytes                 bytes of all objects
//	X-Account-Quota-Count                 number of objects
//	X-Account-Quota-Bytes-Policy-POLICY   bytes of objects of the policy
//	X-Account-Quota-Count-Policy-POLICY   number of objects of the policy
//
// are set by a PUT or POST of the account, and removed by an empty value or
// X-Remove-Account-…. X-Account-Meta-Quota-Bytes is the older form of the first
// and still counts. Only resellers may set or remove quotas; for anybody else
// the answer is 403, also for a value that changes nothing. A value with
// anything but digits is 400. Every reader of the account sees the quotas.
//
// A PUT of an object beyond a quota is 413, for clients with the right to
// write; resellers are not bound. Nothing is credited for an object that the
// PUT would replace. A body of unknown length counts nothing.
package accountquotas

import (
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Info is the filter's section of /info.
func Info() *swift.InfoSection {
	return &swift.InfoSection{Name: "account_quotas", Value: pyjson.Object{}}
}

// Lookup is where accounts and containers are found.
type Lookup interface {
	objstore.AccountStore
	objstore.ContainerStore
}

// New makes the middleware.
func New(store Lookup, policies objstore.Policies) swift.Middleware {
	quotas := quotasOf(policies)
	return func(next swift.Handler) swift.Handler {
		return &middleware{store: store, quotas: quotas, next: next}
	}
}

type middleware struct {
	store  Lookup
	quotas []quota
	next   swift.Handler
}

// quota has the names of a quota: the client's name and the stored name.
type quota struct{ client, sysmeta string }

const (
	bytesSysmeta  = "X-Account-Sysmeta-Quota-Bytes"
	countSysmeta  = "X-Account-Sysmeta-Quota-Count"
	legacyBytes   = "X-Account-Meta-Quota-Bytes"
	policyInfix   = "-Policy-"
	removedPrefix = "X-Remove-"
)

// quotasOf lists the possible quotas: stored under a policy's index, which
// never changes, and shown under the policy's name.
func quotasOf(policies objstore.Policies) []quota {
	var list []quota
	for _, kind := range []string{"Bytes", "Count"} {
		client, sysmeta := "X-Account-Quota-"+kind, "X-Account-Sysmeta-Quota-"+kind
		list = append(list, quota{client, sysmeta})
		for _, p := range policies {
			list = append(list, quota{client + policyInfix + p.Name, sysmeta + policyTail(p.Index)})
		}
	}
	return list
}

func policyTail(i objstore.PolicyIndex) string { return policyInfix + strconv.Itoa(int(i)) }

func (m *middleware) Serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	switch {
	case err != nil:
	case path.Container == "":
		return m.serveAccount(r, path)
	case path.Object != "" && r.Method == "PUT":
		if err := m.checkUpload(r, path); err != nil {
			return nil, err
		}
	}
	return m.next.Serve(r)
}

// serveAccount stores the quotas of a request, and shows the quotas of the
// account.
func (m *middleware) serveAccount(r *swift.Request, path swift.Path) (*web.Response, error) {
	if r.Method == "PUT" || r.Method == "POST" {
		if err := m.storeQuotas(r, path); err != nil {
			return nil, err
		}
	}
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	for _, q := range m.quotas {
		if value := res.Header.Get(q.sysmeta); value != "" {
			res.Header.Set(web.TitleName(q.client), value)
		}
	}
	return res, nil
}

func (m *middleware) storeQuotas(r *swift.Request, path swift.Path) error {
	for _, prefix := range []string{"X-", removedPrefix} {
		older := prefix + strings.TrimPrefix(legacyBytes, "X-")
		newer := prefix + "Account-Quota-Bytes"
		if value, ok := r.Header.Lookup(older); ok && r.Header.Get(newer) == "" {
			r.Header.Set(newer, value)
		}
	}
	set := map[string]string{}
	for _, q := range m.quotas {
		value, ok := r.Header.Lookup(q.client)
		if r.Header.Get(removedPrefix+strings.TrimPrefix(q.client, "X-")) != "" {
			value, ok = "", true // removal dominates
		}
		if ok {
			set[q.sysmeta] = value
		}
	}
	if len(set) == 0 {
		return nil
	}
	if !r.IsReseller(path.Account) {
		return web.Status(403)
	}
	for sysmeta, value := range set {
		if strings.Trim(value, "0123456789") != "" {
			return web.Status(400)
		}
		r.Header.Set(sysmeta, value)
	}
	return nil
}

// checkUpload returns nil for a missing account: the PUT will refuse.
func (m *middleware) checkUpload(r *swift.Request, path swift.Path) error {
	name := objstore.AccountName(path.Account)
	account, err := r.AccountInfo(m.store, name)
	if err != nil || !hasQuota(account.Metadata) {
		return nil
	}
	if account, err = r.AccountUsage(m.store, name); err != nil {
		return nil
	}
	size := max(r.ContentLength, 0)
	limit, ok := account.Metadata.Lookup(bytesSysmeta)
	if !ok {
		limit = account.Metadata.Get(legacyBytes)
	}
	over := exceeds(limit, account.BytesUsed, size) ||
		exceeds(account.Metadata.Get(countSysmeta), account.ObjectCount, 1)
	text := "Upload exceeds quota."
	container, err := r.ContainerInfo(m.store, path.ContainerID())
	if !over && err == nil {
		text = "Upload exceeds policy quota."
		used := usageOf(account, container.Policy)
		tail := policyTail(container.Policy)
		over = exceeds(account.Metadata.Get(bytesSysmeta+tail), used.BytesUsed, size) ||
			exceeds(account.Metadata.Get(countSysmeta+tail), used.ObjectCount, 1)
	}
	if !over || r.IsReseller(path.Account) {
		return nil
	}
	if err := r.AuthorizeWrite(path, account.Metadata, container.Metadata); err != nil {
		return err
	}
	return web.Statusf(413, "%s", text)
}

// hasQuota spares most uploads the look at their container.
func hasQuota(m objstore.Metadata) bool {
	for _, f := range m {
		if strings.HasPrefix(f.Name, "X-Account-Sysmeta-Quota-") || f.Name == legacyBytes {
			return true
		}
	}
	return false
}

func usageOf(a objstore.AccountInfo, policy objstore.PolicyIndex) objstore.PolicyUsage {
	for _, u := range a.Policies {
		if u.Policy == policy {
			return u
		}
	}
	return objstore.PolicyUsage{}
}

// exceeds reports whether used and more are over the quota. A quota without a
// number bounds nothing.
func exceeds(quota string, used, more int64) bool {
	limit, err := strconv.ParseUint(quota, 10, 63)
	return err == nil && more > int64(limit)-used
}
