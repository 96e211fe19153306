// SPDX-License-Identifier: Apache-2.0

package keystoneauth

import (
	"needletail/proxy/swift"
)

const (
	domainHeader  = "X-Account-Project-Domain-Id"
	unknownDomain = "_unknown"
)

// stampDomain puts the domain of the account's project on a request that may
// create the account (KeystoneAuth._set_project_domain_id). Controllers store
// the domain after they have authorized the request; for a PUT of a container
// only if the PUT creates the account.
func (m *middleware) stampDomain(r *swift.Request) error {
	path, err := r.SplitPath()
	creates := path.Object == "" && (r.Method == "PUT" || r.Method == "POST" && path.Container == "")
	if err != nil || !creates {
		return nil // a bad path is the controllers' to refuse
	}
	if m.authz.ownRules(r.Identity, path.Account) != nil {
		if r.Identity.ProjectDomainID != "" {
			r.Header.Set(swift.ProjectDomainIDName, r.Identity.ProjectDomainID)
		}
		return nil
	}
	if path.Container == "" {
		known, err := m.hasDomain(r, path)
		if known || err != nil {
			return err
		}
	}
	r.Header.Set(swift.ProjectDomainIDName, unknownDomain)
	return nil
}

// hasDomain says whether the account has a domain already.
func (m *middleware) hasDomain(r *swift.Request, path swift.Path) (bool, error) {
	res, err := m.next.Serve(r.Subrequest("HEAD", "/"+path.Version+"/"+path.Account, "KS"))
	if err != nil {
		return false, nil // no account, or no access: the request itself will tell
	}
	return res.Header.Has(swift.ProjectDomainIDName), res.Close()
}
