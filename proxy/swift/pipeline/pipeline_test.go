// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFeaturesKeepTheirOrder holds the order to the reasons that features give.
func TestFeaturesKeepTheirOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range features {
		require.False(t, seen[f.Name], "%s is in the list twice", f.Name)
		for before, why := range f.After {
			require.True(t, seen[before], "%s must come after %s: %s", f.Name, before, why)
			require.NotEmpty(t, why, "%s after %s", f.Name, before)
		}
		seen[f.Name] = true
	}
}

func TestEveryMiddlewareIsAFeature(t *testing.T) {
	entries, err := os.ReadDir("../middleware")
	require.NoError(t, err)
	var folders, names []string
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	for _, f := range features {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	require.Equal(t, folders, names)
}

// TestDefaultsAreValid also checks that the defaults of two calls share nothing:
// a configuration is read over them.
func TestDefaultsAreValid(t *testing.T) {
	set := DefaultOptions()
	require.Len(t, set, len(features))
	for _, f := range features {
		o := f.Defaults()
		require.NoError(t, o.Validate(), f.Name)
		if f.Section != "" {
			require.Equal(t, set[f.Name], o, f.Name)
			require.NotSame(t, set[f.Name], o, f.Name)
		}
	}
}
