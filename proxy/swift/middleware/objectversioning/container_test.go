// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func TestEnable(t *testing.T) {
	s := newSite(t)
	s.must(201, "PUT c", "", "X-Storage-Policy: silver")
	s.must(204, "HEAD c", "").want(t, "X-Versions-Enabled:")
	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	s.must(204, "HEAD c", "").want(t, "X-Versions-Enabled: False")
	s.must(201, "PUT c/o", "").want(t, "X-Object-Version-Id:")
	s.must(204, "POST c", "", "X-Versions-Enabled: TRUE")
	s.must(200, "GET c?format=json", "").want(t, "X-Versions-Enabled: True")
	hidden, err := s.store.HeadContainer(t.Context(), s.hidden(objstore.ContainerID{Account: "a", Container: "c"}), objstore.InfoOptions{})
	if err != nil || hidden.Policy != 1 {
		t.Errorf("%+v, %v", hidden, err)
	}

	s.must(404, "POST none", "", "X-Versions-Enabled: true")
	s.must(400, "PUT none", "", "X-Versions-Enabled: true", "X-Storage-Policy: unknown")
	s.must(400, "PUT none", "", "X-Versions-Enabled: true", "X-Container-Meta-: x")
	if _, err := s.store.HeadContainer(t.Context(), s.hidden(objstore.ContainerID{Account: "a", Container: "none"}), objstore.InfoOptions{}); err == nil {
		t.Error("a container that could not be made has a hidden one")
	}
	s.must(400, "PUT "+strings.Repeat("x", 257), "", "X-Versions-Enabled: true")
	s.build(testPolicies)
	s.must(400, "PUT none", "", "X-Versions-Enabled: true", "X-Storage-Policy: iron")
}

func TestEnableRefused(t *testing.T) {
	s := newSite(t)
	refused := func(want, request string, lines ...string) {
		t.Helper()
		if got := s.must(400, request, "", lines...); got.body != want {
			t.Errorf("%q", got.body)
		}
	}
	s.must(201, "PUT legacy", "", "X-Container-Sysmeta-Versions-Location: archive")
	refused(withLegacy, "POST legacy", "X-Versions-Enabled: true")
	refused(withLegacy, "PUT new", "X-Versions-Enabled: true", "X-Container-Sysmeta-Versions-Location: archive")
	s.must(201, "PUT synced", "")
	sync := objstore.MetadataUpdate{Set: objstore.Metadata{{Name: syncHeader, Value: "//realm/cluster/b/c"}}}
	if err := s.store.PostContainer(t.Context(), objstore.ContainerID{Account: "a", Container: "synced"}, sync); err != nil {
		t.Fatal(err)
	}
	refused(withSync, "PUT synced", "X-Versions-Enabled: true")
	refused(withSync, "PUT new", "X-Versions-Enabled: true", "X-Container-Sync-To: //realm/cluster/b/c")
	s.must(201, "PUT c", "", "X-Versions-Enabled: true")
	refused(syncVersioned, "POST c", "X-Container-Sync-To: https://x/v1/b/c")
	s.must(204, "POST c", "", "X-Container-Sync-To:")
	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	if got := s.do("POST c", "", "X-Container-Sync-To: https://x/v1/b/c"); got.body == syncVersioned {
		t.Error("versioning is off, and refuses container sync")
	}

	policy := objstore.PolicyIndex(2)
	_, err := s.store.PutContainer(t.Context(), objstore.ContainerID{Account: "a", Container: "old"}, objstore.PutContainerOptions{Policy: &policy})
	if err != nil {
		t.Fatal(err)
	}
	s.build(testPolicies)
	refused(withDeprecated, "POST old", "X-Versions-Enabled: true")
}

func TestDeleteContainer(t *testing.T) {
	s := newVersionedSite(t)
	id := s.must(201, "PUT c/o", "one").id()
	s.must(204, "DELETE c/o?version-id=null", "")
	if got := s.must(409, "DELETE c", ""); got.body != hasVersions {
		t.Errorf("%q", got.body)
	}
	s.must(204, "DELETE c/o?version-id="+id, "")
	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	s.must(201, "PUT c/o", "null")
	s.must(409, "DELETE c", "")
	s.must(204, "POST c", "", "X-Versions-Enabled: true")
	id = s.must(201, "PUT c/o", "two").id()
	null := s.list("versions")[1].ID
	s.must(204, "DELETE c/o?version-id="+id, "")
	s.must(204, "DELETE c/o?version-id="+null, "")
	s.must(204, "DELETE c", "")
	s.must(404, "GET c?versions", "")
	s.must(404, "PUT c/o", "one")
	s.must(204, "DELETE ", "")
	if _, err := s.store.HeadAccount(t.Context(), "\xffversions.a", objstore.InfoOptions{}); err == nil {
		t.Error("the hidden account has stayed")
	}
}

