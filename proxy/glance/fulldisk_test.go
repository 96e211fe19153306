// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"testing"

	"needletail/objstore"
)

// On a full disk images can be deleted, by whoever may.
func TestDeleteOnAFullDisk(t *testing.T) {
	s, h := newHookedSite(t)
	id, protected := s.create("alice", ""), s.create("alice", `"protected": true`)
	s.upload("alice", id, "data")
	h.put = func(o objstore.ObjectID) error {
		return &objstore.Error{Kind: objstore.KindNoSpace, Op: "put object", Name: string(o.Object)}
	}
	s.want(413, "alice", "POST", "/v2/images", "{}")
	s.want(404, "bob", "DELETE", "/v2/images/"+id, "")
	s.want(403, "alice", "DELETE", "/v2/images/"+protected, "")
	s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
	s.want(404, "alice", "GET", "/v2/images/"+id, "")
	if s.data() != 0 || s.records() != 1 {
		t.Errorf("%d objects, %d records", s.data(), s.records())
	}
}
