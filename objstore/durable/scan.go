// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"encoding/binary"
	"errors"
	"io"
	"time"
)

// scan reads a log block by block: first the records, in order, and from the
// first unreadable place on every sign of further records.
type scan struct {
	log uint32
	at  int64 // of the block that is read

	readEnd int64  // the records before can be read
	inside  bool   // a record has begun and not ended
	stopped bool   // the log could not be read to here
	clean   bool   // it ends as a closed log does
	last    record // the last that can be read
	current record // the one that is read

	// The fields below describe the bytes after readEnd.
	ownEnd   int64 // end of the last chunk of this log
	usedEnd  int64 // end of the last byte that is not zero
	older    bool  // chunks of an older log are there
	synced   int64 // greatest synced offset
	first    record
	acked    uint64 // greatest acknowledged sequence number
	lastTime time.Time
}

// record is the content of the beginning of a record.
type record struct {
	known    bool
	sequence uint64
	count    uint64
	noted    bool // the batch began with a note
	acked    uint64
	time     time.Time
}

const (
	batchHeaderBytes = 12
	kindLogData      = 3 // of a batch's entries
)

// parseRecord reads the first chunk of a record.
func parseRecord(b []byte) (r record) {
	if len(b) < batchHeaderBytes {
		return r
	}
	r.known = true
	r.sequence = binary.LittleEndian.Uint64(b)
	r.count = uint64(binary.LittleEndian.Uint32(b[8:]))
	b = b[batchHeaderBytes:]
	if len(b) < 2+noteBytes || b[0] != kindLogData || b[1] != noteBytes || b[2] != noteVersion {
		return r
	}
	r.noted = true
	r.acked = binary.LittleEndian.Uint64(b[3:])
	r.time = time.Unix(0, int64(binary.LittleEndian.Uint64(b[11:])))
	return r
}

// read reads the log to its end, or to the mark of its closing.
func (s *scan) read(r io.Reader) error {
	block := make([]byte, blockBytes)
	for !s.clean {
		n, err := io.ReadFull(r, block)
		if n > 0 {
			s.block(block[:n])
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		s.at += int64(n)
	}
	return nil
}

func (s *scan) block(b []byte) {
	p := 0
	if !s.stopped {
		p = s.records(b)
	}
	if s.stopped && !s.clean {
		s.rest(b, p)
	}
}

// records reads chunks in order and returns where reading stopped.
func (s *scan) records(b []byte) (stop int) {
	p := 0
	for p < len(b) {
		c, ok := parseChunk(b[p:])
		switch {
		case len(b)-p < syncHeaderBytes && allZero(b[p:]):
			return len(b) // the block has no room for a chunk
		case !s.inside && isTrailer(b[p:], s.log):
			s.stopped, s.clean = true, true
			return p
		case !ok || !c.intact || c.log != s.log, s.inside == (c.place == chunkWhole || c.place == chunkFirst):
			s.stopped = true
			return p
		}
		if !s.inside {
			s.current = parseRecord(b[p+c.header : p+c.bytes()])
		}
		p += c.bytes()
		s.ownEnd = s.at + int64(p)
		if s.inside = c.place == chunkFirst || c.place == chunkMiddle; !s.inside {
			s.readEnd = s.ownEnd
			s.last = s.current
		}
	}
	return p
}

// rest looks at the bytes behind the place where reading stopped. Each block
// begins with a chunk, with any content in the block before.
func (s *scan) rest(b []byte, p int) {
	for p < len(b) {
		c, ok := parseChunk(b[p:])
		switch {
		case isTrailer(b[p:], s.log):
			s.ownEnd = s.at + int64(p) + chunkHeaderBytes
			return
		case ok && c.log == s.log:
			s.ownEnd = s.at + int64(p+c.bytes())
			if c.intact {
				s.note(c, b[p+c.header:p+c.bytes()])
			}
		case ok && c.intact && c.log < s.log:
			s.older = true
		default:
			for i := len(b); i > p; i-- {
				if b[i-1] != 0 {
					s.usedEnd = s.at + int64(i)
					break
				}
			}
			return
		}
		p += c.bytes()
	}
}

// note takes from a chunk of this log its note about earlier commits.
func (s *scan) note(c chunk, payload []byte) {
	s.synced = max(s.synced, c.synced)
	if c.place != chunkWhole && c.place != chunkFirst {
		return
	}
	r := parseRecord(payload)
	if !s.first.known {
		s.first = r
	}
	s.acked = max(s.acked, r.acked)
	if r.noted {
		s.lastTime = r.time
	}
}

// tail returns the findings.
func (s *scan) tail(modified time.Time) Tail {
	t := Tail{ReadBytes: s.readEnd, From: s.last.time, Closed: s.clean}
	if s.clean {
		return t
	}
	end := s.ownEnd
	if !s.older {
		end = max(end, s.usedEnd)
	}
	if t.DroppedBytes = max(end-s.readEnd, 0); t.DroppedBytes == 0 {
		return t
	}
	if t.To = s.lastTime; t.To.IsZero() {
		t.To = modified
	}
	t.Acknowledged = s.synced > s.readEnd || s.lostAcknowledged()
	return t
}

// lostAcknowledged reports whether a record behind the damage tells of
// acknowledged commits that cannot be read. If the first record of a log is
// lost, the commit before the first readable commit is lost too.
func (s *scan) lostAcknowledged() bool {
	switch {
	case s.acked == 0 || !s.first.known:
		return false
	case s.last.known:
		return s.acked >= s.last.sequence+s.last.count
	}
	return s.acked+1 >= s.first.sequence
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
