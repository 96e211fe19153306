package pipeline

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStagesKeepTheirOrder(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range stages {
		require.False(t, seen[s.name], "%s is in the table twice", s.name)
		for _, o := range s.after {
			require.True(t, seen[o.stage], "%s must come after %s: %s", s.name, o.stage, o.why)
			require.NotEmpty(t, o.why, "%s after %s", s.name, o.stage)
		}
		seen[s.name] = true
	}
}

func TestEveryMiddlewareIsInTheTable(t *testing.T) {
	entries, err := os.ReadDir("../middleware")
	require.NoError(t, err)
	var folders, names []string
	for _, e := range entries {
		folders = append(folders, e.Name())
	}
	for _, s := range stages {
		names = append(names, s.name)
	}
	slices.Sort(names)
	require.Equal(t, folders, names)
}
