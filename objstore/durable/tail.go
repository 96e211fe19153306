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

// Tail is how a log ends. Pebble takes the first place that it cannot read for
// the end; a crash leaves such a place, and so does damage.
type Tail struct {
	Path string
	// ReadBytes is the length of the records that can be read.
	ReadBytes int64
	// DroppedBytes is what follows and is neither zeros nor the remains of an
	// older log: commits that cannot be read. 0 of a log that ends cleanly.
	DroppedBytes int64
	// From and To are when the last commit was made that can be read, and when
	// the last of the others was, or the file was changed; zero if not known.
	From, To time.Time
	// Closed says that the log ends with the mark of one that was closed.
	Closed bool
	// Acknowledged says that some of what was dropped had been on stable
	// storage, so that no crash explains it.
	Acknowledged bool
}

// String says in a sentence what was dropped.
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

// tell warns of what was dropped.
func (t Tail) tell(name string, log *slog.Logger) {
	if t.DroppedBytes > 0 {
		log.Warn(name+": the log does not end where its last commit ends: a crash left part of a commit, or the log is damaged",
			"file", t.Path, "read_bytes", t.ReadBytes, "dropped_bytes", t.DroppedBytes, "from", t.From, "to", t.To)
	}
}

// checkLogs looks at the newest log of a database that is not open. Older ones
// end with a mark, which Pebble asks for. ErrDamaged if acknowledged commits
// cannot be read, or if there is no log at all.
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

// formatMarker begins the name of a file that every database has once it was
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

// damaged adds ErrDamaged to an error of opening a database, unless it is the
// disk's, that of a lock, or tells of a newer format: what else Pebble refuses
// is not what was written.
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