// Bytes count all versions, objects count names.
func TestTotals(t *testing.T) {
	s := newVersionedSite(t)
	s.must(201, "PUT plain", "")
	s.must(201, "PUT plain/o", "12")
	s.must(201, "PUT c/o", "123")
	s.must(201, "PUT c/o", "1234567")
	s.must(204, "DELETE c/o", "")
	s.must(201, "PUT c/p", "12345")
	for _, method := range []string{"HEAD", "GET"} {
		s.do(method+" c", "").want(t, "X-Container-Bytes-Used: 15", "X-Container-Object-Count: 1")
		s.do(method+" ", "").want(t, "X-Account-Bytes-Used: 17", "X-Account-Storage-Policy-Gold-Bytes-Used: 17")
		if !s.shared() { // Swift counts the hidden containers and versions too
			s.do(method+" ", "").want(t, "X-Account-Object-Count: 2", "X-Account-Container-Count: 2")
		}
	}
	for query, want := range map[string]string{
		"format=json&limit=1": `"name": "c", "count": 1, "bytes": 15`,
		"format=xml&prefix=c": `<name>c</name><count>1</count><bytes>15</bytes>`,
		"format=json":         `"name": "plain", "count": 1, "bytes": 2`,
		"delimiter=l":         "c\npl\n",
	} {
		if got := s.must(200, "GET ?"+query, ""); !strings.Contains(got.body, want) {
			t.Errorf("%s: %s", query, got.body)
		}
	}
	json := s.must(200, "GET ", "", "Accept: application/json")
	json.want(t, "Content-Type: application/json; charset=utf-8", "Vary: Accept")
	if !strings.Contains(s.must(200, "GET ?format=json&delimiter=l", "").body, `{"subdir": "pl"}`) {
		t.Error("no subdir")
	}
	s.must(412, "GET ?format=json&limit=10001", "")

	totals, r := Totals(s.store), &swift.Request{Request: &web.Request{}}
	if info, err := r.ContainerUsage(totals, objstore.ContainerID{Account: "a", Container: "c"}); err != nil || info.BytesUsed != 15 {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := r.AccountUsage(totals, "a"); err != nil || info.BytesUsed != 17 || info.Policies[0].BytesUsed != 17 {
		t.Errorf("%+v, %v", info, err)
	}
	if info, err := r.ContainerUsage(totals, objstore.ContainerID{Account: "a", Container: "plain"}); err != nil || info.BytesUsed != 2 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := r.AccountUsage(totals, "none"); err == nil {
		t.Error("an account that does not exist has totals")
	}
}

// A long listing of an account goes out in pieces. Every entry of every piece
// has the bytes of its versions.
func TestTotalsOfALongAccount(t *testing.T) {
	s := newSite(t)
	const containers = 400 // of names that make a page of two pieces
	long := strings.Repeat("n", 200)
	for i := range containers {
		c := fmt.Sprintf("%03d%s", i, long)
		if i%100 != 99 {
			s.must(201, "PUT "+c, "")
			continue
		}
		s.must(201, "PUT "+c, "", "X-Versions-Enabled: true")
		s.must(201, "PUT "+c+"/o", "1")
		s.must(201, "PUT "+c+"/o", "22")
	}
	page := s.must(200, "GET ?format=json", "")
	if len(page.body) <= web.PieceBytes {
		t.Fatalf("a page of %d bytes is a single piece", len(page.body))
	}
	var entries []struct {
		Name         string
		Count, Bytes int64
	}
	if err := json.Unmarshal([]byte(page.body), &entries); err != nil || len(entries) != containers {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	for i, e := range entries {
		want := int64(0)
		if i%100 == 99 {
			want = 3
		}
		if e.Name != fmt.Sprintf("%03d%s", i, long) || e.Bytes != want {
			t.Errorf("entry %d: %s has %d bytes, want %d", i, e.Name[:3], e.Bytes, want)
		}
	}
}
