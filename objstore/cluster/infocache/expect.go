// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"context"
	"slices"
	"sync"

	"needletail/objstore"
)

// expected are the values that a request will need. The first look-up of the
// request takes them along, and each is asked for once: Swift's proxies look each
// up once in a request too (swift/proxy/controllers/base.py: _get_info_from_infocache).
type expected struct {
	mu     sync.Mutex
	values []expectedValue
}

// expectedValue is a name and, once known, what the cache has.
type expectedValue struct {
	name  string
	known bool
	value
	err error // errMiss
}

type expectedKey struct{}

// Expect returns a context for a request to an account, and to a container unless
// that is "". Calls with the context see a single state of either, except for
// their own changes. Where the cache is in the process the context stays as it is.
func (c *Cache) Expect(ctx context.Context, a objstore.AccountName, container objstore.ContainerName) context.Context {
	if !c.Shared() {
		return ctx
	}
	e := &expected{values: make([]expectedValue, 0, 2)}
	e.values = append(e.values, expectedValue{name: accountName(a)})
	if container != "" {
		e.values = append(e.values, expectedValue{name: containerName(objstore.ContainerID{Account: a, Container: container})})
	}
	return context.WithValue(ctx, expectedKey{}, e)
}

// expectedOf returns what is expected in a context, or nil.
func expectedOf(ctx context.Context) *expected {
	e, _ := ctx.Value(expectedKey{}).(*expected)
	return e
}

// find returns what is known of a name, else the other names to ask for.
func (e *expected) find(name string) (v expectedValue, along []string) {
	if e == nil {
		return v, nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range e.values {
		switch {
		case v.name == name && v.known:
			return v, nil
		case v.name != name && !v.known:
			along = append(along, v.name)
		}
	}
	return v, along
}

// keep takes the result of a look-up, if the name is expected.
func (e *expected) keep(name string, v value, err error) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.values {
		if e.values[i].name == name {
			e.values[i] = expectedValue{name, true, v, err}
		}
	}
}

// forget ends what is known of a name: the request has changed the value.
func (e *expected) forget(name string) {
	if e == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.values = slices.DeleteFunc(e.values, func(v expectedValue) bool { return v.name == name })
}

// look is get with what the context expects.
func (c *Cache) look(ctx context.Context, name string) (value, error) {
	e := expectedOf(ctx)
	found, along := e.find(name)
	if found.known {
		return found.value, found.err
	}
	s, ok := c.backend.(*shared)
	if !ok || len(along) == 0 {
		v, err := c.backend.get(ctx, name)
		if err == nil || err == errMiss {
			e.keep(name, v, err)
		}
		return v, err
	}
	all, err := s.getAll(ctx, append([]string{name}, along...))
	if err != nil {
		return value{}, err
	}
	for _, v := range all {
		e.keep(v.name, v.value, v.err)
	}
	return all[0].value, all[0].err
}

// getAll asks the first server of the first name, for all names of that server.
// Where the first server does not answer, a further server is asked for the first
// name alone. The first value is the first name's.
func (s *shared) getAll(ctx context.Context, names []string) ([]expectedValue, error) {
	home := s.servers[s.ring.order(keyOf(names[0]), 1)[0]]
	keys := make([]string, 0, len(names))
	all := make([]expectedValue, 0, len(names))
	for _, name := range names {
		if key := keyOf(name); s.servers[s.ring.order(key, 1)[0]] == home {
			keys, all = append(keys, key), append(all, expectedValue{name: name, known: true, err: errMiss})
		}
	}
	asked := 0
	err := s.each(ctx, names[0], func(server *server, _ string) error {
		if asked++; asked > 1 || server != home {
			keys, all = keys[:1], all[:1]
		}
		return server.getter.get(ctx, keys, func(i int, v value) { all[i].value, all[i].err = v, nil })
	})
	return all, err
}
