// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"needletail/objstore/durable"
	"needletail/objstore/durable/faultfs"
)

func openOn(fs vfs.FS, keys string, mirrored bool) (*Service, error) {
	o := Options{Dir: keys + "/one", FS: fs, BcryptCost: 4, Logger: slog.New(slog.DiscardHandler),
		HangLimit: 2 * time.Second, OpenPatience: 20 * time.Millisecond}
	if mirrored {
		o.MirrorDir = keys + "/two"
	}
	return Open(o)
}

func putProject(s *Service, name string) error {
	_, err := s.CreateProject(Project{ID: name, DomainID: DefaultDomainID, Name: name, Enabled: true,
		Description: strings.Repeat("x", 40_000)})
	return err
}

// TestNthCallFails lets each call of the disk below the store fail, with a
// single copy and with two copies. No acknowledged change is lost, no change
// hangs, reads go on, Close returns, and the next start finds all acknowledged
// changes.
func TestNthCallFails(t *testing.T) {
	for mirrored, every := range map[bool]int{false: 60, true: 250} {
		t.Run(fmt.Sprintf("mirrored=%v", mirrored), func(t *testing.T) {
			keys := t.TempDir()
			sum := faultfs.Sweep(t, faultfs.OnceAndForever, every, func(f faultfs.Fault) faultfs.Outcome { return faultRun(t, f, keys, mirrored) })
			if sum.Injected < 10 || sum.Sealed == 0 || sum.Refused > 0 {
				t.Errorf("%+v", sum)
			}
		})
	}
}

func faultRun(t *testing.T, fault faultfs.Fault, keys string, mirrored bool) (out faultfs.Outcome) {
	mem := vfs.NewCrashableMem()
	fs := faultfs.New(mem)
	s, err := openOn(fs, keys, mirrored)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateDomain(Domain{ID: DefaultDomainID, Name: "Default", Enabled: true}); err != nil {
		t.Fatal(err)
	}
	fs.Arm(fault)
	var acked []string
	for i := range 40 { // more than one memtable
		name := fmt.Sprintf("p%02d", i)
		switch err := putProject(s, name); {
		case err == nil:
			acked = append(acked, name)
		case KindOf(err) != KindUnavailable && KindOf(err) != KindNoSpace:
			t.Errorf("%v: kind %v of %v", fault, KindOf(err), err)
		}
	}
	for _, name := range acked {
		if !hasProject(s, name) {
			t.Errorf("%v: %s cannot be read", fault, name)
		}
	}
	out.Sealed = s.failed != nil
	cut := mem.CrashClone(vfs.CrashCloneCfg{})
	_ = s.Close() // may tell of the fault
	var what string
	out.Calls, out.Injected, what = fs.Disarm()
	if mirrored && out.Sealed && !fault.Stays {
		t.Errorf("%v (%s): one fault sealed both copies", fault, what)
	}
	for name, left := range map[string]*vfs.MemFS{"stopped": mem, "cut off": cut} {
		again, err := openOn(left, keys, mirrored)
		if err != nil {
			t.Errorf("%v (%s), %s: %v", fault, what, name, err)
			out.Refused = true
			continue
		}
		for _, p := range acked {
			if !hasProject(again, p) {
				t.Errorf("%v (%s), %s: %s is gone", fault, what, name, p)
			}
		}
		if err := errors.Join(putProject(again, "late"), again.Close()); err != nil {
			t.Errorf("%v (%s), %s: %v", fault, what, name, err)
		}
	}
	return out
}

// A damaged copy is moved aside and made anew out of the second copy. Without a
// second copy the start is refused.
func TestDamagedCopy(t *testing.T) {
	for _, mirrored := range []bool{true, false} {
		for _, dir := range []string{"/one/db", "/two/db"} {
			keys, mem := t.TempDir(), vfs.NewCrashableMem()
			s, err := openOn(mem, keys, mirrored)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.CreateDomain(Domain{ID: DefaultDomainID, Name: "Default", Enabled: true}); err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				if err := putProject(s, fmt.Sprint("p", i)); err != nil {
					t.Fatal(err)
				}
			}
			killed := mem.CrashClone(vfs.CrashCloneCfg{})
			closeMirrored(t, s)
			if !mirrored && dir == "/two/db" {
				continue
			}
			zeroLogs(t, killed, keys+dir)
			s, err = openOn(killed, keys, mirrored)
			if !mirrored {
				if !errors.Is(err, ErrDamaged) {
					t.Errorf("%s: %v", dir, err)
				}
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range 10 {
				if !hasProject(s, fmt.Sprint("p", i)) {
					t.Errorf("%s: p%d is gone", dir, i)
				}
			}
			if c := s.db.Copies(); !c.InStep {
				t.Errorf("%s: the copies are not in step: %+v", dir, c)
			}
			if _, err := killed.Stat(keys + dir + ".aside.0"); err != nil {
				t.Error(err)
			}
			closeMirrored(t, s)
		}
	}
}

