// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"strings"
)

// AccessRule is a kind of request that an application credential's token is
// good for (keystonemiddleware/auth_token/__init__.py, _path_matches).
type AccessRule struct {
	ID      string
	Service string // the type of a service: "object-store"
	Method  string
	// Path is a pattern: "*" and "{name}" stand for one or more characters
	// except "/", "**" for any number of any characters.
	Path string
}

// Allows says whether the rule covers a request.
func (a AccessRule) Allows(service, method, path string) bool {
	return a.Service == service && a.Method == method && matchPath(a.Path, path)
}

// MayRequest says whether the identity's token may be used for a request at
// all. A token without access rules may; a token with access rules needs a rule
// that allows the request.
func (id *Identity) MayRequest(service, method, path string) bool {
	return id.AccessRules == nil || slices.ContainsFunc(id.AccessRules, func(a AccessRule) bool {
		return a.Allows(service, method, path)
	})
}

// The parts of a pattern. A smaller number is a byte that stands for itself.
const (
	partSegment = 256 + iota
	partAnything
)

// patternParts splits a pattern into parts. A "{" without a "}" is a byte.
func patternParts(pattern string) []int {
	var parts []int
	for i := 0; i < len(pattern); i++ {
		end := -1
		if pattern[i] == '{' {
			end = strings.IndexByte(pattern[i:], '}')
		}
		switch {
		case strings.HasPrefix(pattern[i:], "**"):
			parts = append(parts, partAnything)
			i++
		case pattern[i] == '*':
			parts = append(parts, partSegment)
		case end > 0:
			parts = append(parts, partSegment)
			i += end
		default:
			parts = append(parts, int(pattern[i]))
		}
	}
	return parts
}

// matchPath says whether a path matches a pattern. matchPath runs the pattern
// as an automaton with a set of states: the cost is at most the product of both
// lengths, where backtracking could take exponential time.
func matchPath(pattern, path string) bool {
	parts := patternParts(pattern)
	now, next := make([]bool, len(parts)+1), make([]bool, len(parts)+1)
	enter := func(states []bool, i int) {
		for ; !states[i]; i++ {
			states[i] = true
			if i == len(parts) || parts[i] != partAnything {
				return
			}
		}
	}
	enter(now, 0)
	for i := range len(path) {
		clear(next)
		for s, part := range parts {
			switch {
			case !now[s]:
			case part == partAnything:
				enter(next, s)
			case part == partSegment && path[i] != '/':
				enter(next, s)
				enter(next, s+1)
			case part == int(path[i]):
				enter(next, s+1)
			}
		}
		now, next = next, now
	}
	return now[len(parts)]
}
