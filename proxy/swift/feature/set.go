// SPDX-License-Identifier: Apache-2.0

package feature

// Set has the options of features, by the feature's name.
type Set map[string]Options

// Put replaces the options of f.
func (s Set) Put(f *Feature, o Options) { s[f.Name] = o }

// Of returns the options of type *T in s. Of panics if s has no options of the
// type: the caller is wrong.
func Of[T any](s Set) *T {
	for _, o := range s {
		if options, ok := any(o).(*T); ok {
			return options
		}
	}
	panic("feature: the set has no such options")
}
