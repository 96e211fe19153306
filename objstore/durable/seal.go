// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrSealed: a write failed, and the state of the disk is unknown. No write
// succeeds until the database is opened again.
var ErrSealed = errors.New("sealed after a failed write")

// seal is the first failure of a database.
type seal struct {
	once   sync.Once
	cause  atomic.Pointer[error]
	broken chan struct{} // closed by the first failure
	told   func(error)   // called once, before anybody sees the seal
}

func newSeal(told func(error)) *seal {
	if told == nil {
		told = func(error) {}
	}
	return &seal{broken: make(chan struct{}), told: told}
}

// fail seals the database; only the first cause counts.
func (s *seal) fail(cause error) {
	s.once.Do(func() {
		err := cause
		if !errors.Is(cause, ErrSealed) {
			err = fmt.Errorf("%w: %w", ErrSealed, cause)
		}
		s.told(err)
		s.set(err)
	})
}

func (s *seal) set(err error) {
	s.cause.Store(&err)
	close(s.broken)
}

// err matches ErrSealed and the cause, or is nil.
func (s *seal) err() error {
	if err := s.cause.Load(); err != nil {
		return *err
	}
	return nil
}

// end seals a closed database, and reports whether the database was not sealed.
func (s *seal) end() (first bool) {
	s.once.Do(func() {
		first = true
		s.set(fmt.Errorf("%w: %w", ErrSealed, errClosed))
	})
	return first
}
