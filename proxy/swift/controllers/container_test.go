// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/objstore/memstore"
)

func TestContainerVerbs(t *testing.T) {
	s := newServer(t)
	for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
		s.must(404, method+" /v1/a/c", "").want(t, html)
	}
	a := s.must(201, "PUT /v1/a/c", "")
	a.want(t, html)
	a.wantBody(t, "")
	s.must(202, "PUT /v1/a/c", "").wantBody(t, accepted)
	s.must(204, "POST /v1/a/c", "", "X-Container-Meta-Kind: x").want(t, html)
	s.must(201, "PUT /v1/a/c/o", "abc")
	a = s.must(204, "HEAD /v1/a/c", "")
	a.want(t, "X-Container-Object-Count: 1", "X-Container-Bytes-Used: 3", "X-Container-Meta-Kind: x",
		"X-Storage-Policy: gold", "Accept-Ranges: bytes", "Vary: Accept", "Content-Type: text/plain; charset=utf-8",
		"X-Container-Sharding:")
	if !a.Has("Last-Modified") || !a.Has("X-Timestamp") {
		t.Errorf("times are missing: %v", a.Header)
	}
	a = s.must(409, "DELETE /v1/a/c", "")
	a.wantBody(t, "<html><h1>Conflict</h1><p>There was a conflict when trying to complete your request.</p></html>")
	s.must(204, "DELETE /v1/a/c/o", "")
	s.must(204, "DELETE /v1/a/c", "").want(t, html)
	s.must(404, "HEAD /v1/a/c", "").want(t, "X-Storage-Policy:")
}

func TestContainerPolicies(t *testing.T) {
	s := newServer(t)
	a := s.must(400, "PUT /v1/a/c", "", "X-Storage-Policy: mud")
	a.wantBody(t, "Invalid X-Storage-Policy 'mud'")
	a.want(t, "Content-Type: text/plain")
	s.must(400, "PUT /v1/a/c", "", "X-Storage-Policy: Iron").wantBody(t, "Storage Policy 'iron' is deprecated")
	s.must(201, "PUT /v1/a/c", "", "X-Storage-Policy: AU")
	s.must(204, "HEAD /v1/a/c", "").want(t, "X-Storage-Policy: gold")
	s.must(202, "PUT /v1/a/c", "", "X-Storage-Policy: gold")
	s.must(409, "PUT /v1/a/c", "", "X-Storage-Policy: silver")
	s.must(204, "POST /v1/a/c", "", "X-Storage-Policy: silver")
	s.must(204, "HEAD /v1/a/c", "").want(t, "X-Storage-Policy: gold")
	s.must(201, "PUT /v1/a/d", "", "X-Storage-Policy:")
}

func TestContainerACLs(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "", "X-Container-Read: bob , sue", "X-Container-Write: x")
	s.must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Read: bob,sue", "X-Container-Write: x")
	s.must(400, "POST /v1/a/c", "", "X-Container-Write: bad").wantBody(t, "bad ACL: 'bad'")
	s.must(400, "PUT /v1/a/c", "", "X-Container-Read: bad")
	s.must(204, "POST /v1/a/c", "", "X-Remove-Container-Write: x", "X-Container-Read:")
	if a := s.must(204, "HEAD /v1/a/c", ""); a.Has("X-Container-Read") || a.Has("X-Container-Write") {
		t.Errorf("the ACLs are still there: %v", a.Header)
	}
}

// Who is no owner neither sees nor changes what is the owner's.
func TestOwnerHeaders(t *testing.T) {
	s := newServer(t)
	lines := []string{
		"X-Container-Read: r", "X-Container-Write: w", "X-Container-Sync-Key: k",
		"X-Container-Meta-Temp-URL-Key: 1", "X-Container-Meta-Temp-URL-Key-2: 2",
	}
	s.must(201, "PUT /v1/a/c", "", lines...)
	s.must(204, "HEAD /v1/a/c", "").want(t, lines...)
	s.as(guest)
	a := s.must(204, "HEAD /v1/a/c", "")
	for _, line := range lines {
		if name, _, _ := strings.Cut(line, ":"); a.Has(name) {
			t.Errorf("a guest sees %s", name)
		}
	}
	s.must(202, "PUT /v1/a/c", "", "X-Container-Read: evil", "X-Remove-Container-Write: x",
		"X-Container-Meta-Temp-Url-Key: evil", "X-Container-Meta-Plain: yes")
	s.must(204, "POST /v1/a/c", "", "X-Container-Sync-Key: evil")
	s.as(owner)
	s.must(204, "HEAD /v1/a/c", "").want(t, append(lines, "X-Container-Meta-Plain: yes")...)

	s.must(204, "POST /v1/a", "", "X-Account-Meta-Temp-URL-Key: k",
		`X-Account-Sysmeta-Core-Access-Control: {"admin":["x"]}`)
	s.must(204, "HEAD /v1/a", "").want(t, "X-Account-Meta-Temp-URL-Key: k", `X-Account-Access-Control: {"admin":["x"]}`)
	s.as(guest).must(204, "HEAD /v1/a", "").want(t, "X-Account-Meta-Temp-URL-Key:", "X-Account-Access-Control:")
	s.as(reseller).must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Sharding: False")
}

