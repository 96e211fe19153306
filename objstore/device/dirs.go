// SPDX-License-Identifier: Apache-2.0

package device

import (
	"encoding/hex"
	"errors"
	"io/fs"
)

// pathDepthMax bounds the number of missing parents that Open creates.
const pathDepthMax = 64

// makeFolders creates the device's folder and the folders inside, and syncs
// every parent with a new entry.
func (d *Device) makeFolders() error {
	missing, err := d.missingParents()
	if err != nil {
		return err
	}
	for _, name := range []string{dataDir, tmpDir, quarantineDir} {
		if err := d.fs.MkdirAll(d.fs.PathJoin(d.dir, name), 0o750); err != nil {
			return opError("create folder", err)
		}
	}
	for _, path := range append(missing, d.dir) {
		if err := d.syncDir(path); err != nil {
			return err
		}
	}
	return nil
}

// missingParents returns the directories that get a new entry when the device's
// folder is created. The folder's own parent is always among them, because an
// earlier process may have been killed before its sync.
func (d *Device) missingParents() ([]string, error) {
	var parents []string
	for path := d.dir; len(parents) < pathDepthMax; {
		parent := d.fs.PathDir(path)
		if parent == path {
			return parents, nil
		}
		parents = append(parents, parent)
		_, err := d.fs.Stat(parent)
		if err == nil {
			return parents, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, opError("look up folder", err)
		}
		path = parent
	}
	return nil, errors.New("device: folder is nested too deeply")
}

// emptyTmp removes half-written files of an earlier process.
func (d *Device) emptyTmp() error {
	dir := d.fs.PathJoin(d.dir, tmpDir)
	names, err := d.fs.List(dir)
	if err != nil {
		return opError("list tmp", err)
	}
	for _, name := range names {
		if err := d.fs.RemoveAll(d.fs.PathJoin(dir, name)); err != nil {
			return opError("empty tmp", err)
		}
	}
	return nil
}

// syncFanOut makes the directories below data/ durable: an earlier process may
// have been killed between the creation of a directory and the sync of its
// parent.
func (d *Device) syncFanOut() error {
	firsts, err := d.fanOutNames(d.fs.PathJoin(d.dir, dataDir))
	if err != nil {
		return err
	}
	if err := d.syncDir(d.fs.PathJoin(d.dir, dataDir)); err != nil {
		return err
	}
	for _, first := range firsts {
		seconds, err := d.fanOutNames(d.levelPath(first))
		if err != nil {
			return err
		}
		if err := d.syncDir(d.levelPath(first)); err != nil {
			return err
		}
		d.levels[first].durable = true
		for _, second := range seconds {
			d.levels[first].leaves[second] = true
		}
	}
	return nil
}

// fanOutNames returns the directories of a level of the fan-out, in order.
// Foreign names are left alone.
func (d *Device) fanOutNames(dir string) ([]byte, error) {
	names, err := d.fs.List(dir)
	if err != nil {
		return nil, opError("list directory", err)
	}
	var present [fanOut]bool
	for _, name := range names {
		if b, err := hex.DecodeString(name); err == nil && len(b) == 1 && levelName(b[0]) == name {
			present[b[0]] = true
		}
	}
	var out []byte
	for i, is := range present {
		if is {
			out = append(out, byte(i))
		}
	}
	return out, nil
}

// makeLeaf makes the directory of id, durably.
func (d *Device) makeLeaf(id ID) error {
	l := &d.levels[id[0]]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.leaves[id[1]] {
		return nil
	}
	if err := d.fs.MkdirAll(d.leafPath(id), 0o750); err != nil {
		return opError("create directory", err)
	}
	if !l.durable {
		if err := d.syncDir(d.fs.PathJoin(d.dir, dataDir)); err != nil {
			return err
		}
		l.durable = true
	}
	if err := d.syncDir(d.levelPath(id[0])); err != nil {
		return err
	}
	l.leaves[id[1]] = true
	return nil
}
