// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"needletail/objstore"
	"needletail/objstore/blob"
	"needletail/objstore/checksum"
	"needletail/objstore/datafile"
	"needletail/objstore/meta"
)

// The scrubber reads every byte of every slot of every body and checks the
// checksums, in the order of names, at a set rate, pass after pass. The position
// is in the index, and a restart goes on from the position.
const (
	scrubBatch   = 256
	scrubSave    = 10 * time.Second // between two saves of the position
	scrubRest    = time.Minute      // between two passes
	scrubRetries = time.Minute      // after a failure of the index
)

// ScrubProgress is the progress of the scrubber.
type ScrubProgress struct {
	BytesPerSecond int64 // the set rate; 0: there is no scrubber
	StartedSeconds int64 // of this pass, Unix
	Bytes          int64 // of a whole pass, about
	BytesDone      int64
	Passes         int64 // complete passes since Open
	Damaged        int64 // slots and inline bodies, since Open
}

// FullPass returns how long a whole pass takes at the set rate.
func (p ScrubProgress) FullPass() time.Duration { return duration(p.Bytes, p.BytesPerSecond) }

// Left returns how long the rest of this pass takes at the set rate.
func (p ScrubProgress) Left() time.Duration {
	return duration(max(p.Bytes-p.BytesDone, 0), p.BytesPerSecond)
}

// duration returns how long bytes take at a rate; 0: there is no rate.
func duration(bytes, bytesPerSecond int64) time.Duration {
	if bytesPerSecond <= 0 {
		return 0
	}
	return time.Duration(float64(bytes) / float64(bytesPerSecond) * float64(time.Second))
}

// scrubber verifies stored bytes. The methods run in the goroutine of loop,
// except read.
type scrubber struct {
	e     *Engine
	limit *rate.Limiter

	mu       sync.Mutex // protects progress
	progress ScrubProgress
}

func (s *scrubber) init(e *Engine, bytesPerSecond int64) {
	s.e = e
	s.limit, s.progress.BytesPerSecond = limiter(bytesPerSecond), bytesPerSecond
}

// update changes the progress under the lock.
func (s *scrubber) update(change func(*ScrubProgress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.progress)
}

// read returns the progress.
func (s *scrubber) read() ScrubProgress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress
}

