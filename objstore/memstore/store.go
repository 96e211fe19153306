// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"needletail/objstore"
)

// Options configure a Store.
type Options struct {
	// Policies is the set of storage policies, which must be valid
	// (Policies.Validate); an empty set means objstore.DefaultPolicies.
	Policies objstore.Policies
	// Guarantees are the promises of the store; nil means objstore.Strict. For
	// tests of layers that must not rely on a promise, the store breaks the
	// promises that are left out.
	Guarantees *objstore.Guarantees
}

// Store is an objstore.Store in memory.
type Store struct {
	policies objstore.Policies
	promises objstore.Guarantees
	clock    objstore.Clock

	mu       sync.Mutex // protects what follows, down to the objects' maps
	closed   bool
	accounts map[objstore.AccountName]*account
	deleted  map[objstore.AccountName]bool // accounts that were there once
	cache    cache                         // empty with ExactCounts
}

var _ objstore.Store = (*Store)(nil)

// New makes an empty store.
func New(opts Options) *Store {
	if len(opts.Policies) == 0 {
		opts.Policies = objstore.DefaultPolicies()
	}
	s := &Store{
		policies: opts.Policies, promises: objstore.Strict(),
		accounts: map[objstore.AccountName]*account{}, deleted: map[objstore.AccountName]bool{}, cache: newCache(),
	}
	if opts.Guarantees != nil {
		s.promises = *opts.Guarantees
	}
	return s
}

// Guarantees returns Options.Guarantees.
func (s *Store) Guarantees() objstore.Guarantees { return s.promises }

// Close refuses all later calls.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return &objstore.Error{Kind: objstore.KindClosed, Op: "close"}
	}
	s.closed = true
	s.accounts = nil
	return nil
}

// call is a running operation, for its errors.
type call struct{ op, name string }

func (c call) fail(k objstore.Kind, cause error) error {
	return &objstore.Error{Kind: k, Op: c.op, Name: c.name, Err: cause}
}

func onAccount(op string, a objstore.AccountName) call { return call{op, "/" + string(a)} }

var (
	errEmptyName = errors.New("a name is empty")
	errNUL       = errors.New("a name holds NUL")
	errSlash     = errors.New("a container's name holds '/'")
)

// begin locks the store and makes the checks of every operation. After a
// failure the mutex is free again.
func (s *Store) begin(c call, parts ...string) error {
	for i, part := range parts {
		switch {
		case part == "":
			return c.fail(objstore.KindInvalid, errEmptyName)
		case strings.Contains(part, "\x00") && !(s.promises.SwiftLayout && i > 0 && part[0] == 0):
			return c.fail(objstore.KindInvalid, errNUL)
		case !s.promises.OpaqueBytes && !utf8.ValidString(part):
			return c.fail(objstore.KindInvalid, errText)
		case i == 1 && strings.Contains(part, "/"):
			return c.fail(objstore.KindInvalid, errSlash)
		}
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return c.fail(objstore.KindClosed, nil)
	}
	return nil
}
