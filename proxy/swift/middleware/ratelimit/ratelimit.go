// SPDX-License-Identifier: Apache-2.0

// Package ratelimit slows writers and listers down
// (swift/common/middleware/ratelimit.py). A request that comes too early waits.
// A request that would have to wait longer than MaxSleep gets
//
//	498 Rate Limited    "Slow down"
//
// Limits are requests a second:
//
//   - of an account's PUTs and DELETEs of containers;
//   - of a container's PUTs, POSTs, DELETEs and COPYs of objects, by the number
//     of its objects, and of its listings likewise. Between two sizes the rate
//     is interpolated; below the smallest size there is no limit;
//   - of all writes to an account, by its sysmeta
//     X-Account-Sysmeta-Global-Write-Ratelimit: a number, or WHITELIST for no
//     limit at all, or BLACKLIST for no service: 497 "Your account has been
//     blacklisted", after a second.
//
// The unused part of RateBuffer is there for a burst. Limits hold for a single
// process. The subrequests of a bulk operation are requests of their own.
package ratelimit

import (
	"crypto/sha256"
	"math"
	"slices"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const (
	// blacklistSleep keeps a blacklisted account from asking often.
	blacklistSleep = time.Second
	// maxBuckets bounds the remembered accounts and containers. A forgotten
	// account begins anew.
	maxBuckets = 65536
)

// Lookup is where accounts and containers are found.
type Lookup interface {
	objstore.AccountStore
	objstore.ContainerStore
}

// New makes the middleware.
func New(o Options, store Lookup) (swift.Middleware, error) {
	o = o.withDefaults()
	containers, listings, err := o.rates()
	if err != nil {
		return nil, err
	}
	buckets, err := lru.New[key, *rate.Limiter](maxBuckets)
	if err != nil {
		panic(err) // a size that is not positive
	}
	return func(next swift.Handler) swift.Handler {
		return &middleware{
			Options: o, containers: containers, listings: listings,
			store: store, buckets: buckets, next: next,
		}
	}, nil
}

// key is the digest of a limit's key. A stranger may name accounts of any length,
// and each is remembered.
type key [sha256.Size]byte

type middleware struct {
	Options
	containers, listings []sizeRate

	store   Lookup
	buckets *lru.Cache[key, *rate.Limiter]
	next    swift.Handler
}

const globalSysmeta = "X-Account-Sysmeta-Global-Write-Ratelimit"

func (m *middleware) Serve(r *swift.Request) (*web.Response, error) {
	path, err := r.SplitPath()
	if err != nil {
		return m.next.Serve(r)
	}
	account, err := r.AccountInfo(m.store, objstore.AccountName(path.Account))
	global := ""
	if err == nil {
		global = account.Metadata.Get(globalSysmeta)
	}
	switch {
	case slices.Contains(m.Whitelist, path.Account) || global == "WHITELIST":
		return m.next.Serve(r)
	case slices.Contains(m.Blacklist, path.Account) || global == "BLACKLIST":
		if err := sleep(r, blacklistSleep); err != nil {
			return nil, err
		}
		return refusal(497, "Blacklisted", "Your account has been blacklisted"), nil
	}
	for _, limit := range m.limits(r, path, global) {
		wait, ok := m.take(limit)
		if !ok {
			return refusal(498, "Rate Limited", "Slow down"), nil
		}
		if err := sleep(r, wait); err != nil {
			return nil, err
		}
	}
	return m.next.Serve(r)
}

func refusal(status int, reason, text string) *web.Response {
	res := web.NewBytes(status, web.HTMLType, []byte(text))
	res.Reason = reason
	return res
}

// sleep waits; a stop of the server ends the wait.
func sleep(r *swift.Request, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.Context().Done():
		return &web.StatusError{Status: 503, Err: r.Context().Err()}
	}
}

// limit is a rate that a request counts against.
type limit struct {
	key       string
	perSecond float64
}

// limits returns the limits of a request, in the order of the questions.
func (m *middleware) limits(r *swift.Request, path swift.Path, global string) (list []limit) {
	add := func(key string, perSecond float64) {
		if perSecond > 0 && !math.IsInf(perSecond, 0) {
			list = append(list, limit{key, perSecond})
		}
	}
	writes := r.Method == "PUT" || r.Method == "DELETE" || r.Method == "POST" || r.Method == "COPY"
	name := path.Account + "/" + path.Container
	switch {
	case path.Container == "":
	case path.Object != "" && writes:
		add("w/"+name, m.rateOf(r, path, m.containers))
	case path.Object == "" && r.Method == "GET":
		add("l/"+name, m.rateOf(r, path, m.listings))
	case path.Object == "" && (r.Method == "PUT" || r.Method == "DELETE"):
		add("a/"+path.Account, m.AccountPerSecond)
	}
	if writes {
		if perSecond, err := strconv.ParseFloat(global, 64); err == nil {
			add("g/"+path.Account, perSecond)
		}
	}
	return list
}

// rateOf is the rate for the path's container; 0 means none. The count of objects
// may be a minute old, as in Swift.
func (m *middleware) rateOf(r *swift.Request, path swift.Path, rates []sizeRate) float64 {
	if len(rates) == 0 {
		return 0
	}
	info, err := r.ContainerInfo(m.store, path.ContainerID())
	if err != nil {
		return 0
	}
	return interpolate(rates, info.ObjectCount)
}

// interpolate is get_maxrate of ratelimit.py: an empty container has no limit.
func interpolate(rates []sizeRate, objects int64) float64 {
	i := len(rates) - 1
	for i >= 0 && rates[i].objects > objects {
		i--
	}
	switch {
	case i < 0 || objects == 0:
		return 0
	case i == len(rates)-1:
		return rates[i].perSecond
	}
	low, high := rates[i], rates[i+1]
	slope := (high.perSecond - low.perSecond) / float64(high.objects-low.objects)
	return low.perSecond + slope*float64(objects-low.objects)
}

// take counts a request and returns how long the request has to wait. If the
// wait is too long, ok is false and the request is not counted.
func (m *middleware) take(l limit) (wait time.Duration, ok bool) {
	now := time.Now()
	burst := max(1, int(min(l.perSecond*time.Duration(m.RateBuffer).Seconds(), math.MaxInt32)))
	fresh := rate.NewLimiter(rate.Limit(l.perSecond), burst)
	k := key(sha256.Sum256([]byte(l.key)))
	bucket, known, _ := m.buckets.PeekOrAdd(k, fresh)
	if !known {
		bucket = fresh
	} else {
		m.buckets.Get(k) // it was used
	}
	if bucket.Limit() != fresh.Limit() {
		bucket.SetLimitAt(now, fresh.Limit())
		bucket.SetBurstAt(now, burst)
	}
	reservation := bucket.ReserveN(now, 1)
	wait = reservation.DelayFrom(now)
	if wait > time.Duration(m.MaxSleep) {
		reservation.CancelAt(now)
		return 0, false
	}
	return wait, true
}
