// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// memory is a memcached without lives, for script.
type memory struct {
	mu     sync.Mutex
	values map[string]string // "FLAGS VALUE"
}

func (m *memory) get(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.values[key]
}

func (m *memory) answer(line string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	fields := strings.SplitN(line, " ", 6)
	key := fields[1]
	old, ok := m.values[key]
	flags, value, _ := strings.Cut(old, " ")
	switch fields[0] {
	case "get", "gets":
		if !ok {
			return "END\r\n"
		}
		return fmt.Sprintf("VALUE %s %s %d 1\r\n%s\r\nEND\r\n", key, flags, len(value), value)
	case "incr":
		if !ok {
			return "NOT_FOUND\r\n"
		}
		n, _ := strconv.Atoi(value)
		m.values[key] = "0 " + strconv.Itoa(n+1)
		return strconv.Itoa(n+1) + "\r\n"
	case "delete":
		delete(m.values, key)
		return "DELETED\r\n"
	}
	m.values[key] = fields[2] + " " + fields[5]
	return "STORED\r\n"
}

// tokenTest is a proxy beside others.
type tokenTest struct {
	cache   *Cache
	waits   []time.Duration
	atLook  func(n int) // before a look
	fetches int
	fail    error
}

func newTokenTest(t *testing.T, c Config) *tokenTest {
	p := &tokenTest{cache: open(t, c)}
	p.cache.after = func(d time.Duration) <-chan time.Time {
		p.waits = append(p.waits, d)
		if p.atLook != nil {
			p.atLook(len(p.waits))
		}
		done := make(chan time.Time, 1)
		done <- time.Time{}
		return done
	}
	return p
}

var tokenShards = []Namespace{{Name: ".shards_a/c-0"}}

func (p *tokenTest) fetch() ([]Namespace, error) {
	return p.cache.FetchShardUpdating(context.Background(), container, func() ([]Namespace, error) {
		p.fetches++
		return tokenShards, p.fail
	})
}

// TestToken: of four requests the first three fetch. The fourth finds what a
// proxy fetched meanwhile, or fetches after the third look.
func TestToken(t *testing.T) {
	m := &memory{values: map[string]string{}}
	s := startScript(t, m.answer)
	p := newTokenTest(t, Config{Servers: []string{s.address()}})
	token := keyOf("_cache_token/shard-updating-v2/AUTH_a/c")

	p.fail = errors.New("no container server")
	for range DefaultFetchTokens {
		_, err := p.fetch()
		require.ErrorIs(t, err, p.fail)
	}
	require.Equal(t, DefaultFetchTokens, p.fetches)
	require.Empty(t, p.waits)
	require.Equal(t, []string{"incr " + token + " 1", "add " + token + " 0 3 1 1", "incr " + token + " 1", "incr " + token + " 1"}, s.requests())

	_, err := p.fetch()
	require.ErrorIs(t, err, p.fail)
	require.Equal(t, DefaultFetchTokens+1, p.fetches)
	require.Equal(t, []time.Duration{450 * time.Millisecond, 900 * time.Millisecond, 1800 * time.Millisecond}, p.waits)

	p.fail, p.waits = nil, nil
	p.atLook = func(n int) {
		if n == 2 {
			p.cache.setNamespaces(context.Background(), forUpdating, container, tokenShards)
		}
	}
	all, err := p.fetch()
	require.NoError(t, err)
	require.Equal(t, tokenShards, all)
	require.Equal(t, DefaultFetchTokens+1, p.fetches, "another proxy has fetched")
	require.Len(t, p.waits, 2)
	require.Equal(t, "0 5", m.get(token))
}

// TestTokenEnds: a holder that has cached the shards deletes the token, and
// nobody else does.
func TestTokenEnds(t *testing.T) {
	m := &memory{values: map[string]string{}}
	s := startScript(t, m.answer)
	p := newTokenTest(t, Config{Servers: []string{s.address()}, FetchTime: 50 * time.Millisecond, FetchTokens: 1})
	token := keyOf("_cache_token/shard-updating-v2/AUTH_a/c")
	_, err := p.fetch()
	require.NoError(t, err)
	require.Equal(t, "add "+token+" 0 1 1 1", s.requests()[1], "no life is below a second: memcached takes 0 for no end at all")
	require.Empty(t, m.get(token))
	all, ok := p.cache.ShardUpdating(context.Background(), container)
	require.True(t, ok)
	require.Equal(t, tokenShards, all)

	m.answer("set " + token + " 0 9 1 1")
	require.NoError(t, p.cache.Delete(context.Background(), p.cache.shardName(forUpdating, container)))
	_, err = p.fetch()
	require.NoError(t, err)
	require.Equal(t, []time.Duration{75 * time.Millisecond, 150 * time.Millisecond, 300 * time.Millisecond}, p.waits)
	require.Equal(t, "0 2", m.get(token), "of another request")
	require.Equal(t, 2, p.fetches)
}

// TestNoToken: without tokens, without other proxies, and without memcached
// every request fetches at once.
func TestNoToken(t *testing.T) {
	m := &memory{values: map[string]string{}}
	s := startScript(t, m.answer)
	down := startScript(t, hangUp)
	for name, c := range map[string]Config{
		"off":           {Servers: []string{s.address()}, FetchTokens: -1},
		"of a process":  {},
		"of no servers": {Servers: []string{down.address()}},
	} {
		p := newTokenTest(t, c)
		for range 2 * DefaultFetchTokens {
			all, err := p.fetch()
			require.NoError(t, err, name)
			require.Equal(t, tokenShards, all, name)
		}
		require.Equal(t, 2*DefaultFetchTokens, p.fetches, name)
		require.Empty(t, p.waits, name)
	}
	for _, line := range s.requests() {
		require.NotContains(t, line, "incr")
	}
}

// TestTokenWaitEnds with the context.
func TestTokenWaitEnds(t *testing.T) {
	m := &memory{values: map[string]string{keyOf("_cache_token/shard-updating-v2/AUTH_a/c"): "0 9"}}
	s := startScript(t, m.answer)
	c := open(t, Config{Servers: []string{s.address()}})
	ctx, cancel := context.WithCancel(context.Background())
	c.after = func(time.Duration) <-chan time.Time { cancel(); return nil }
	_, err := c.FetchShardUpdating(ctx, container, func() ([]Namespace, error) { return nil, ctx.Err() })
	require.ErrorIs(t, err, context.Canceled)
}
