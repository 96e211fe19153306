// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

//go:embed testdata/cross_files.py
var crossFilesScript string

// crossFile is a file on a device of the cluster.
type crossFile struct {
	Path     string
	Size     int64
	MD5      string
	Metadata map[string]string // nil for a file in quarantine and for a waiting update
}

// isData tells a file with bytes of an object from tombstones and metadata.
func (f crossFile) isData() bool { return strings.HasSuffix(f.Path, ".data") }

// files returns the files of all devices by path.
func (r *crossRun) files(ctx context.Context) (map[string]crossFile, error) {
	cmd := r.c.Command(ctx, "python3", "-")
	cmd.Stdin = strings.NewReader(crossFilesScript)
	var said, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &failed
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("list of files: %w: %s", err, failed.Bytes())
	}
	all := map[string]crossFile{}
	for dec := json.NewDecoder(&said); dec.More(); {
		var f crossFile
		if err := dec.Decode(&f); err != nil {
			return nil, fmt.Errorf("list of files: %w", err)
		}
		all[f.Path] = f
	}
	return all, nil
}

// fileDifferences are the files that are new, missing or otherwise than before.
func fileDifferences(before, after map[string]crossFile) []string {
	var all []string
	for _, path := range slices.Sorted(maps.Keys(before)) {
		b, a, ok := before[path], after[path], false
		if _, ok = after[path]; !ok {
			all = append(all, fmt.Sprintf("%s of %s has gone", path, b.Metadata["name"]))
		} else if !reflect.DeepEqual(a, b) {
			all = append(all, fmt.Sprintf("%s changed: %+v to %+v", path, b, a))
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[path]; !ok {
			all = append(all, fmt.Sprintf("%s of %s is new", path, after[path].Metadata["name"]))
		}
	}
	return all
}

// forgiveRebuild gives user metadata their values before a rebuild, if the values
// differ in the way of Swift 2.30's reconstructor, which writes each byte of UTF-8 as
// a character of its own: once more for a fragment whose source was rebuilt too.
func forgiveRebuild(before, after map[string]crossFile) {
	for path, b := range before {
		for name, value := range b.Metadata {
			rebuilt := after[path].Metadata[name]
			if !strings.HasPrefix(name, "X-Object-Meta-") || rebuilt == value {
				continue
			}
			for widened, n := value, 0; n < 2*crossRebuildPasses; n++ {
				if widened = widen(widened); widened == rebuilt {
					after[path].Metadata[name] = value
					break
				}
			}
		}
	}
}

// widen makes a character of each byte.
func widen(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteRune(rune(c))
	}
	return b.String()
}

// crossReplicas is the number of files with data that an object has, by policy.
var crossReplicas = map[string]int{"gold": 3, "silver": 2, "ec42": 6}

// crossFolders are the names of the folders of objects by policy.
var crossFolders = map[string]string{"objects": "gold", "objects-1": "silver", "objects-2": "ec42"}

// policyOf is the policy of a file.
func policyOf(path string) string { return crossFolders[strings.Split(path, "/")[5]] }

// hashOf is the name of the folder of a file: the hash of the object's name.
func hashOf(path string) string { return filepath.Base(filepath.Dir(path)) }

// checkEncrypted wants no body and no user metadata in clear, or else none
// encrypted.
func (r *crossRun) checkEncrypted(files map[string]crossFile) {
	sealed := 0
	for path, f := range files {
		_, hasKey := f.Metadata["X-Object-Sysmeta-Crypto-Body-Meta"]
		if hasKey {
			sealed++
		}
		if f.isData() && hasKey != (r.encrypted && f.Size > 0) {
			r.fault("encryption of bodies", "%s: %+v", path, f)
		}
		for name, value := range f.Metadata {
			if r.encrypted && strings.HasPrefix(name, "X-Object-Meta-") && value != "" {
				r.fault("user metadata in clear", "%s: %+v", path, f)
			}
		}
	}
	r.figure("files", "with an encrypted body", strconv.Itoa(sealed))
}

// checkComplete wants all copies or fragments of each object on the devices, equal
// copies of data and metadata, fragments that are durable, and no update that waits.
func (r *crossRun) checkComplete(files map[string]crossFile) {
	groups := map[string][]crossFile{} // by policy, hash and name of the file
	for path, f := range files {
		if f.Metadata == nil {
			r.fault("files: waiting or in quarantine", "%s", path)
			continue
		}
		base := filepath.Base(path)
		if at := strings.IndexByte(base, '#'); at >= 0 {
			if !strings.HasSuffix(base, "#d.data") {
				r.fault("files: a fragment is not durable", "%s of %s", path, f.Metadata["name"])
			}
			base = base[:at]
		}
		key := policyOf(path) + " " + hashOf(path) + " " + base
		groups[key] = append(groups[key], f)
	}
	for key, group := range groups {
		policy, _, _ := strings.Cut(key, " ")
		name := group[0].Metadata["name"]
		if len(group) != crossReplicas[policy] {
			r.fault("files: not as many as the policy has", "%d of %s: %s", len(group), key, name)
		}
		seen := map[string]bool{}
		for _, f := range group {
			index := f.Metadata["X-Object-Sysmeta-Ec-Frag-Index"]
			if policy == "ec42" && f.isData() {
				if seen[index] {
					r.fault("files: a fragment twice", "%s of %s: %s", index, key, name)
				}
				seen[index] = true
			} else if f.MD5 != group[0].MD5 || !maps.Equal(f.Metadata, group[0].Metadata) {
				r.fault("files: copies differ", "%+v and %+v", f, group[0])
			}
		}
	}
}

// loseFragments removes m fragments of each object of the policy ec42, and Swift's
// notes of the partitions: the next pass of the reconstructor looks at the folders.
func (r *crossRun) loseFragments(files map[string]crossFile, dice *rand.Rand, m int) (int, error) {
	fragments := map[string][]string{}
	for path, f := range files {
		if policyOf(path) == "ec42" && f.isData() {
			fragments[hashOf(path)] = append(fragments[hashOf(path)], path)
		}
	}
	lost := 0
	for _, hash := range slices.Sorted(maps.Keys(fragments)) {
		paths := fragments[hash]
		slices.Sort(paths)
		dice.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
		for _, path := range paths[:min(m, len(paths))] {
			if err := r.loseFile(path); err != nil {
				return lost, err
			}
			lost++
		}
	}
	return lost, nil
}

func (r *crossRun) loseFile(path string) error {
	if err := os.Remove(r.c.Path(path)); err != nil {
		return err
	}
	hash := filepath.Dir(path)
	suffix := filepath.Dir(hash)
	for _, dir := range []string{hash, suffix} {
		left, err := os.ReadDir(r.c.Path(dir))
		if err != nil || len(left) > 0 {
			break
		}
		if err := os.Remove(r.c.Path(dir)); err != nil {
			return err
		}
	}
	partition := filepath.Dir(suffix)
	for _, note := range []string{"hashes.pkl", "hashes.invalid"} {
		if err := os.Remove(r.c.Path(filepath.Join(partition, note))); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
