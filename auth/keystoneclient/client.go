// SPDX-License-Identifier: Apache-2.0

package keystoneclient

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"needletail/auth"
)

// Client is an auth.TokenValidator. A Client is safe for concurrent use.
type Client struct {
	config Config
	http   *http.Client
	cache  *cache
	stats  *stats

	questions flight[cacheKey, answer]
	slots     chan struct{} // of maxQuestions
	session   session       // of the user for validations

	// life ends with Close. The end of life ends all questions under way.
	life  context.Context
	end   context.CancelFunc
	tasks sync.WaitGroup
}

var _ auth.ExpiredTokenValidator = (*Client)(nil)

// New makes a client. The client sends nothing before the first validation.
func New(c Config) (*Client, error) {
	if err := c.complete(); err != nil {
		return nil, err
	}
	remembered, err := newCache(c.CacheTokens)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: c.ConnectTimeout}
	client := &Client{
		config: c,
		http: &http.Client{
			Timeout: c.RequestTimeout,
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
				TLSClientConfig: c.TLS, TLSHandshakeTimeout: c.ConnectTimeout,
				MaxConnsPerHost: maxQuestions, MaxIdleConnsPerHost: maxQuestions, IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		cache:   remembered,
		slots:   make(chan struct{}, maxQuestions),
		session: session{user: c.Login},
	}
	client.stats = newStats(func() float64 { return float64(remembered.answers.Len()) })
	client.life, client.end = context.WithCancel(context.Background())
	return client, nil
}

// Close ends all questions under way and waits for the end.
func (c *Client) Close() error {
	c.end()
	c.tasks.Wait()
	c.http.CloseIdleConnections()
	return nil
}

// question is a question about a token. An answer to one question does not
// serve for a different question.
type question struct {
	token        string
	allowExpired bool
}

// Validate returns the token's identity or auth.ErrInvalidToken. Any further
// error is an error of the context or an *Error.
func (c *Client) Validate(ctx context.Context, token string) (*auth.Identity, error) {
	return c.find(ctx, question{token, false})
}

// ValidateExpired is Validate for a token that may have expired, as far as
// Keystone accepts the token.
func (c *Client) ValidateExpired(ctx context.Context, token string) (*auth.Identity, error) {
	return c.find(ctx, question{token, true})
}

// find answers from the cache, else asks Keystone, else takes a stale answer.
func (c *Client) find(ctx context.Context, q question) (*auth.Identity, error) {
	if !plausible(q.token) {
		return nil, auth.ErrInvalidToken
	}
	key := c.cache.key(q.token, q.allowExpired)
	if a, ok := c.fresh(key, q); ok {
		c.stats.hit(a)
		return a.result()
	}
	known := func() (answer, bool) { return c.fresh(key, q) }
	a, joined, err := c.questions.do(ctx, key, known, c.start, func() (answer, error) { return c.ask(key, q) })
	c.stats.miss(joined)
	if err == nil {
		return a.result()
	}
	if a, ok := c.stale(key, q); ok && ctx.Err() == nil {
		c.stats.stale.Inc()
		return a.result()
	}
	return nil, err
}

func (a answer) result() (*auth.Identity, error) {
	if a.identity == nil {
		return nil, auth.ErrInvalidToken
	}
	return a.identity, nil
}

// plausible says whether a token can stand in a header.
func plausible(token string) bool {
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return false
		}
	}
	return token != "" && len(token) <= maxTokenBytes
}

// start runs f on a goroutine that Close waits for.
func (c *Client) start(f func()) { c.tasks.Go(f) }

// ask asks Keystone and remembers the answer.
func (c *Client) ask(key cacheKey, q question) (answer, error) {
	var a answer
	err := c.inTurn(&c.session, func() (err error) {
		asked := c.config.Clock()
		a, err = c.validate(c.life, q)
		a.asked = asked
		return err
	})
	if err != nil {
		return answer{}, err
	}
	c.cache.answers.Add(key, a)
	return a, nil
}

// inTurn calls ask when a slot is free. Shortly after a failure inTurn returns
// the failure without a call.
func (c *Client) inTurn(s *session, ask func() error) error {
	if err := c.resting(s); err != nil {
		return err
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-c.life.Done():
		return c.life.Err()
	}
	err := ask()
	if err != nil {
		c.rest(s, err)
	}
	return err
}

// resting returns the last failure while the rest after the failure lasts.
func (c *Client) resting(s *session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.config.Clock().Before(s.restUntil) {
		return s.restWhy
	}
	return nil
}

// rest forbids questions for a while after a failure. A question that Close has
// ended is no failure.
func (c *Client) rest(s *session, why error) {
	if errors.Is(why, context.Canceled) {
		return
	}
	op, d := opValidate, restAfterFailure
	var e *Error
	if errors.As(why, &e) {
		op = e.Op
		if op == opLogin && e.Status == 401 {
			d = restAfterRefusal
		}
	}
	c.stats.failures.WithLabelValues(op).Inc()
	c.config.Logger.Warn("keystone does not answer", "error", why)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restUntil, s.restWhy = c.config.Clock().Add(d), why
}
