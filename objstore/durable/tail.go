// SPDX-License-Identifier: Apache-2.0

package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ErrDamaged: files of the database are missing or not as they were written, and
// acknowledged commits with them.
var ErrDamaged = errors.New("the database is damaged")

// Tail is the end of a log. Pebble takes the first unreadable place for the
// end. A crash leaves an unreadable place, and so does damage.
type Tail struct {
	Path string
	// ReadBytes is the length of the readable records.
	ReadBytes int64
	// DroppedBytes is the length of the rest, without zeros and remains of an
	// older log: unreadable commits. 0 for a log with a clean end.
	DroppedBytes int64
	// From is the time of the last readable commit. To is the time of the last
	// unreadable commit, or of the last change of the file. Zero means unknown.
	From, To time.Time
	// Closed says that the log ends with the mark of a closed log.
	Closed bool
	// Acknowledged says that some of the dropped commits had been on stable
	// storage, so that no crash explains the loss.
	Acknowledged bool
}

// String returns a sentence about the dropped commits.
func (t Tail) String() string {
	s := fmt.Sprintf("%s: %d bytes after the first %d cannot be read", t.Path, t.DroppedBytes, t.ReadBytes)
	if !t.From.IsZero() {
		s += ", of commits after " + t.From.UTC().Format(time.RFC3339Nano)
	}
	if !t.To.IsZero() {
		s += ", until " + t.To.UTC().Format(time.RFC3339Nano)
	}
	return s
}

// tell warns of dropped commits.
func (t Tail) tell(name string, log *slog.Logger) {
	if t.DroppedBytes > 0 {
		log.Warn(name+": the log does not end where its last commit ends: a crash left part of a commit, or the log is damaged",
			"file", t.Path, "read_bytes", t.ReadBytes, "dropped_bytes", t.DroppedBytes, "from", t.From, "to", t.To)
	}
}

// checkLogs looks at the newest log of a closed database. Older logs end with a
// mark, which Pebble asks for. ErrDamaged if acknowledged commits cannot be
// read, or if there is no log at all.
func checkLogs(fsys vfs.FS, dir string) (Tail, error) {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return Tail{}, nil
	}
	if err != nil {
		return Tail{}, fmt.Errorf("look for logs: %w", err)
	}
	number, name := newestLog(names)
	if name == "" {
		if slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, formatMarker) }) {
			return Tail{}, fmt.Errorf("%w: %s has no log", ErrDamaged, dir)
		}
		return Tail{}, nil // Pebble makes the marker after the first log
	}
	t, err := readTail(fsys, fsys.PathJoin(dir, name), number)
	if err == nil && t.Acknowledged {
		err = fmt.Errorf("%w: %v", ErrDamaged, t)
	}
	return t, err
}

// formatMarker begins the name of a file of every database that was ever
// opened.
const formatMarker = "marker.format-version."

func newestLog(names []string) (newest uint64, name string) {
	for _, n := range names {
		if number, isLog := logNumber(n); isLog && (name == "" || number > newest) {
			newest, name = number, n
		}
	}
	return newest, name
}

// readTail reads a log to its end.
func readTail(fsys vfs.FS, path string, number uint64) (Tail, error) {
	f, err := fsys.Open(path, vfs.SequentialReadsOption)
	if err != nil {
		return Tail{}, fmt.Errorf("look at a log: %w", err)
	}
	s := scan{log: uint32(number)}
	err = s.read(f)
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return Tail{}, fmt.Errorf("look at %s: %w", path, err)
	}
	t := s.tail(info.ModTime())
	t.Path = path
	return t, nil
}

// damaged adds ErrDamaged to an error of opening a database. An error of the
// disk or of a lock stays as it is, and so does the error of a newer format.
// Pebble refuses everything else because of changed bytes.
func damaged(dir string, err error) error {
	var errno syscall.Errno
	others := errors.As(err, &errno) && !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrSealed) ||
		strings.Contains(err.Error(), "unknown format major version") ||
		strings.Contains(err.Error(), lockHeld)
	if !others && !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("open %s: %w", dir, err)
}
