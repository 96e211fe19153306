// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// patch says how PATCH changes a row of one kind.
type patch[T any] struct {
	// key is the member of the body and of the answer: {"group": {…}}.
	key, id string
	find    func(id string) (*T, error)
	// read applies the body to a row. A member that the body does not name
	// keeps the value. read runs twice, so read must not change the store.
	read   func(in object, row *T) error
	update func(id string, edit func(*T)) (*T, error)
	show   func(*T) pyjson.Object
}

// serve answers a PATCH with the changed row. The first call of read judges the
// body, so that a refused body costs no write. The second call runs under the
// lock of the store, on the row as the row is then: a change that another
// request has made in the meantime stays.
func (p patch[T]) serve(c *call) (*web.Response, error) {
	old, err := p.find(p.id)
	if err != nil {
		return nil, err
	}
	in, err := c.inside(p.key)
	if err != nil {
		return nil, err
	}
	row, err := p.apply(in, old)
	if err != nil {
		return nil, err
	}
	return one(200, p.key, p.show(row)), nil
}

// apply judges the body on old and stores the change. A body may fit old, and
// not fit the row of the store: together they have too many extras. apply then
// returns the error, and the row stays as the row was.
func (p patch[T]) apply(in object, old *T) (*T, error) {
	trial := *old
	if err := p.read(in, &trial); err != nil {
		return nil, err
	}
	var refused error
	row, err := p.update(p.id, func(now *T) {
		changed := *now
		if refused = p.read(in, &changed); refused == nil {
			*now = changed
		}
	})
	if refused != nil {
		return nil, refused
	}
	return row, err
}
