// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strconv"

	"needletail/proxy/swift/listing"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// getContainer answers GET and HEAD.
func (c *Controllers) getContainer(r call) (*web.Response, error) {
	if r.EachObject != nil {
		return c.eachObject(r)
	}
	format, vary, err := listing.Negotiate(r.Request.Request)
	if err != nil {
		return nil, err
	}
	options, err := containerListOptions(r.Request, c.Limits.ContainerListing)
	if err != nil {
		return nil, err
	}
	info, err := r.ContainerUsage(c.Store, r.path.ContainerID())
	if err != nil {
		return nil, err
	}
	var counted objstore.Counters
	options.Counted = &counted
	l := listing.NewContainer(format, r.path.Container)
	if !c.Store.Guarantees().CheapPages {
		l.LargePieces()
	}
	res, err := listed(r.Request, l, format, vary, func() error {
		return c.Store.ListObjects(r.Context(), r.path.ContainerID(), options, func(e *objstore.ObjectEntry) error {
			if r.AmendObject != nil {
				r.AmendObject(e)
			}
			l.Object(e)
			return after(&options, l, e.Name)
		})
	})
	if err != nil {
		return nil, err
	}
	if counted.Known {
		info.ObjectCount, info.BytesUsed = counted.ObjectCount, counted.BytesUsed
	}
	c.containerHeaders(&res.Header, &info, r)
	return res, nil
}

// eachObject gives the entries of a listing to the feature that asks for them.
func (c *Controllers) eachObject(r call) (*web.Response, error) {
	options, err := containerListOptions(r.Request, c.Limits.ContainerListing)
	if err != nil {
		return nil, err
	}
	visit := r.EachObject
	if r.AmendObject != nil {
		visit = func(e *objstore.ObjectEntry) error {
			r.AmendObject(e)
			return r.EachObject(e)
		}
	}
	if err := c.Store.ListObjects(r.Context(), r.path.ContainerID(), options, visit); err != nil {
		return nil, err
	}
	return web.NewResponse(200), nil
}

// containerListOptions returns listOptions, and the parameter "path", which may
// be empty.
func containerListOptions(r *swift.Request, maxEntries int) (objstore.ListOptions, error) {
	o, err := listOptions(r, maxEntries)
	if err != nil {
		return o, err
	}
	if _, ok := r.Query()["path"]; ok {
		path, err := r.QueryText("path")
		if err != nil {
			return o, err
		}
		o.Path = &path
	}
	return o, nil
}

// containerHeaders adds the counters and the metadata of a container. Owner
// headers are added for an owner only.
func (c *Controllers) containerHeaders(h *web.Header, info *objstore.ContainerInfo, r call) {
	h.Add("X-Container-Object-Count", strconv.FormatInt(info.ObjectCount, 10))
	h.Add("X-Container-Bytes-Used", strconv.FormatInt(info.BytesUsed, 10))
	h.Add("X-Timestamp", info.Created.String())
	h.Add("Last-Modified", info.Modified.LastModified())
	if policy, ok := c.Policies.ByIndex(info.Policy); ok {
		h.Add("X-Storage-Policy", policy.Name)
	}
	swift.AddMetadata(h, info.Metadata, r.Grant.Owner)
	if r.Grant.Reseller {
		state := "False"
		if swift.IsTrue(info.Metadata.Get(shardingSysmeta)) {
			state = "True"
		}
		h.Add(shardingHeader, state)
	}
}

// A container whose sysmeta says so is cut into shards by the sharder of a
// cluster (swift/container/sharder.py). The header is for resellers alone.
const (
	shardingHeader  = "X-Container-Sharding"
	shardingSysmeta = "X-Container-Sysmeta-Sharding"
)

// takeSharding turns the header of a PUT or POST into the sysmeta
// (swift/proxy/controllers/container.py: PUT, POST). An embedded store has no
// shards.
func (c *Controllers) takeSharding(r call) {
	value, ok := r.Header.Lookup(shardingHeader)
	if !ok || !r.Grant.Reseller || !c.Store.Guarantees().SwiftLayout {
		return
	}
	state := "False"
	if swift.IsTrue(value) {
		state = "True"
	}
	r.Header.Set(shardingSysmeta, state)
}

// containerUpdate checks and returns the changes of a PUT or POST.
func (c *Controllers) containerUpdate(r call) (objstore.MetadataUpdate, error) {
	for _, name := range []string{"X-Container-Read", "X-Container-Write"} {
		value, ok := r.Header.Lookup(name)
		if !ok || c.CleanACL == nil {
			continue
		}
		clean, err := c.CleanACL(name, value)
		if err != nil {
			return objstore.MetadataUpdate{}, web.Statusf(400, "%s", err)
		}
		r.Header.Set(name, clean)
	}
	if err := c.checkSyncTo(r.Header.Get("X-Container-Sync-To")); err != nil {
		return objstore.MetadataUpdate{}, err
	}
	if err := c.Limits.CheckMetadata(r.Header, swift.ContainerResource); err != nil {
		return objstore.MetadataUpdate{}, err
	}
	c.takeSharding(r)
	return c.Limits.MetadataUpdate(r.Header, swift.ContainerResource, r.Grant.Owner), nil
}

// putContainer creates a container or merges metadata into an existing
// container. The order of the checks is Swift's.
func (c *Controllers) putContainer(r call) (*web.Response, error) {
	update, err := c.containerUpdate(r)
	if err != nil {
		return nil, err
	}
	policy, err := c.requestedPolicy(r)
	if err != nil {
		return nil, err
	}
	if err := c.Limits.CheckContainerName(r.path.Container); err != nil {
		return nil, err
	}
	if c.Limits.CheckAccountName(r.path.Account) != nil {
		return nil, web.Status(404) // the account cannot exist
	}
	if !c.AccountAutocreate {
		if _, err := r.AccountInfo(c.Store, r.account()); err != nil {
			return nil, err
		}
	}
	created, err := c.Store.PutContainer(r.Context(), r.path.ContainerID(), objstore.PutContainerOptions{
		MetadataUpdate:  update,
		Policy:          policy,
		AccountMetadata: swift.SystemMetadata(r.Header, swift.AccountResource),
	})
	if err != nil {
		return nil, err
	}
	return createdResponse(created), nil
}

// requestedPolicy returns the policy named by X-Storage-Policy. Nil: the
// request names none.
func (c *Controllers) requestedPolicy(r call) (*objstore.PolicyIndex, error) {
	name := r.Header.Get("X-Storage-Policy")
	if name == "" {
		return nil, nil
	}
	policy, ok := c.Policies.ByName(name)
	switch {
	case !ok:
		return nil, web.Textf(400, "Invalid X-Storage-Policy '%s'", name)
	case policy.Deprecated:
		return nil, web.Statusf(400, "Storage Policy '%s' is deprecated", policy.Name)
	}
	return &policy.Index, nil
}

// postContainer changes the metadata of a container.
func (c *Controllers) postContainer(r call) (*web.Response, error) {
	update, err := c.containerUpdate(r)
	if err != nil {
		return nil, err
	}
	if err := c.Store.PostContainer(r.Context(), r.path.ContainerID(), update); err != nil {
		return nil, err
	}
	return web.StatusPage(204), nil
}

// deleteContainer deletes an empty container. A container with objects is 409.
func (c *Controllers) deleteContainer(r call) (*web.Response, error) {
	if err := c.Store.DeleteContainer(r.Context(), r.path.ContainerID()); err != nil {
		return nil, err
	}
	return web.StatusPage(204), nil
}
