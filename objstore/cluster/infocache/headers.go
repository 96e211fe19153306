// SPDX-License-Identifier: Apache-2.0

package infocache

import (
	"iter"
	"strings"
	"time"

	"needletail/objstore"
)

// lasting says whether an answer may be cached: a success, or a clear no
// (swift/proxy/controllers/base.py: set_info_cache).
func lasting(status int) bool { return success(status) || status == 404 || status == 410 }

// lifeOf is the life of a status, a tenth for what is not there, or 0.
func lifeOf(status int, life time.Duration) time.Duration {
	switch {
	case !lasting(status):
		return 0
	case success(status):
		return life
	}
	return life / 10
}

// configTrue reads a boolean as Swift does (swift/common/utils:
// config_true_value).
func configTrue(s string) bool {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}

// sortHeaders divides headers into user metadata, system metadata and the rest,
// by lower names; prefix is "x-account-" or "x-container-". Metadata lose their
// prefix (swift/proxy/controllers/base.py: _prep_headers_to_info).
func sortHeaders(headers iter.Seq2[string, string], prefix string) (other, meta, sysmeta map[string]string) {
	other, meta, sysmeta = map[string]string{}, map[string]string{}, map[string]string{}
	for name, v := range headers {
		lower := strings.ToLower(name)
		if rest, ok := strings.CutPrefix(lower, prefix+"meta-"); ok && rest != "" {
			meta[rest] = v
		} else if rest, ok := strings.CutPrefix(lower, prefix+"sysmeta-"); ok && rest != "" {
			sysmeta[rest] = v
		} else {
			other[lower] = v
		}
	}
	return other, meta, sysmeta
}

// fields goes over the fields of metadata.
func fields(m objstore.Metadata) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range m {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}
}

// setTitled adds metadata under their header's names. An empty value is a field
// that is not there.
func setTitled(m *objstore.Metadata, prefix string, from map[string]string) {
	for name, v := range from {
		if v != "" {
			m.Set(prefix+titled(name), v)
		}
	}
}

// titled is the Title-Case form of a lower name: a letter after a character that
// is no letter is upper case.
func titled(lower string) string {
	b := []byte(lower)
	inWord := false
	for i, c := range b {
		letter := 'a' <= c && c <= 'z'
		if letter && !inWord {
			b[i] = c - 'a' + 'A'
		}
		inWord = letter
	}
	return string(b)
}
