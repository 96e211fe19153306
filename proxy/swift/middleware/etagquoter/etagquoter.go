// SPDX-License-Identifier: Apache-2.0

// Package etagquoter puts the ETags of objects into quotes, as RFC 9110 8.8.3
// requires and Swift does not (swift/common/middleware/etag_quoter.py).
//
//	X-Account-Rfc-Compliant-Etags: true      for the account's objects
//	X-Container-Rfc-Compliant-Etags: false   for the container's, before it
//
// are set by POST or PUT, removed by an empty value or X-Remove-Container-…,
// and shown as True or False. Without both lines the operator's default counts.
// Only the Etag line of an answer about an object changes; listings do not.
package etagquoter

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Lookup is where accounts and containers are found.
type Lookup interface {
	objstore.AccountStore
	objstore.ContainerStore
}

// New makes the middleware.
func New(c Options, store Lookup) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return &middleware{Options: c, store: store, next: next}
	}
}

type middleware struct {
	Options
	store Lookup
	next  swift.Handler
}

// Names of the flag; the resource stands in between.
const flagTail = "Rfc-Compliant-Etags"

var (
	accountSysmeta   = swift.AccountResource.SystemPrefix() + flagTail
	containerSysmeta = swift.ContainerResource.SystemPrefix() + flagTail
)

func (m *middleware) Serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	switch {
	case err != nil:
		return m.next.Serve(r)
	case path.Container == "":
		return m.serveFlag(r, swift.AccountResource)
	case path.Object == "":
		return m.serveFlag(r, swift.ContainerResource)
	}
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	// The flag is looked up only for an answer that the flag can change and
	// that the sender may have.
	if etag := res.Header.Get("Etag"); etag != "" && !quoted(etag) && m.enabled(r, path) {
		res.Header.Set("Etag", `"`+etag+`"`)
	}
	return res, nil
}

func quoted(etag string) bool {
	return strings.HasSuffix(etag, `"`) && (strings.HasPrefix(etag, `"`) || strings.HasPrefix(etag, `W/"`))
}

// enabled asks the container, then the account. A missing container or account
// has no quotes, as in Swift.
func (m *middleware) enabled(r *swift.Request, path swift.Path) bool {
	container, err := r.ContainerInfo(m.store, path.ContainerID())
	if err != nil {
		return false
	}
	flag := container.Metadata.Get(containerSysmeta)
	if flag == "" {
		info, err := r.AccountInfo(m.store, objstore.AccountName(path.Account))
		if err != nil {
			return false
		}
		flag = info.Metadata.Get(accountSysmeta)
	}
	if flag == "" {
		return m.EnableByDefault
	}
	return swift.IsTrue(flag)
}

// serveFlag keeps the client's flag as sysmeta, and shows the flag.
func (m *middleware) serveFlag(r *swift.Request, of swift.Resource) (*web.Response, error) {
	client, sysmeta := "X-"+string(of)+"-"+flagTail, of.SystemPrefix()+flagTail
	if value, ok := r.Header.Lookup(client); ok {
		r.Header.Set(sysmeta, canonical(value))
	}
	if r.Header.Get("X-Remove-"+string(of)+"-"+flagTail) != "" {
		r.Header.Set(sysmeta, "")
	}
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	for i, f := range res.Header {
		if strings.EqualFold(f.Name, sysmeta) {
			res.Header[i].Name = client
		}
	}
	return res, nil
}

// canonical returns the flag as Python's str(bool) writes it.
func canonical(value string) string {
	switch {
	case value == "":
		return ""
	case swift.IsTrue(value):
		return "True"
	}
	return "False"
}
