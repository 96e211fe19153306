// SPDX-License-Identifier: Apache-2.0

package swiftconf

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"needletail/objstore"
	"needletail/ring"
)

// Config is the content of swift.conf.
type Config struct {
	Hash        ring.Hash
	Constraints Constraints
	// Policies are ordered by index.
	Policies []Policy
}

// Policy returns the policy of an index.
func (c *Config) Policy(index objstore.PolicyIndex) (Policy, bool) {
	for _, p := range c.Policies {
		if p.Index == index {
			return p, true
		}
	}
	return Policy{}, false
}

// StorePolicies are the policies in the terms of a Store.
func (c *Config) StorePolicies() objstore.Policies {
	var list objstore.Policies
	for _, p := range c.Policies {
		p.Aliases = slices.Clone(p.Aliases)
		if p.Erasure() {
			p.Policy.ECType, p.Policy.SegmentBytes, p.Policy.DuplicationFactor = p.ECType, p.SegmentBytes, p.DuplicationFactor
		}
		list = append(list, p.Policy)
	}
	return list
}

// Parse reads the bytes of swift.conf. The error joins all contradictions that
// were found.
func Parse(text []byte) (*Config, error) {
	f, err := parseINI(string(text))
	if err != nil {
		return nil, err
	}
	c := new(Config)
	var errs [3]error
	c.Hash, errs[0] = readHash(f)
	c.Constraints, errs[1] = readConstraints(f)
	c.Policies, errs[2] = readPolicies(f)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	return c, nil
}

// readHash takes the secrets of the paths' hashes.
func readHash(f *ini) (ring.Hash, error) {
	var h ring.Hash
	for _, o := range [...]struct {
		name string
		to   *string
	}{{"swift_hash_path_prefix", &h.Prefix}, {"swift_hash_path_suffix", &h.Suffix}} {
		value, _, err := f.get("swift-hash", o.name)
		if err != nil {
			return ring.Hash{}, err
		}
		*o.to = value
	}
	if h == (ring.Hash{}) {
		return h, fail(ErrHash, "section [swift-hash] sets neither swift_hash_path_prefix nor swift_hash_path_suffix")
	}
	return h, nil
}

// Load reads the swift.conf of a swift_dir.
func Load(dir string) (*Config, error) {
	path := filepath.Join(dir, "swift.conf")
	text, err := readConf(path)
	if err != nil {
		return nil, err
	}
	c, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// readConf reads a file of at most maxConfBytes; of a longer file, one byte more.
func readConf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxConfBytes+1))
}

// ringName is the name of a ring file: policy 0 has no number.
func ringName(base string, index objstore.PolicyIndex) string {
	if index == 0 {
		return base + ".ring.gz"
	}
	return fmt.Sprintf("%s-%d.ring.gz", base, index)
}
