// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/device"
)

// flipsDefault is the number of flips of a normal run; `make flips` makes 2,000.
const (
	flipsDefault = 45
	flipsEnv     = "NEEDLETAIL_FLIPS"
	flipsSeedEnv = "NEEDLETAIL_FLIPS_SEED"
)

// How a flipped bit was told; the first that fits.
const (
	flipRefused  = "refused at start"
	flipWarned   = "told by a warning"
	flipRead     = "told by a read"
	flipChecked  = "told by check"
	flipHarmless = "harmless"
)

var flipOutcomes = []string{flipRefused, flipWarned, flipRead, flipChecked, flipHarmless}

// flipClasses name the files of a store, the first pattern that fits.
var flipClasses = []struct{ name, pattern string }{
	{"data file", "data/??/??/*"},
	{"index table", "index/*.sst"},
	{"index manifest", "index/MANIFEST-*"},
	{"index log", "index/*.log"},
	{"index options", "index/OPTIONS-*"},
	{"identity table", "identity/db/*.sst"},
	{"identity manifest", "identity/db/MANIFEST-*"},
	{"identity log", "identity/db/*.log"},
	{"identity options", "identity/db/OPTIONS-*"},
	{"key", "identity/*-keys/[0-9]*"},
	{"inventory of keys", "identity/*-keys/inventory.json"},
	{"needletail.json", "needletail.json"},
	{"device.json", "device.json"},
	{"ring", "ring/*.ring.gz"},
}

func flipClass(path string) (name string, ok bool) {
	for _, c := range flipClasses {
		levels := strings.Split(path, "/")
		n := strings.Count(c.pattern, "/") + 1
		if n > len(levels) {
			continue
		}
		if fits, err := filepath.Match(c.pattern, strings.Join(levels[len(levels)-n:], "/")); err == nil && fits {
			return c.name, true
		}
	}
	return "", false
}

// TestFlips flips single bits of the files of stores that are not running, and
// looks at what the next start, check and readers say. No wrong byte is served,
// no flip that changes anything goes untold, and no data file is deleted.
func TestFlips(t *testing.T) {
	flips, seed := flipsDefault, uint64(time.Now().UnixNano())
	for env, to := range map[string]func(int){flipsEnv: func(n int) { flips = n }, flipsSeedEnv: func(n int) { seed = uint64(n) }} {
		if s := os.Getenv(env); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			to(n)
		}
	}
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 7))
	stores := []*flipStore{newFlipStore(t, "stopped", false, false), newFlipStore(t, "killed", false, true), newFlipStore(t, "on devices", true, false)}
	told, reasons := map[string]map[string]int{}, map[string]int{}
	for n := range flips {
		s := stores[n%len(stores)]
		f := s.draw(t, rng)
		outcome := s.try(t, f)
		class := s.name + ": " + f.class
		if told[class] == nil {
			told[class] = map[string]int{}
		}
		told[class][outcome]++
		if outcome == flipHarmless {
			why := s.whyHarmless(f)
			if why == "" {
				t.Errorf("%v: nobody says anything", f)
			}
			reasons[class+": "+why]++
		}
	}
	t.Log(flipTable(told, reasons))
}

// flipTable is what a run found, for people.
func flipTable(told map[string]map[string]int, reasons map[string]int) string {
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-40s", "flips by what they hit")
	for _, o := range flipOutcomes {
		fmt.Fprintf(&table, "%20s", o)
	}
	for _, class := range slices.Sorted(maps.Keys(told)) {
		fmt.Fprintf(&table, "\n%-40s", class)
		for _, o := range flipOutcomes {
			fmt.Fprintf(&table, "%20d", told[class][o])
		}
	}
	for _, why := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(&table, "\nharmless %d × %s", reasons[why], why)
	}
	return table.String()
}

// flippedBit is one bit of one file, whose path is below the folder of its store.
type flippedBit struct {
	store, class, path string
	at, size           int64
	bit                int
	file               []byte // as it was
}

func (f flippedBit) String() string {
	return fmt.Sprintf("%s: %s, bit %d of byte %d of %d", f.store, f.path, f.bit, f.at, f.size)
}

// Why a flip of which nobody says anything changes nothing. That it changed
// nothing that can be read was seen before: objects, identities and the check.
const (
	notUsed   = "a log whose commits are in tables, or a manifest that was replaced: the next start removes it"
	afterLast = "bytes of a log after its last record: zeros that were set aside, or the mark of a log that was closed"
	forPeople = "options for people: Pebble compares the comparer and the merger alone"
	sameText  = "JSON that means the same: a blank, the case of the name of a field, or a field that is zero"
	gzipFacts = "time and system in the header of gzip"
	anewEach  = "the second copy of identities and keys, which each start writes anew"
)

// whyHarmless says why a flip means nothing, or "" if it should have been told.
func (s *flipStore) whyHarmless(f flippedBit) string {
	dir := filepath.Join(s.template, filepath.Dir(f.path))
	switch f.class {
	case "index log", "identity log":
		if logs, _ := filepath.Glob(dir + "/*.log"); filepath.Base(slices.Max(logs)) != filepath.Base(f.path) {
			return notUsed
		}
		if allAfter(f.file, f.at) {
			return afterLast
		}
	case "index manifest", "identity manifest":
		if markers, _ := filepath.Glob(dir + "/marker.manifest.*." + filepath.Base(f.path)); len(markers) == 0 {
			return notUsed
		}
	case "index options", "identity options":
		return forPeople
	case "needletail.json", "device.json", "inventory of keys":
		if c := f.file[f.at]; c == '\n' || c >= 'a' && c <= 'z' && f.bit == 5 {
			return sameText
		}
		was, err := device.ReadIdentity(vfs.Default, dir)
		is, errNow := device.ReadIdentity(vfs.Default, filepath.Join(s.work, filepath.Dir(f.path)))
		if f.class == "device.json" && errors.Join(err, errNow) == nil && is == was {
			return sameText
		}
	case "ring":
		if f.at >= 4 && f.at < 10 {
			return gzipFacts
		}
	}
	if strings.Contains(f.path, "index-mirror/identity/") && f.class != "identity log" && f.class != "identity manifest" {
		return anewEach
	}
	return ""
}

// allAfter says that a log holds no record from the offset at on: zeros, and the
// mark of a log that was closed, which is 11 bytes.
func allAfter(log []byte, at int64) bool {
	used := int64(len(log))
	for used > 0 && log[used-1] == 0 {
		used--
	}
	return at >= used-11
}

// draw chooses a class, a file of it, and a bit of that.
func (s *flipStore) draw(t *testing.T, rng *rand.Rand) flippedBit {
	t.Helper()
	classes := slices.Sorted(maps.Keys(s.files))
	f := flippedBit{store: s.name, class: classes[rng.IntN(len(classes))]}
	paths := s.files[f.class]
	f.path = paths[rng.IntN(len(paths))]
	var err error
	if f.file, err = os.ReadFile(filepath.Join(s.template, f.path)); err != nil {
		t.Fatal(err)
	}
	f.size = int64(len(f.file))
	f.at, f.bit = rng.Int64N(f.size), rng.IntN(8)
	if rng.IntN(3) == 0 { // what is at the end matters as much
		f.at = max(f.size-1-rng.Int64N(4096), 0)
	}
	return f
}

// listFiles finds the files of a folder that have bytes, by class.
func listFiles(t *testing.T, root string) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		rel, errRel := filepath.Rel(root, path)
		if class, ok := flipClass(rel); ok && info.Size() > 0 {
			files[class] = append(files[class], rel)
		}
		return cmp.Or(err, errRel)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
