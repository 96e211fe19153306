// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"fmt"
	"time"
)

// closePatience is how long Close waits for the flush of memory into tables,
// and again for the rest, or HangLimit if shorter. A log whose content is in
// tables too may be lost or damaged without harm.
const closePatience = 10 * time.Second

// Close closes the database. No new write may begin. A hanging database is left
// behind. The error of a sealed database was told before and is not repeated. A
// commit that still waits gets ErrSealed.
func (d *DB) Close() error {
	patience := min(closePatience, d.opts.HangLimit)
	if !d.readOnly && d.seal.err() == nil && d.work.err() == nil {
		d.within(patience, d.flush)
	}
	if cause := d.work.err(); cause != nil && d.running.Load() > 0 {
		d.seal.fail(cause) // who waits for a flush would wait for ever
	}
	d.fs.void.Store(d.seal.err() != nil)
	close(d.fs.closing)
	d.watcher.Wait()
	var err error
	if !d.within(patience, func() { err = d.close() }) {
		err = fmt.Errorf("%s %s: %w", d.opts.Name, d.dir, errLeft)
	}
	if !d.seal.end() {
		return nil
	}
	return err
}

// within reports whether f ended in time. f goes on in any case.
func (d *DB) within(limit time.Duration, f func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}

// flush writes memory into tables, as far as the disk obeys.
func (d *DB) flush() {
	d.running.Add(1)
	done, err := d.DB.AsyncFlush()
	d.running.Add(-1)
	if err != nil {
		return // the log holds it
	}
	select {
	case <-done:
	case <-d.seal.broken:
	case <-d.fs.closing:
	}
}

func (d *DB) close() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("close: %v", r)
		}
	}()
	d.commits.Wait()
	d.fs.dropSpare()
	return d.DB.Close()
}
