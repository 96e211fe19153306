// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"testing"

	"needletail/auth"
	"needletail/proxy/web"
)

type denyAll struct{}

func (denyAll) Authorize(*auth.Identity, auth.Access) auth.Grant { return auth.Grant{} }

func TestPreauthorized(t *testing.T) {
	r := &Request{Request: &web.Request{Path: "/v1/a/c/o", TransID: "tx"}, Authorizer: denyAll{}}
	sub := r.Preauthorized("PUT", "/v1/a/archive/é o", "VW")
	if err := sub.Authorize(auth.Access{Account: "a"}); err != nil || sub.Grant.Owner || sub.Grant.Reseller {
		t.Errorf("%v, %+v", err, sub.Grant)
	}
	if sub.TransID != "tx" || sub.Method != "PUT" || sub.Path != "/v1/a/archive/é o" || sub.Source != "VW" {
		t.Errorf("%+v", sub)
	}
	if err := r.Authorize(auth.Access{Account: "a"}); err == nil {
		t.Error("the request itself is allowed too")
	}
	if err := r.Subrequest("GET", "/v1/a/c/o", "").Authorize(auth.Access{}); err == nil {
		t.Error("a plain subrequest is allowed too")
	}
}
