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

// The scrubber verifies every byte of every slot of every body, in the order of
// names, at a set rate, over and over. How far it has come is in the index, so
// that a restart goes on.
const (
	scrubBatch   = 256
	scrubSave    = 10 * time.Second // between two notes of how far it is
	scrubRest    = time.Minute      // between two passes
	scrubRetries = time.Minute      // after a failure of the index
)

// ScrubProgress is how far the scrubber is.
type ScrubProgress struct {
	BytesPerSecond int64 // that are allowed; 0: there is no scrubber
	StartedSeconds int64 // of this pass, Unix
	Bytes          int64 // that a pass reads, about
	BytesDone      int64
	Passes         int64 // that ended since Open
	Damaged        int64 // slots and inline bodies, since Open
}

// FullPass is how long a pass takes.
func (p ScrubProgress) FullPass() time.Duration { return duration(p.Bytes, p.BytesPerSecond) }

// Left is how long this pass still takes.
func (p ScrubProgress) Left() time.Duration {
	return duration(max(p.Bytes-p.BytesDone, 0), p.BytesPerSecond)
}

func duration(bytes, bytesPerSecond int64) time.Duration {
	if bytesPerSecond <= 0 {
		return 0
	}
	return time.Duration(float64(bytes) / float64(bytesPerSecond) * float64(time.Second))
}

type scrubber struct {
	limit *rate.Limiter

	mu       sync.Mutex // protects progress
	progress ScrubProgress
}

func (s *scrubber) init(bytesPerSecond int64) {
	s.limit, s.progress.BytesPerSecond = limiter(bytesPerSecond), bytesPerSecond
}

func (s *scrubber) update(change func(*ScrubProgress)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.progress)
}

func (s *scrubber) read() ScrubProgress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.progress
}