// loop makes pass after pass until ctx ends, with a rest between two passes.
// Without a rate loop returns at once.
func (s *scrubber) loop(ctx context.Context) {
	if s.e.opts.ScrubBytesPerSecond == 0 {
		return
	}
	for ctx.Err() == nil {
		rest := scrubRest
		if err := s.pass(ctx); err != nil && ctx.Err() == nil {
			rest = scrubRetries
			s.e.log.Error("verifying what is stored failed, and goes on later", "err", err)
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// pass goes on from the saved position to the end of the names.
func (s *scrubber) pass(ctx context.Context) error {
	at, err := s.e.db.Scrub()
	if err != nil {
		return err
	}
	if at.StartedSeconds == 0 {
		at.StartedSeconds = time.Now().Unix()
	}
	total, err := s.storedBytes()
	if err != nil {
		return err
	}
	s.update(func(p *ScrubProgress) {
		p.StartedSeconds, p.Bytes, p.BytesDone = at.StartedSeconds, total, at.Bytes
	})
	p := s.read()
	s.e.log.Info("verifying all that is stored", "bytes", total, "done", at.Bytes, "full_pass", p.FullPass().Round(time.Second))
	if at, err = s.scrubRows(ctx, at); err != nil {
		return err
	}
	s.update(func(p *ScrubProgress) { p.Passes++ })
	s.e.log.Info("verified all that is stored", "bytes", at.Bytes, "damaged", s.read().Damaged,
		"took", time.Since(time.Unix(at.StartedSeconds, 0)).Round(time.Second))
	return s.save(meta.ScrubRow{})
}

type scrubJob struct {
	object objstore.ObjectID
	row    meta.ObjectRow
}

// scrubRows verifies the bodies after the position at, and returns the new
// position. The position is saved every scrubSave and after an error.
func (s *scrubber) scrubRows(ctx context.Context, at meta.ScrubRow) (meta.ScrubRow, error) {
	saved := time.Now()
	for {
		jobs, err := s.next(at.Last)
		if err != nil || len(jobs) == 0 {
			return at, err
		}
		for _, j := range jobs {
			if err := s.scrubOne(ctx, j); err != nil {
				return at, errors.Join(err, s.save(at))
			}
			at.Last = j.object
			at.Bytes += storedBytes(&j.row)
			s.update(func(p *ScrubProgress) { p.BytesDone = at.Bytes })
			if time.Since(saved) > scrubSave {
				saved = time.Now()
				if err := s.save(at); err != nil {
					return at, err
				}
			}
		}
	}
}

// save writes the position to the index. The write is not synced: after a crash
// some bodies are verified again.
func (s *scrubber) save(at meta.ScrubRow) error {
	b := s.e.db.NewBatch()
	b.SetScrub(at)
	return b.Commit(false)
}

// next returns the next rows in the order of names, at most scrubBatch.
func (s *scrubber) next(after objstore.ObjectID) (jobs []scrubJob, err error) {
	err = s.e.db.ObjectsAfter(after, func(o objstore.ObjectID, row meta.ObjectRow) error {
		if jobs = append(jobs, scrubJob{o, row}); len(jobs) == scrubBatch {
			return errBatchFull
		}
		return nil
	})
	if err == errBatchFull {
		err = nil
	}
	return jobs, err
}

// scrubOne verifies one body and reports damage to the healer. An error means a
// failed check, and not a damaged body.
func (s *scrubber) scrubOne(ctx context.Context, j scrubJob) error {
	if j.row.Place == meta.PlaceInline {
		return s.scrubInline(ctx, j)
	}
	s.e.inUse.count(s.e.inUse.readers, j.row.ID, 1)
	defer s.e.inUse.count(s.e.inUse.readers, j.row.ID, -1)
	layout := rowLayout(&j.row)
	h, err := s.e.verify(ctx, &j.row, s.limit)
	if err != nil {
		return err
	}
	damaged := h.Count(blob.SlotCorrupt) + h.Count(blob.SlotMissing)
	if damaged == 0 {
		return nil
	}
	now, found, err := s.e.db.Object(j.object)
	if err != nil || !found || now.ID != j.row.ID || !now.Placement.Equal(&j.row.Placement) {
		return err // the object was changed meanwhile: the next pass reads the new body
	}
	s.update(func(p *ScrubProgress) { p.Damaged += int64(damaged) })
	cause := errors.Join(h.Errs...)
	s.e.log.Error("verifying found damage", "object", j.object, "slots", damaged, "err", cause)
	if layout.Copies == 1 {
		s.e.corrupt(j.object, &j.row, &datafile.CorruptError{Block: -1, Reason: cause.Error()})
		return nil
	}
	s.e.heal.report(damage{j.row.ID, true})
	return nil
}

// scrubInline verifies an inline body. A row that was replaced meanwhile is no
// damage.
func (s *scrubber) scrubInline(ctx context.Context, j scrubJob) error {
	if err := s.limit.WaitN(ctx, int(j.row.Info.SizeBytes)); err != nil {
		return err
	}
	body, found, err := s.e.db.Inline(j.row.ID, nil)
	if err != nil && !meta.IsCorrupt(err) {
		return err
	}
	if err == nil && found && int64(len(body)) == j.row.Info.SizeBytes && checksum.Block(body) == j.row.Checksum {
		return nil
	}
	now, still, readErr := s.e.db.Object(j.object)
	if readErr != nil || !still || now.ID != j.row.ID {
		return readErr
	}
	s.update(func(p *ScrubProgress) { p.Damaged++ })
	s.e.reportCorrupt(j.object, false, fmt.Errorf("%w: an inline body is missing or does not match its checksum: %w", meta.ErrCorrupt, errors.Join(err)))
	return nil
}

// storedBytes returns about how many bytes all slots of a body take.
func storedBytes(row *meta.ObjectRow) int64 {
	if row.Place == meta.PlaceInline {
		return row.Info.SizeBytes
	}
	p := &row.Placement
	return row.Info.SizeBytes / int64(max(p.DataFragments, 1)) * int64(len(p.Slots())-p.Missing())
}

// storedBytes returns about how many bytes all slots of all bodies take.
func (s *scrubber) storedBytes() (total int64, err error) {
	view := s.e.db.Snapshot()
	defer view.Close()
	err = view.Accounts(func(a objstore.AccountName, _ meta.AccountRow) error {
		return view.AccountCounts(a, func(p objstore.PolicyIndex, n meta.Counter) error {
			l := s.e.fleet.layout(p)
			total += n.Bytes / int64(l.Need()) * int64(l.Slots())
			return nil
		})
	})
	return total, err
}
