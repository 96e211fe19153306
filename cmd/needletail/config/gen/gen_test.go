// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/stretchr/testify/require"

	"needletail/cmd/needletail/config"
)

const root = "../../../.."

// TestPagesAreFresh: go generate ./cmd/needletail/config/... was run after the
// last change of an option or of a comment.
func TestPagesAreFresh(t *testing.T) {
	sections, err := reference(root, config.Default())
	require.NoError(t, err)
	for _, p := range pages {
		have, err := os.ReadFile(filepath.Join(root, "docs", p.name))
		require.NoError(t, err)
		require.Equal(t, p.render(sections), string(have), "docs/%s is stale: go generate ./cmd/needletail/config/...", p.name)
	}
}

// samplePage returns docs/needletail.toml after a change of its lines, as a file.
func samplePage(t *testing.T, line, with string) (path string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", "needletail.toml"))
	require.NoError(t, err)
	page = regexp.MustCompile(line).ReplaceAll(page, []byte(with))
	path = filepath.Join(t.TempDir(), "needletail.toml")
	require.NoError(t, os.WriteFile(path, page, 0o600))
	return path
}

// TestSampleIsTheDefaults loads the sample as it is, and with every key.
func TestSampleIsTheDefaults(t *testing.T) {
	want, err := reference(root, config.Default())
	require.NoError(t, err)
	for _, line := range []string{`$^`, `(?m)^#(\S)`} {
		path := samplePage(t, line, "$1")
		c, err := config.Load(path)
		require.NoError(t, err)
		require.NoError(t, c.Validate())
		got, err := reference(root, c)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	var tree map[string]any
	meta, err := toml.DecodeFile(samplePage(t, `(?m)^#(\S)`, "$1"), &tree)
	require.NoError(t, err)
	for _, s := range want {
		for _, k := range s.keys {
			place := strings.Split(strings.TrimPrefix(s.name+"."+k.name, "."), ".")
			require.Equal(t, !s.list, meta.IsDefined(place...), place)
		}
	}
}

// TestExamplesOfSectionsAreRead: a [[section]] of the sample has no key that the
// server does not know.
func TestExamplesOfSectionsAreRead(t *testing.T) {
	c, err := config.Load(samplePage(t, `(?m)^#   (\S)`, "$1"))
	require.NoError(t, err)
	require.Len(t, c.Policies, 1)
	require.Len(t, c.Devices, 1)
	require.Equal(t, 100.0, *c.Devices[0].Weight)
	require.Len(t, c.ContainerSync.Realms, 1)
}

func TestDescription(t *testing.T) {
	for comment, want := range map[string]string{
		"Name is how many.": "How many.", "Name are the users.": "The users.", "Name turns on.": "Turns on.",
	} {
		got, err := description(comment, "Name")
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, comment := range []string{"", "Names are users.", "The name."} {
		_, err := description(comment, "Name")
		require.Error(t, err, comment)
	}
}

func TestValueOf(t *testing.T) {
	for _, c := range []struct {
		value      any
		kind, text string
	}{
		{config.Duration(0), "duration", `"0s"`}, {true, "boolean", "true"}, {-1, "integer", "-1"}, {uint16(7), "integer", "7"},
		{50.0, "number", "50.0"}, {2.5, "number", "2.5"}, {"a\"b", "string", `"a\"b"`}, {[]string(nil), "list of strings", "[]"},
		{[]int{1, 2}, "list of integers", "[1, 2]"}, {map[string]string(nil), "table of strings", "{}"},
		{map[string][]string{"b": {"x"}, "a": nil}, "table of lists of strings", `{"a" = [], "b" = ["x"]}`},
	} {
		kind, text, err := valueOf(reflect.ValueOf(c.value))
		require.NoError(t, err)
		require.Equal(t, c.text, text)
		require.Equal(t, c.kind, kind)
	}
	_, _, err := valueOf(reflect.ValueOf(make(chan int)))
	require.Error(t, err)
}
