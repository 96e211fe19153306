package swift

import (
	"needletail/auth"
	"needletail/objstore"
)

// The sysmeta of accounts that a question to an Authorizer carries
// (swift/common/middleware/tempauth.py and keystoneauth.py).
const (
	accountACLName      = "X-Account-Sysmeta-Core-Access-Control"
	projectDomainIDName = "X-Account-Sysmeta-Project-Domain-Id"
)

// AuthorizeWrite is Authorize for a write of p's object, with the ACLs in the
// metadata of the account and of the container. A feature calls AuthorizeWrite
// before a refusal: only senders with the right to write learn the reason.
func (r *Request) AuthorizeWrite(p Path, account, container objstore.Metadata) error {
	return r.Authorize(auth.Access{
		Method: r.Method, Account: p.Account, Container: p.Container, Object: p.Object,
		Referer:                r.Header.Get("Referer"),
		ACL:                    container.Get("X-Container-Write"),
		AccountACL:             account.Get(accountACLName),
		AccountProjectDomainID: account.Get(projectDomainIDName),
	})
}

// IsReseller reports whether the sender may set quotas, Swift's
// reseller_request.
func (r *Request) IsReseller(account string) bool {
	return r.Authorizer != nil &&
		r.Authorizer.Authorize(r.Identity, auth.Access{Method: r.Method, Account: account}).Reseller
}
