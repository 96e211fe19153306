// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strings"

	"needletail/auth"
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// right is the right that a route needs. The zero value is no right at all, and
// denies.
type right uint8

const (
	rightMissing right = iota
	rightNone          // anybody; the handler shows no protected data
	rightAccount       // the account's own rights; container ACLs do not count
	rightRead          // or the container's read ACL
	rightWrite         // or the container's write ACL
)

// call is a request on its way through a route.
type call struct {
	*swift.Request
	path swift.Path
}

func (c call) account() objstore.AccountName { return objstore.AccountName(c.path.Account) }

// objectID returns the place of the object: Stored's, or else the path's.
func (c call) objectID() objstore.ObjectID {
	if c.Stored != nil {
		return c.Stored.Object
	}
	return c.path.ContainerID().Object(objstore.ObjectName(c.path.Object))
}

// route is a verb of a resource: the right, and the handler.
type route struct {
	right right
	serve func(*Controllers, call) (*web.Response, error)
	// managed routes exist only with AllowAccountManagement.
	managed bool
}

// methods is the order of the methods in Allow.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}

// routes has every verb of every resource. A method without a row is 405.
var routes map[swift.Resource]map[string]route

func init() {
	routes = map[swift.Resource]map[string]route{
		swift.AccountResource: {
			"GET":     {right: rightAccount, serve: (*Controllers).getAccount},
			"HEAD":    {right: rightAccount, serve: (*Controllers).getAccount},
			"POST":    {right: rightAccount, serve: (*Controllers).postAccount},
			"PUT":     {right: rightAccount, serve: (*Controllers).putAccount, managed: true},
			"DELETE":  {right: rightAccount, serve: (*Controllers).deleteAccount, managed: true},
			"OPTIONS": {right: rightNone, serve: (*Controllers).options},
		},
		swift.ContainerResource: {
			"GET":     {right: rightRead, serve: (*Controllers).getContainer},
			"HEAD":    {right: rightRead, serve: (*Controllers).getContainer},
			"POST":    {right: rightAccount, serve: (*Controllers).postContainer},
			"PUT":     {right: rightAccount, serve: (*Controllers).putContainer},
			"DELETE":  {right: rightAccount, serve: (*Controllers).deleteContainer},
			"OPTIONS": {right: rightNone, serve: (*Controllers).options},
		},
		swift.ObjectResource: {
			"GET":     {right: rightRead, serve: (*Controllers).getObject},
			"HEAD":    {right: rightRead, serve: (*Controllers).getObject},
			"POST":    {right: rightWrite, serve: (*Controllers).postObject},
			"PUT":     {right: rightWrite, serve: (*Controllers).putObject},
			"DELETE":  {right: rightWrite, serve: (*Controllers).deleteObject},
			"OPTIONS": {right: rightNone, serve: (*Controllers).options},
		},
	}
}

// resourceOf returns the resource that the path names.
func resourceOf(p swift.Path) swift.Resource {
	switch {
	case p.Container == "":
		return swift.AccountResource
	case p.Object == "":
		return swift.ContainerResource
	}
	return swift.ObjectResource
}

// allowed returns the methods of a resource, in the order of Allow.
func (c *Controllers) allowed(of swift.Resource) []string {
	var list []string
	for _, m := range methods {
		if rt, ok := routes[of][m]; ok && (!rt.managed || c.AllowAccountManagement) {
			list = append(list, m)
		}
	}
	return list
}

// dispatch finds the route, asks for its right and runs its handler. After a
// write, the request forgets the look-ups that the write may have changed.
func (c *Controllers) dispatch(r call) (*web.Response, error) {
	of := resourceOf(r.path)
	rt, ok := routes[of][r.Method]
	if !ok || rt.managed && !c.AllowAccountManagement {
		return nil, &web.StatusError{Status: 405, Header: web.Header{
			{Name: "Allow", Value: strings.Join(c.allowed(of), ", ")},
		}}
	}
	want := rt.right
	if r.Stored != nil && r.Stored.AccountRight {
		want = rightAccount
	}
	if err := c.authorize(r, want); err != nil {
		return nil, err
	}
	if r.AuthorizeOnly {
		return web.NewResponse(204), nil
	}
	res, err := rt.serve(c, r)
	switch { // also after an error: the change may have come before the error
	case r.Method == "GET", r.Method == "HEAD", r.Method == "OPTIONS":
	case of == swift.ObjectResource:
		r.ForgetUsage()
	default:
		r.ForgetInfo()
	}
	return res, err
}

// authorize asks for a route's right. As Swift does (delay_denial), it asks
// first without the ACLs. ACLs only add permissions, and an owner's request
// needs no look-up this way. Only a denial is asked again with the ACLs.
func (c *Controllers) authorize(r call, want right) error {
	access := r.AccessTo(r.path)
	switch want {
	case rightNone:
		return nil
	case rightAccount, rightRead, rightWrite:
	default:
		return web.Status(403)
	}
	denied := r.Authorize(access)
	if denied == nil {
		return nil
	}
	if err := c.lookUpACLs(r, want, &access); err != nil {
		return err
	}
	if access.ACL == "" && access.AccountACL == "" && access.AccountProjectDomainID == "" {
		return denied
	}
	return r.Authorize(access)
}

// lookUpACLs sets the ACLs in access. A missing account or container has no
// ACLs.
func (c *Controllers) lookUpACLs(r call, want right, access *auth.Access) error {
	account, err := r.AccountInfo(c.Store, r.account())
	if err != nil && !errors.Is(err, objstore.KindNotFound) {
		return err
	}
	swift.AddAccountACL(access, account.Metadata)
	if want == rightAccount {
		return nil
	}
	container, err := r.ContainerInfo(c.Store, r.path.ContainerID())
	if errors.Is(err, objstore.KindNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	swift.AddContainerACL(access, container.Metadata, want == rightWrite)
	return nil
}