// zeroLogs overwrites a part of each log in a folder.
func zeroLogs(t *testing.T, fs *vfs.MemFS, dir string) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if !strings.HasSuffix(n, ".log") {
			continue
		}
		f, err := fs.OpenReadWrite(fs.PathJoin(dir, n), vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.WriteAt(make([]byte, 10_000), 60_000)
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// The store can be closed while a change waits for a hanging disk.
func TestCloseWhileTheDiskHangs(t *testing.T) {
	stop := faultfs.Watchdog(t, time.Minute, "close")
	defer stop()
	var hang atomic.Bool
	hanging, release := make(chan struct{}, 1), make(chan struct{})
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if hang.Load() && op.Kind == errorfs.OpFileSyncData {
			select {
			case hanging <- struct{}{}:
			default:
			}
			<-release
		}
		return nil
	}))
	s, err := openOn(fs, t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	hang.Store(true)
	done := make(chan error, 1)
	go func() {
		_, err := s.CreateDomain(Domain{ID: "d", Name: "d"})
		done <- err
	}()
	<-hanging
	_ = s.Close() // cannot tell of more than that the disk hangs
	if err := <-done; !errors.Is(err, durable.ErrHung) || KindOf(err) != KindUnavailable {
		t.Errorf("the change: %v", err)
	}
	if _, err := s.CreateDomain(Domain{ID: "e", Name: "e"}); KindOf(err) != KindUnavailable {
		t.Errorf("a change afterwards: %v", err)
	}
	close(release)
}

// A full disk refuses changes with growth. Deletions, revocations and
// disabling go on.
func TestReserve(t *testing.T) {
	w := newWorld(t)
	ann := w.member("ann")
	old, err := w.CreateRole(Role{Name: "old"})
	w.ok(err)
	w.KeepReserve(func(bytes int64) error { return fmt.Errorf("%d bytes: %w", bytes, syscall.ENOSPC) })
	if _, err := w.CreateRole(Role{Name: "new"}); KindOf(err) != KindNoSpace || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a role: %v", err)
	}
	if _, err := w.UpdateRole(old.ID, func(r *Role) { long := strings.Repeat("x", updateMaxBytes); r.Description = &long }); KindOf(err) != KindNoSpace {
		t.Errorf("a long description: %v", err)
	}
	token := w.login("ann", "pw", adminScope)
	w.ok(w.RevokeToken(token.Text))
	w.wantValid(token.Text, false, "revoked on a full disk")
	_, err = w.UpdateUser(t.Context(), ann.ID, func(u *User) { u.Enabled = false }, nil)
	w.ok(err)
	w.ok(w.DeleteUser(ann.ID))
	w.ok(w.DeleteRole(old.ID))
}

// A block of a table that cannot be read in one copy is found at the next start, and
// the copy is made anew.
func TestDamagedTable(t *testing.T) {
	for _, dir := range []string{"/one/db", "/two/db"} {
		keys, mem := t.TempDir(), vfs.NewMem()
		s, err := openOn(mem, keys, true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.CreateDomain(Domain{ID: DefaultDomainID, Name: "Default", Enabled: true}); err != nil {
			t.Fatal(err)
		}
		noise := rand.NewChaCha8([32]byte{1})
		for i := range 40 {
			text := make([]byte, 5000)
			_, _ = noise.Read(text)
			p := Project{ID: fmt.Sprint("p", i), DomainID: DefaultDomainID, Name: fmt.Sprint("p", i), Description: hex.EncodeToString(text)}
			if _, err := s.CreateProject(p); err != nil {
				t.Fatal(err)
			}
		}
		closeMirrored(t, s)
		if n := damageTables(t, mem, keys+dir); n == 0 {
			t.Fatal("no table is long enough")
		}
		for starts := range 3 {
			if s, err = openOn(mem, keys, true); err != nil {
				t.Fatal(err)
			}
			for i := range 40 {
				if !hasProject(s, fmt.Sprint("p", i)) {
					t.Errorf("%s is damaged: p%d is gone", dir, i)
				}
			}
			if c := s.db.Copies(); starts > 0 && !c.InStep {
				t.Errorf("%s was damaged: %+v", dir, c)
			}
			_ = s.Close() // may repeat the damage
		}
	}
}

// damageTables overwrites a block of each long table of a folder, and counts them.
func damageTables(t *testing.T, fs *vfs.MemFS, dir string) (n int) {
	t.Helper()
	names, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := fs.OpenReadWrite(fs.PathJoin(dir, name), vfs.WriteCategoryUnspecified)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err == nil && strings.HasSuffix(name, ".sst") && info.Size() > 100_000 {
			n++
			_, err = f.WriteAt(make([]byte, 64), info.Size()/2)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return n
}
