// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// receiptHeader carries the receipt of an incomplete login, to the client and
// back.
const receiptHeader = "Openstack-Auth-Receipt"

// receiptResponse is the 401 of a login that lacks a factor
// (keystone/receipt/handlers.py).
func receiptResponse(p *identity.PartialLogin) *web.Response {
	required := make(pyjson.Array, len(p.Required))
	for i, rule := range p.Required {
		required[i] = rule
	}
	res := exact(401, pyjson.Object{
		{Key: "receipt", Value: pyjson.Object{
			{Key: "methods", Value: p.Methods},
			{Key: "user", Value: pyjson.Object{
				{Key: "id", Value: p.User.ID}, {Key: "name", Value: p.User.Name},
				{Key: "domain", Value: idName(p.UserDomain.ID, p.UserDomain.Name)},
			}},
			{Key: "expires_at", Value: p.ExpiresAt.Format(tokenTime)},
			{Key: "issued_at", Value: p.IssuedAt.Format(tokenTime)},
		}},
		{Key: "required_auth_methods", Value: required},
	})
	res.Header.Set(receiptHeader, p.Receipt)
	return res
}
