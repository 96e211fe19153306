// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"

	"needletail/objstore"
	"needletail/proxy/swift/listing"
)

// accountPage adds the containers of an account to a page of a listing, with the
// entries of swift.Request.JoinContainers between them.
type accountPage struct {
	c       *Controllers
	r       call
	l       *listing.Page
	options objstore.ListOptions      // of the rest of the page
	join    []objstore.ContainerEntry // which have not been joined yet
}

// errPageFull ends the Store's listing: joined entries have taken places.
var errPageFull = errors.New("the page of the account is full")

// list adds a piece of the page (listing.Response).
func (p *accountPage) list() error {
	err := p.c.Store.ListContainers(p.r.Context(), p.r.account(), p.options, p.entry)
	if errors.Is(err, errPageFull) {
		return nil
	}
	if err != nil {
		return err
	}
	for len(p.join) > 0 && p.options.Limit > 0 {
		if err := p.addJoined(); err != nil {
			return err
		}
	}
	return nil
}

// entry adds an entry of the Store, behind the joined entries that precede the
// entry.
func (p *accountPage) entry(e *objstore.ContainerEntry) error {
	for len(p.join) > 0 && p.precedes(p.join[0].Name, e.Name) {
		if p.options.Limit == 0 {
			return errPageFull
		}
		if err := p.addJoined(); err != nil {
			return err
		}
	}
	if p.options.Limit == 0 {
		return errPageFull
	}
	if len(p.join) > 0 && p.join[0].Name == e.Name {
		e.BytesUsed += p.join[0].BytesUsed
		p.join = p.join[1:]
	}
	if p.r.AmendContainer != nil && !e.Subdir {
		if err := p.r.AmendContainer(e); err != nil {
			return err
		}
	}
	return p.add(e)
}

func (p *accountPage) precedes(a, b string) bool {
	if p.options.Reverse {
		return a > b
	}
	return a < b
}

func (p *accountPage) addJoined() error {
	e := p.join[0]
	p.join = p.join[1:]
	return p.add(&e)
}

func (p *accountPage) add(e *objstore.ContainerEntry) error {
	policy, _ := p.c.Policies.ByIndex(e.Policy)
	p.l.Container(e, policy.Name)
	return after(&p.options, p.l, e.Name)
}
