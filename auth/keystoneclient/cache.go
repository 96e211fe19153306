// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/auth"
)

// answer is Keystone's answer about a token. identity is nil for an invalid
// token.
type answer struct {
	identity *auth.Identity
	expires  time.Time // the token's
	asked    time.Time
}

type cacheKey [sha256.Size]byte

// cache remembers answers by a keyed hash of the token.
type cache struct {
	secret  [sha256.Size]byte
	answers *lru.Cache[cacheKey, answer]
}

func newCache(tokens int) (*cache, error) {
	c := &cache{}
	_, _ = rand.Read(c.secret[:]) // crypto/rand.Read does not fail
	var err error
	c.answers, err = lru.New[cacheKey, answer](tokens)
	return c, err
}

// key returns the key of a token. A question that allows an expired token has a
// key of its own.
func (c *cache) key(token string, allowExpired bool) (k cacheKey) {
	h := hmac.New(sha256.New, c.secret[:])
	if allowExpired {
		h.Write([]byte{1})
	} else {
		h.Write([]byte{0})
	}
	h.Write([]byte(token))
	h.Sum(k[:0])
	return k
}

// fresh returns an answer that is young enough to use without a question.
func (c *Client) fresh(k cacheKey, q question) (answer, bool) {
	a, ok := c.cache.answers.Get(k)
	if !ok {
		return a, false
	}
	age := c.config.Clock().Sub(a.asked)
	if a.identity == nil {
		return a, age < c.config.NegativeTime
	}
	if age < c.config.CacheTime && c.expired(a, q) {
		return answer{}, true // as Keystone would say
	}
	return a, age < c.config.CacheTime
}

// stale returns an older answer, which may be used while Keystone does not
// answer.
func (c *Client) stale(k cacheKey, q question) (answer, bool) {
	a, ok := c.cache.answers.Get(k)
	age := c.config.Clock().Sub(a.asked)
	return a, ok && a.identity != nil && !c.expired(a, q) && age < c.config.CacheTime+max(0, c.config.OutageTime)
}

// expired says whether the token of an answer has expired since, for a question
// that does not allow an expired token.
func (c *Client) expired(a answer, q question) bool {
	return !q.allowExpired && !c.config.Clock().Before(a.expires)
}
