// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"needletail/auth"
	"needletail/objstore"
)

// The metadata of containers with ACLs.
const (
	readACLName  = "X-Container-Read"
	writeACLName = "X-Container-Write"
)

// AccessTo returns the question whether the request may do what the request does
// to p, without ACLs: an owner is allowed without them, and a question without
// ACLs needs no look-up.
func (r *Request) AccessTo(p Path) auth.Access {
	return auth.Access{
		Method: r.Method, Account: p.Account, Container: p.Container, Object: p.Object,
		Referer: r.Header.Get("Referer"),
	}
}

// AddAccountACL adds the account's part of a question: the ACL and the domain of
// the account.
func AddAccountACL(a *auth.Access, account objstore.Metadata) {
	a.AccountACL = account.Get(AccountACLName)
	a.AccountProjectDomainID = account.Get(ProjectDomainIDName)
}

// AddContainerACL adds the container's part of a question: the write ACL if the
// request writes, else the read ACL.
func AddContainerACL(a *auth.Access, container objstore.Metadata, write bool) {
	a.ACL = container.Get(readACLName)
	if write {
		a.ACL = container.Get(writeACLName)
	}
}
