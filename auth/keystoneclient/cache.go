package keystoneclient

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"needletail/auth"
)

// answer is what Keystone said of a token; identity is nil for an invalid one.
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

// key is another one for a question that allows an expired token.
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

// fresh gives an answer that is still good.
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

// stale gives an answer that an outage makes good.
func (c *Client) stale(k cacheKey, q question) (answer, bool) {
	a, ok := c.cache.answers.Get(k)
	age := c.config.Clock().Sub(a.asked)
	return a, ok && a.identity != nil && !c.expired(a, q) && age < c.config.CacheTime+max(0, c.config.OutageTime)
}

func (c *Client) expired(a answer, q question) bool {
	return !q.allowExpired && !c.config.Clock().Before(a.expires)
}
