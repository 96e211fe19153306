// SPDX-License-Identifier: Apache-2.0

// Package containerquotas bounds the content of a container
// (swift/common/middleware/container_quotas.py).
//
//	X-Container-Meta-Quota-Bytes   bytes of all objects
//	X-Container-Meta-Quota-Count   number of objects
//
// are the container's metadata, set by anybody with the right to set metadata;
// a value with anything but digits is 400. A PUT of an object beyond a quota is
// 413, for clients with the right to write; for anybody else the answer stays
// 401 or 403. Nothing is credited for an object that the PUT would replace. A
// body of unknown length counts nothing, so it is refused only once the quota
// is exceeded.
package containerquotas

import (
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Info is the filter's section of /info.
func Info() *swift.InfoSection {
	return &swift.InfoSection{Name: "container_quotas", Value: pyjson.Object{}}
}

// Lookup is where accounts and containers are found.
type Lookup interface {
	objstore.AccountStore
	objstore.ContainerStore
}

// New makes the middleware.
func New(store Lookup) swift.Middleware {
	return func(next swift.Handler) swift.Handler { return &middleware{store: store, next: next} }
}

type middleware struct {
	store Lookup
	next  swift.Handler
}

const (
	quotaBytes = "X-Container-Meta-Quota-Bytes"
	quotaCount = "X-Container-Meta-Quota-Count"
)

func (m *middleware) Serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	if err != nil || path.Container == "" || r.Method != "PUT" && r.Method != "POST" {
		return m.next.Serve(r)
	}
	if path.Object == "" {
		err = checkQuotas(r.Header)
	} else if r.Method == "PUT" {
		err = m.checkUpload(r, path)
	}
	if err != nil {
		return nil, err
	}
	return m.next.Serve(r)
}

func checkQuotas(h web.Header) error {
	switch {
	case !allDigits(h.Get(quotaBytes)):
		return web.Statusf(400, "Invalid bytes quota.")
	case !allDigits(h.Get(quotaCount)):
		return web.Statusf(400, "Invalid count quota.")
	}
	return nil
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// checkUpload returns nil for a missing container: the PUT will refuse.
func (m *middleware) checkUpload(r *swift.Request, path swift.Path) error {
	id := path.ContainerID()
	container, err := r.ContainerInfo(m.store, id)
	if err != nil || container.Metadata.Get(quotaBytes) == "" && container.Metadata.Get(quotaCount) == "" {
		return nil
	}
	if container, err = r.ContainerUsage(m.store, id); err != nil {
		return nil
	}
	if !exceeds(container.Metadata.Get(quotaBytes), container.BytesUsed, max(r.ContentLength, 0)) &&
		!exceeds(container.Metadata.Get(quotaCount), container.ObjectCount, 1) {
		return nil
	}
	info, err := r.AccountInfo(m.store, objstore.AccountName(path.Account))
	if err != nil {
		return err
	}
	if err := r.AuthorizeWrite(path, info.Metadata, container.Metadata); err != nil {
		return err
	}
	return web.Statusf(413, "Upload exceeds quota.")
}

// exceeds reports whether used and more are over the quota. A quota without a
// number bounds nothing; a number beyond any container bounds nothing either.
func exceeds(quota string, used, more int64) bool {
	if quota == "" || !allDigits(quota) {
		return false
	}
	limit, err := strconv.ParseInt(quota, 10, 64)
	return err == nil && more > limit-used
}
