package durable

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// ErrSealed: a write failed after which nobody knows what is on the disk. No
// write succeeds until the database is opened again.
var ErrSealed = errors.New("sealed after a failed write")

// seal is the first failure of a database.
type seal struct {
	cause  atomic.Pointer[error]
	broken chan struct{} // closed by the first failure
	told   func(error)   // called once, maybe under Pebble's locks
}

func newSeal(told func(error)) *seal {
	if told == nil {
		told = func(error) {}
	}
	return &seal{broken: make(chan struct{}), told: told}
}

// fail seals the database; only the first cause counts.
func (s *seal) fail(cause error) {
	err := cause
	if !errors.Is(cause, ErrSealed) {
		err = fmt.Errorf("%w: %w", ErrSealed, cause)
	}
	if s.set(err) {
		s.told(err)
	}
}

func (s *seal) set(err error) bool {
	first := s.cause.CompareAndSwap(nil, &err)
	if first {
		close(s.broken)
	}
	return first
}

// err matches ErrSealed and the cause, or is nil.
func (s *seal) err() error {
	if err := s.cause.Load(); err != nil {
		return *err
	}
	return nil
}

// end seals a database that is closed, and says whether it was not sealed.
func (s *seal) end() bool { return s.set(fmt.Errorf("%w: %w", ErrSealed, errClosed)) }