func TestContainerNames(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/"+strings.Repeat("c", 256), "")
	a := s.must(400, "PUT /v1/a/"+strings.Repeat("c", 257), "")
	a.wantBody(t, "Container name length of 257 longer than 256")
	a.want(t, html)
	s.must(201, "PUT /v1/a/%E2%82%AC/", "")
	s.must(204, "HEAD /v1/a/%E2%82%AC", "")
}

// The account that a container's PUT creates gets the account's sysmeta.
func TestContainerPutCreatesAccount(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "", "X-Account-Sysmeta-Project-Domain-Id: default", "X-Container-Sysmeta-X: y")
	info, err := s.store.HeadAccount(context.Background(), "a", objstore.InfoOptions{})
	if err != nil || info.Metadata.Get("X-Account-Sysmeta-Project-Domain-Id") != "default" {
		t.Errorf("account %+v, %v", info, err)
	}
	c, err := s.store.HeadContainer(context.Background(), objstore.ContainerID{Account: "a", Container: "c"}, objstore.InfoOptions{})
	if err != nil || c.Metadata.Get("X-Container-Sysmeta-X") != "y" {
		t.Errorf("container %+v, %v", c, err)
	}
}

func TestContainerListing(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "")
	for _, name := range []string{"top", "d/", "d/x", "d/e/y", "/lead", "z-1"} {
		s.must(201, "PUT /v1/a/c/"+name, "")
	}
	for query, want := range map[string]string{
		"":                       "/lead\nd/\nd/e/y\nd/x\ntop\nz-1\n",
		"?delimiter=/":           "/\nd/\ntop\nz-1\n",
		"?prefix=d/&delimiter=/": "d/\nd/e/\nd/x\n",
		"?path=d":                "d/x\n",
		"?path=":                 "d/\ntop\nz-1\n",
		"?path=/":                "/lead\n",
		"?reverse=on&limit=2":    "z-1\ntop\n",
	} {
		s.must(200, "GET /v1/a/c"+query, "").wantBody(t, want)
	}
	s.must(204, "GET /v1/a/c?marker=zz", "").want(t, "Content-Type: text/plain; charset=utf-8")
	s.must(200, "GET /v1/a/c?marker=zz&format=json", "").wantBody(t, "[]")
	s.must(200, "GET /v1/a/c?marker=zz&format=xml", "").
		wantBody(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<container name=\"c\" />")
	s.must(412, "GET /v1/a/c?limit=10001", "").wantBody(t, "Maximum limit is 10000")
	s.must(400, "GET /v1/a/c?path=%ff", "").wantBody(t, `"path" parameter not valid UTF-8`)
	s.must(404, "GET /v1/a/none?format=json", "").want(t, html)
}

// A reseller has a container sharded where there is a sharder
// (swift/proxy/controllers/container.py).
func TestSharding(t *testing.T) {
	s := newServer(t)
	s.as(reseller).must(201, "PUT /v1/a/c", "", "X-Container-Sharding: on")
	s.must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Sharding: False")
	promises := objstore.Strict()
	promises.SwiftLayout = true
	s = newServer(t, func(c *Config) {
		c.Store = memstore.New(memstore.Options{Policies: testPolicies, Guarantees: &promises})
		t.Cleanup(func() { c.Store.Close() })
	})
	s.as(owner).must(201, "PUT /v1/a/c", "", "X-Container-Sharding: on")
	s.must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Sharding:", "X-Container-Sysmeta-Sharding:")
	s.as(reseller)
	for _, c := range []struct {
		status               int
		request, value, want string
	}{
		{204, "POST", "on", "True"}, {202, "PUT", "no", "False"}, {202, "PUT", "true", "True"},
		{204, "POST", "", "False"}, {204, "POST", "yes", "True"},
	} {
		s.must(c.status, c.request+" /v1/a/c", "", "X-Container-Sharding: "+c.value)
		s.must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Sharding: "+c.want, "X-Container-Sysmeta-Sharding: "+c.want)
	}
	s.must(204, "POST /v1/a/c", "", "X-Container-Meta-A: b")
	s.must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Sharding: True")
	s.as(owner).must(204, "POST /v1/a/c", "", "X-Container-Sharding: off")
	s.as(reseller).must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Sharding: True")
}

// counting is a Store whose listings have counters of their own.
type counting struct {
	objstore.Store
	counted objstore.Counters
}

func (c counting) ListObjects(ctx context.Context, id objstore.ContainerID, o objstore.ListOptions, visit func(*objstore.ObjectEntry) error) error {
	*o.Counted = c.counted
	return c.Store.ListObjects(ctx, id, o, visit)
}

// The counters of a listing beat those that were asked for before.
func TestCountersOfListing(t *testing.T) {
	for known, want := range map[bool][]string{
		true:  {"X-Container-Object-Count: 7", "X-Container-Bytes-Used: 9"},
		false: {"X-Container-Object-Count: 1", "X-Container-Bytes-Used: 3"},
	} {
		s := newServer(t, func(c *Config) {
			c.Store = counting{c.Store, objstore.Counters{Known: known, ObjectCount: 7, BytesUsed: 9}}
		})
		s.must(201, "PUT /v1/a/c", "")
		s.must(201, "PUT /v1/a/c/o", "abc")
		s.must(200, "GET /v1/a/c", "").want(t, want...)
		s.must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Object-Count: 1", "X-Container-Bytes-Used: 3")
	}
}
