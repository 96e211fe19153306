// SPDX-License-Identifier: Apache-2.0

package memstore

import (
	"errors"
	"maps"
	"strings"
	"unicode/utf8"

	"needletail/objstore"
)

// A Store with fewer Guarantees behaves as Swift's servers do under load. Rows
// of listings and counters arrive late: after a number of looks, and not after
// a time, so that every run is the same.
//
//	withheld         then
//	ExactCounts      counters are those of the rows; the account hears of them
//	                 late; HeadAccount and HeadContainer have a cache
//	ListedAtOnce     a row arrives after lateLooks looks at its container
//	CompareAtCommit  the checks of a PUT are made before the body alone
//	LastCommitWins   a PUT has the time of its beginning
//	StableObjects    a Range of a replaced version is KindUnavailable
//	WholeAnswers     DeleteObject and PostObject answer little
//	OpaqueBytes      names and metadata must be UTF-8
//	CleanRecreation  an account stays deleted
//	PastDeleteAt     a past DeleteAt is KindInvalid
//
// FreshInfo, VerifiedReads and AllOrNothing need failing replicas, and hold
// always.

// lateLooks is how many looks at a container do not see a row yet.
const lateLooks = 2

// counts are the counters of a container.
type counts struct{ objects, bytes int64 }

// lateRow is a row on its way to the listing. A nil object removes the row.
type lateRow struct {
	name   objstore.ObjectName
	object *object
	looks  int // looks that do not see the row yet
}

// rows are the objects that a listing shows.
func (c *container) rows() map[objstore.ObjectName]*object {
	if c.promises.ListedAtOnce {
		return c.objects
	}
	return c.listed
}

// set stores or, with nil, removes an object, and sends the row.
func (c *container) set(name objstore.ObjectName, o *object) {
	if o == nil {
		delete(c.objects, name)
	} else {
		c.objects[name] = o
	}
	if !c.promises.ListedAtOnce {
		c.late = append(c.late, lateRow{name, o, lateLooks})
	}
}

// looked delivers the rows that were late for long enough. Every look at the
// container ends with looked.
func (c *container) looked() {
	waiting := c.late[:0]
	for _, row := range c.late {
		row.looks--
		switch {
		case row.looks > 0:
			waiting = append(waiting, row)
		case row.object == nil:
			delete(c.listed, row.name)
		default:
			c.listed[row.name] = row.object
		}
	}
	c.late = waiting
}

// report tells the account the counters of its containers, as they were before
// the rows that arrive now. Every look at the account ends with report.
func (a *account) report() {
	for _, c := range a.containers {
		c.reported = c.count()
		c.looked()
	}
}

// shown are the counters that the account knows.
func (c *container) shown() counts {
	if c.promises.ExactCounts {
		return c.count()
	}
	return c.reported
}

var (
	errText      = errors.New("not UTF-8")
	errReborn    = errors.New("the account was deleted")
	errPastDelay = errors.New("DeleteAt is in the past")
)

// checkText refuses metadata of other bytes than UTF-8, where the Store cannot
// keep them.
func (s *Store) checkText(c call, m objstore.Metadata) error {
	for _, f := range m {
		if !s.promises.OpaqueBytes && !utf8.ValidString(f.Value) {
			return c.fail(objstore.KindInvalid, errText)
		}
	}
	return nil
}

// checkDeleteAt refuses a DeleteAt before the time of the write.
func (s *Store) checkDeleteAt(c call, deleteAt int64, at objstore.Timestamp) error {
	if at == 0 {
		at = s.clock.Now()
	}
	if !s.promises.PastDeleteAt && deleteAt != 0 && deleteAt < at.Seconds() {
		return c.fail(objstore.KindInvalid, errPastDelay)
	}
	return nil
}

// partial is the answer of a Store that does not tell the whole of an object.
func (s *Store) partial(i objstore.ObjectInfo) objstore.ObjectInfo {
	if s.promises.WholeAnswers {
		return i
	}
	told := objstore.ObjectInfo{Modified: i.Modified, ContentType: i.ContentType}
	for _, f := range i.Metadata {
		if strings.HasPrefix(f.Name, objstore.SysmetaObject) {
			told.Metadata.Set(f.Name, f.Value)
		}
	}
	return told
}

// cache has the answers of HeadAccount and HeadContainer that may be given
// again. Own changes of an account or a container take the answer out; writes
// of objects do not.
type cache struct {
	accounts   map[objstore.AccountName]objstore.AccountInfo
	containers map[objstore.ContainerID]objstore.ContainerInfo
}

func newCache() cache {
	return cache{map[objstore.AccountName]objstore.AccountInfo{}, map[objstore.ContainerID]objstore.ContainerInfo{}}
}

// forget takes an account and all its containers out.
func (c *cache) forget(a objstore.AccountName) {
	delete(c.accounts, a)
	maps.DeleteFunc(c.containers, func(id objstore.ContainerID, _ objstore.ContainerInfo) bool { return id.Account == a })
}
