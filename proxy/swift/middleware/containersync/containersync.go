// SPDX-License-Identifier: Apache-2.0

// Package containersync keeps a container equal to a container of another
// cluster (swift/common/middleware/container_sync.py, swift/container/sync.py).
//
// The owner sets on a container
//
//	X-Container-Sync-To:  //REALM/CLUSTER/ACCOUNT/CONTAINER
//	X-Container-Sync-Key: a secret, the same at both ends
//
// and every write and deletion here is repeated there, with its time. Anything
// newer at the far end stays. Two containers may be synced to each other.
// Realms, their keys and the endpoints of clusters belong to the operators
// (Realms). Full URLs are not taken.
//
// # Requests of peers
//
// New's middleware verifies "X-Container-Sync-Auth: REALM NONCE SIGNATURE"
// (Sign). A wrong signature is 401 with Swift's text, and the reason is noted
// for the access log alone. A request with a right signature needs no token.
// The request may read, write and delete the objects of its container and list
// the container, and no more; in Swift it may do anything. The X-Timestamp is
// the time of the object or of the deletion: a PUT older than the stored object
// is 202, an older DELETE 409. A timestamp more than maxAheadSeconds in the
// future is refused, for the clock of the store follows it.
//
// A manifest of a large object and a link go as they are, without a look at the
// named objects (swift.Request.Repeats; in Swift swift.slo_override and
// swift.symlink_override). Swift sends a manifest as its list with
// X-Static-Large-Object, and a link as X-Symlink-Target with its companions. A
// needletail also puts their sysmeta into lines that begin with peerSysmeta, and
// the receiver takes only the sysmeta of manifests and links from there
// (carried).
//
// # The worker
//
// Swift reads the rows of a container's database, with the tombstones. Here a
// Worker compares the listings of both ends, in name order page by page, and
// puts objects missing or older there. The comparison needs no log, except for
// deletions: an object there and not here may be new there. So Record wraps the
// Store, and makes of each deletion in a synced container an object of a hidden
// account before the deletion: a deletion is never forgotten. A mark whose
// object is still there after intentAge belongs to a deletion that failed, and
// goes. The synced containers are kept in the hidden account too, with the name
// where the comparison goes on. Objects that expire leave no mark: the far end
// has their X-Delete-At.
//
// Invariants: a peer never deletes or replaces anything newer there. Secrets
// are in no error and no log. A pass is bounded in time for each container, so
// that a container cannot starve the rest.
package containersync

import (
	"strings"
	"time"

	"needletail/auth"
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const (
	authHeader = "X-Container-Sync-Auth"
	toHeader   = "X-Container-Sync-To"
	keyHeader  = "X-Container-Sync-Key"
	// peerSysmeta begins the lines with travelling sysmeta.
	peerSysmeta = "X-Container-Sync-Sysmeta-"
	// maxAheadSeconds is how far another cluster's clock may be ahead.
	maxAheadSeconds = 3600
)

// carried begins the sysmeta, without objstore.SysmetaObject, of manifests and
// links.
var carried = []string{"Slo-", "Symlink-", "Container-Update-Override-"}

func isCarried(rest string) bool {
	for _, prefix := range carried {
		if _, ok := web.CutPrefix(rest, prefix); ok {
			return true
		}
	}
	return false
}

// Config is what the middleware needs.
type Config struct {
	Realms *Realms
	Store  objstore.ContainerStore // where the users' keys are
}

// New makes the middleware.
func New(c Config) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			p, err := r.SplitPath()
			line := r.Header.Get(authHeader)
			if err != nil || p.Container == "" || line == "" {
				return next.Serve(r)
			}
			note := c.verify(r, p, line)
			r.Log.Notes = append(r.Log.Notes, "cs:"+note)
			if note != "valid" {
				return nil, unauthorized(p.Account)
			}
			if err := trust(r, p); err != nil {
				return nil, err
			}
			return next.Serve(r)
		})
	}
}

// verify says why the line does not hold, or "valid".
func (c Config) verify(r *swift.Request, p swift.Path, line string) (note string) {
	parts := strings.Fields(line)
	if len(parts) != 3 {
		return "not-3-args"
	}
	realm, ok := c.Realms.realms[strings.ToUpper(parts[0])]
	if !ok {
		return "no-local-realm-key"
	}
	info, err := r.ContainerInfo(c.Store, p.ContainerID())
	userKey := info.Metadata.Get(keyHeader)
	if err != nil || userKey == "" {
		return "no-local-user-key"
	}
	timestamp := r.InboundTimestamp
	if timestamp == "" {
		timestamp = "0"
	}
	if !realm.signed(parts[2], r.Method, web.Quote(r.Path), timestamp, parts[1], userKey) {
		return "invalid-sig"
	}
	return "valid"
}

func unauthorized(account string) error {
	return &web.StatusError{
		Status: 401, ContentType: "text/plain",
		Body:   "X-Container-Sync-Auth header not valid; contact cluster operator for support.",
		Header: web.Header{{Name: "Www-Authenticate", Value: `SwiftContainerSync realm="` + web.Quote(account) + `"`}},
	}
}

// trust gives a verified request its rights, its time and its sysmeta.
func trust(r *swift.Request, p swift.Path) error {
	if r.InboundTimestamp != "" && p.Object != "" {
		t, err := objstore.ParseTimestamp(r.InboundTimestamp)
		if err != nil || t <= 0 {
			return web.Textf(400, "X-Timestamp should be a UNIX timestamp float value; was '%s'", r.InboundTimestamp)
		}
		if t.Seconds() > time.Now().Unix()+maxAheadSeconds {
			return web.Textf(400, "X-Timestamp is in the future")
		}
		r.Timestamp = t
	}
	r.Authorizer = scope{p.Account, p.Container}
	r.Repeats = p.Object != ""
	special := false
	for i, f := range r.Header {
		if rest, ok := web.CutPrefix(f.Name, peerSysmeta); ok && isCarried(rest) {
			r.Header[i].Name = objstore.SysmetaObject + web.TitleName(rest)
			special = true
		}
	}
	r.Header.DelFunc(func(name string) bool {
		_, own := web.CutPrefix(name, "X-Container-Sync-")
		_, from := web.CutPrefix(name, "X-Copy-From")
		// The sysmeta is complete; the features would look at the named
		// objects.
		_, link := web.CutPrefix(name, "X-Symlink-Target")
		return own || from || special && (link || strings.EqualFold(name, "X-Static-Large-Object"))
	})
	return nil
}

// scope allows the work of a sync in a single container.
type scope struct{ account, container string }

// Authorize allows access to the objects of the container, and to its listing.
func (s scope) Authorize(_ *auth.Identity, a auth.Access) auth.Grant {
	reads := a.Method == "GET" || a.Method == "HEAD"
	return auth.Grant{Allowed: a.Account == s.account && a.Container == s.container && (a.Object != "" || reads)}
}
