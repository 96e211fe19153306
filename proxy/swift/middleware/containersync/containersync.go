// Package containersync keeps a container like one of another cluster
// (swift/common/middleware/container_sync.py, swift/container/sync.py).
//
// The owner sets on a container
//
//	X-Container-Sync-To:  //REALM/CLUSTER/ACCOUNT/CONTAINER
//	X-Container-Sync-Key: a secret, the same at both ends
//
// and what is written and deleted here is written and deleted there, with the
// time that it has here; where the other end has something newer, that stays.
// Two containers may be synced to each other. Realms, their keys and the
// endpoints of clusters are the operators' (Realms). Full URLs are not taken.
//
// # Requests of peers
//
// New's middleware verifies "X-Container-Sync-Auth: REALM NONCE SIGNATURE"
// (Sign). One that does not hold is 401 with Swift's text, and the reason is
// noted for the access log alone. One that does needs no token: it may read,
// write and delete the objects of that container and list it, but no more; in
// Swift it may do anything. Its X-Timestamp is that of the object or of the
// deletion; an older PUT than what is stored is 202, an older DELETE 409. A
// timestamp more than maxAheadSeconds in the future is refused, for the clock
// of the store follows it.
//
// A manifest of a large object and a link go as they are, without a look at
// what they name. Swift leaves it to override flags; here the sender puts their
// sysmeta into lines that begin with peerSysmeta, and only what makes manifests
// and links is taken from there (carried). A Swift cluster takes a manifest too,
// but one that Swift sends is refused: its sysmeta is not sent along.
//
// # The worker
//
// Swift reads the rows of a container's database, with the tombstones. Here a
// Worker compares the listings of both ends, in name order page by page, and
// puts what is missing or older there. That needs no log, but for deletions:
// what is there and not here may be new there. So Record wraps the Store, and
// makes of each deletion in a synced container an object of a hidden account
// before it is done: a deletion that was done is never forgotten. A mark whose object is still there after intentAge is of a
// deletion that was not done, and goes. The containers that are synced are kept
// there too, with the name where the comparison goes on. Objects that expire
// leave no mark: the other end has their X-Delete-At.
//
// Invariants: a peer never deletes or replaces what is newer there; secrets are
// in no error and no log; a pass is bounded in time for each container, so that
// one cannot starve the others.
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
	// peerSysmeta begins the lines in which sysmeta travels.
	peerSysmeta = "X-Container-Sync-Sysmeta-"
	// maxAheadSeconds is how far another cluster's clock may be ahead.
	maxAheadSeconds = 3600
)

// carried begins the sysmeta, without objstore.SysmetaObject, that makes a
// manifest or a link what it is.
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
	info, err := c.Store.HeadContainer(r.Context(), objstore.ContainerID{
		Account: objstore.AccountName(p.Account), Container: objstore.ContainerName(p.Container),
	})
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
		// The sysmeta says it all; the features would look at what is named.
		_, link := web.CutPrefix(name, "X-Symlink-Target")
		return own || from || special && (link || strings.EqualFold(name, "X-Static-Large-Object"))
	})
	return nil
}

// scope allows what a sync does in one container.
type scope struct{ account, container string }

// Authorize allows objects of the container, and to list it.
func (s scope) Authorize(_ *auth.Identity, a auth.Access) auth.Grant {
	reads := a.Method == "GET" || a.Method == "HEAD"
	return auth.Grant{Allowed: a.Account == s.account && a.Container == s.container && (a.Object != "" || reads)}
}
