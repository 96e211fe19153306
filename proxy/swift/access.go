// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"needletail/auth"
	"needletail/objstore"
)

// The sysmeta of accounts that a question to an Authorizer carries
// (swift/common/middleware/tempauth.py and keystoneauth.py).
const (
	AccountACLName      = "X-Account-Sysmeta-Core-Access-Control"
	ProjectDomainIDName = "X-Account-Sysmeta-Project-Domain-Id"
)

// AuthorizeWrite is Authorize for a write of p's object, with the ACLs in the
// metadata of the account and of the container. A feature calls AuthorizeWrite
// before a refusal: only senders with the right to write learn the reason.
func (r *Request) AuthorizeWrite(p Path, account, container objstore.Metadata) error {
	a := r.AccessTo(p)
	AddAccountACL(&a, account)
	AddContainerACL(&a, container, true)
	return r.Authorize(a)
}

// IsReseller reports whether the sender may set quotas, Swift's
// reseller_request.
func (r *Request) IsReseller(account string) bool {
	return r.Authorizer != nil &&
		r.Authorizer.Authorize(r.Identity, auth.Access{Method: r.Method, Account: account}).Reseller
}