func (e *Engine) scrubLoop(ctx context.Context) {
	if e.opts.ScrubBytesPerSecond == 0 {
		return
	}
	for ctx.Err() == nil {
		rest := scrubRest
		if err := e.scrubPass(ctx); err != nil && ctx.Err() == nil {
			rest = scrubRetries
			e.log.Error("verifying what is stored failed, and goes on later", "err", err)
		}
		timer := time.NewTimer(rest)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// scrubPass goes on where the last one ended, to the end.
func (e *Engine) scrubPass(ctx context.Context) error {
	at, err := e.db.Scrub()
	if err != nil {
		return err
	}
	if at.StartedSeconds == 0 {
		at.StartedSeconds = time.Now().Unix()
	}
	total, err := e.storedBytes()
	if err != nil {
		return err
	}
	e.scrub.update(func(p *ScrubProgress) {
		p.StartedSeconds, p.Bytes, p.BytesDone = at.StartedSeconds, total, at.Bytes
	})
	p := e.scrub.read()
	e.log.Info("verifying all that is stored", "bytes", total, "done", at.Bytes, "full_pass", p.FullPass().Round(time.Second))
	if at, err = e.scrubRows(ctx, at); err != nil {
		return err
	}
	e.scrub.update(func(p *ScrubProgress) { p.Passes++ })
	e.log.Info("verified all that is stored", "bytes", at.Bytes, "damaged", e.scrub.read().Damaged,
		"took", time.Since(time.Unix(at.StartedSeconds, 0)).Round(time.Second))
	return e.saveScrub(meta.ScrubRow{})
}

type scrubJob struct {
	object objstore.ObjectID
	row    meta.ObjectRow
}

func (e *Engine) scrubRows(ctx context.Context, at meta.ScrubRow) (meta.ScrubRow, error) {
	saved := time.Now()
	for {
		jobs, err := e.scrubNext(at.Last)
		if err != nil || len(jobs) == 0 {
			return at, err
		}
		for _, j := range jobs {
			if err := e.scrubOne(ctx, j); err != nil {
				return at, errors.Join(err, e.saveScrub(at))
			}
			at.Last = j.object
			at.Bytes += storedBytes(&j.row)
			e.scrub.update(func(p *ScrubProgress) { p.BytesDone = at.Bytes })
			if time.Since(saved) > scrubSave {
				saved = time.Now()
				if err := e.saveScrub(at); err != nil {
					return at, err
				}
			}
		}
	}
}

func (e *Engine) saveScrub(at meta.ScrubRow) error {
	b := e.db.NewBatch()
	b.SetScrub(at)
	return b.Commit(false)
}

func (e *Engine) scrubNext(after objstore.ObjectID) (jobs []scrubJob, err error) {
	err = e.db.ObjectsAfter(after, func(o objstore.ObjectID, row meta.ObjectRow) error {
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

// scrubOne verifies one body. The error is not about the body.
func (e *Engine) scrubOne(ctx context.Context, j scrubJob) error {
	if j.row.Place == meta.PlaceInline {
		return e.scrubInline(ctx, j)
	}
	e.inUse.count(e.inUse.readers, j.row.ID, 1)
	defer e.inUse.count(e.inUse.readers, j.row.ID, -1)
	layout := rowLayout(&j.row)
	h, err := e.verify(ctx, &j.row, e.scrub.limit)
	if err != nil {
		return err
	}
	damaged := h.Count(blob.SlotCorrupt) + h.Count(blob.SlotMissing)
	if damaged == 0 {
		return nil
	}
	now, found, err := e.db.Object(j.object)
	if err != nil || !found || now.ID != j.row.ID || !now.Placement.Equal(&j.row.Placement) {
		return err // it was changed meanwhile: the next pass sees it
	}
	e.scrub.update(func(p *ScrubProgress) { p.Damaged += int64(damaged) })
	cause := errors.Join(h.Errs...)
	e.log.Error("verifying found damage", "object", j.object, "slots", damaged, "err", cause)
	if layout.Copies == 1 {
		e.corrupt(j.object, &j.row, &datafile.CorruptError{Block: -1, Reason: cause.Error()})
		return nil
	}
	e.report(damage{j.row.ID, true})
	return nil
}

func (e *Engine) scrubInline(ctx context.Context, j scrubJob) error {
	if err := e.scrub.limit.WaitN(ctx, int(j.row.Info.SizeBytes)); err != nil {
		return err
	}
	body, found, err := e.db.Inline(j.row.ID, nil)
	if err != nil && !meta.IsCorrupt(err) {
		return err
	}
	if err == nil && found && int64(len(body)) == j.row.Info.SizeBytes && checksum.Block(body) == j.row.Checksum {
		return nil
	}
	now, still, readErr := e.db.Object(j.object)
	if readErr != nil || !still || now.ID != j.row.ID {
		return readErr
	}
	e.scrub.update(func(p *ScrubProgress) { p.Damaged++ })
	e.reportCorrupt(j.object, false, fmt.Errorf("%w: an inline body is missing or does not match its checksum: %w", meta.ErrCorrupt, errors.Join(err)))
	return nil
}

// storedBytes is what all slots of a body take.
func storedBytes(row *meta.ObjectRow) int64 {
	if row.Place == meta.PlaceInline {
		return row.Info.SizeBytes
	}
	p := &row.Placement
	return row.Info.SizeBytes / int64(max(p.DataFragments, 1)) * int64(len(p.Slots())-p.Missing())
}

// storedBytes is what all slots of all bodies take, about.
func (e *Engine) storedBytes() (total int64, err error) {
	view := e.db.Snapshot()
	defer view.Close()
	err = view.Accounts(func(a objstore.AccountName, _ meta.AccountRow) error {
		return view.AccountCounts(a, func(p objstore.PolicyIndex, n meta.Counter) error {
			l := e.fleet.layout(p)
			total += n.Bytes / int64(l.Need()) * int64(l.Slots())
			return nil
		})
	})
	return total, err
}
