// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/memstore"
)

func ns(lower, upper string) namespace {
	return namespace{Name: ".shards_a/" + lower + "-" + upper, Lower: lower, Upper: upper}
}

func TestNamespaceOf(t *testing.T) {
	all := []namespace{ns("", "b"), ns("b", "d"), ns("f", "h\x00"), ns("h\x00", "")}
	for name, want := range map[string]string{
		"a": "-b", "b": "-b", "b\x00": "b-d", "d": "b-d", "g": "f-h\x00", "h\x00": "f-h\x00", "h\x00\x00": "h\x00-", "z": "h\x00-",
		"\xc3\xa9": "h\x00-",
	} {
		n, ok := namespaceOf(name, all)
		require.True(t, ok, name)
		require.Equal(t, ".shards_a/"+want, n.Name, name)
	}
	for _, name := range []string{"", "d\x00", "e", "f"} {
		_, ok := namespaceOf(name, all)
		require.False(t, ok, "%q lies in a gap", name)
	}
	_, ok := namespaceOf("a", nil)
	require.False(t, ok)
	_, ok = namespaceOf("i", all[:3])
	require.False(t, ok, "behind the last bound")
	// While a container is sharding, a parent may lie over its children, behind
	// them: the child is found.
	n, ok := namespaceOf("a", []namespace{ns("", "b"), ns("b", "d"), {Name: "a/parent", Lower: "", Upper: "d"}})
	require.True(t, ok)
	require.Equal(t, ".shards_a/-b", n.Name)
}

// TestNamespacesOf's wants were printed by Swift's filter_namespaces.
func TestNamespacesOf(t *testing.T) {
	all := []namespace{ns("", "b"), ns("b", "d"), ns("d", "f"), ns("f", "")}
	for _, c := range []struct {
		marker, end string
		reverse     bool
		want        string
	}{
		{"", "", false, "-b b-d d-f f-"}, {"", "", true, "f- d-f b-d -b"},
		{"a", "", false, "-b b-d d-f f-"}, {"b", "", false, "b-d d-f f-"}, {"b\x00", "", false, "b-d d-f f-"},
		{"z", "", false, "f-"}, {"", "b", false, "-b"}, {"", "b\x00", false, "-b b-d"}, {"", "a", false, "-b"},
		{"c", "e", false, "b-d d-f"}, {"e", "c", false, ""}, {"c", "c", false, "b-d"},
		{"e", "c", true, "d-f b-d"}, {"d", "", true, "b-d -b"}, {"", "f", true, "f-"},
	} {
		var got []string
		for _, n := range namespacesOf(&objstore.ListOptions{Marker: c.marker, EndMarker: c.end, Reverse: c.reverse}, all) {
			got = append(got, strings.TrimPrefix(n.Name, ".shards_a/"))
		}
		require.Equal(t, c.want, strings.Join(got, " "), "%+v", c)
	}
	require.Equal(t, ns("", "b"), all[0], "the list itself keeps its order")
}

func TestMayHold(t *testing.T) {
	for _, c := range []struct {
		lower, upper, prefix string
		want                 bool
	}{
		{"", "", "p", true}, {"", "o", "p", false}, {"", "p", "p", true}, {"p", "q", "p", true}, {"p", "p1", "p", true},
		{"pz", "q", "p", true}, {"q", "r", "p", false}, {"o", "r", "p", true}, {"p1", "", "p1\x00", true}, {"p2", "", "p1", false},
		{"\U0010ffff1", "", "\U0010ffff", true}, {"", "\xf4", "\U0010ffff", false},
	} {
		require.Equal(t, c.want, mayHold(ns(c.lower, c.upper), c.prefix), "%+v", c)
	}
}

// asked is a request to a shard.
type asked struct{ name, marker, end string }

// TestMergeAsksFor has the requests that Swift's _get_from_shards makes.
func TestMergeAsksFor(t *testing.T) {
	all := []namespace{ns("", "b"), ns("b", "d"), ns("d", "f"), ns("f", "")}
	rows := map[string][]string{"-b": {"a", "b"}, "b-d": {"c", "d"}, "f-": {"g"}}
	for name, c := range map[string]struct {
		o     objstore.ListOptions
		limit int
		rows  map[string][]string
		want  []asked
		count int
	}{
		"all":          {limit: 9, want: []asked{{"-b", "", "b\x00"}, {"b-d", "b", "d\x00"}, {"d-f", "d", "f\x00"}, {"f-", "d", ""}}, count: 5},
		"limit":        {limit: 2, want: []asked{{"-b", "", "b\x00"}}, count: 2},
		"limit across": {limit: 3, want: []asked{{"-b", "", "b\x00"}, {"b-d", "b", "d\x00"}}, count: 3},
		"a marker of the client": {
			o: objstore.ListOptions{Marker: "a"}, limit: 9, count: 5, // the fake lists all the same
			want: []asked{{"-b", "a", "b\x00"}, {"b-d", "b", "d\x00"}, {"d-f", "d", "f\x00"}, {"f-", "d", ""}},
		},
		"an end inside": {
			o: objstore.ListOptions{EndMarker: "c\x00"}, limit: 9, rows: map[string][]string{"-b": {"a"}, "b-d": {"c"}}, count: 2,
			want: []asked{{"-b", "", "b\x00"}, {"b-d", "a", "c\x00"}, {"d-f", "c", "f\x00"}, {"f-", "c", ""}},
		},
		"an end that is reached": {
			o: objstore.ListOptions{EndMarker: "b"}, limit: 9, count: 2, want: []asked{{"-b", "", "b"}},
		},
		"a subdir over shards": {
			o: objstore.ListOptions{Delimiter: "/"}, limit: 9, rows: map[string][]string{"-b": {"subdir b"}}, count: 1,
			want: []asked{{"-b", "", "b\x00"}, {"b-d", "b", "d\x00"}, {"d-f", "b", "f\x00"}, {"f-", "b", ""}},
		},
		"a prefix": {o: objstore.ListOptions{Prefix: "c"}, limit: 9, count: 2, want: []asked{{"b-d", "", "d\x00"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.rows == nil {
				c.rows = rows
			}
			var got []asked
			p := page{limit: c.limit}
			err := mergeShards(c.o, &p, all, func(n namespace, o objstore.ListOptions, part *page) error {
				name := strings.TrimPrefix(n.Name, ".shards_a/")
				require.Equal(t, part.limit, o.Limit)
				got = append(got, asked{name, o.Marker, o.EndMarker})
				for _, row := range c.rows[name][:min(len(c.rows[name]), part.limit)] {
					part.last, part.subdir = strings.CutPrefix(row, "subdir ")
					part.count++
				}
				return nil
			})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			require.Equal(t, c.count, p.count)
		})
	}
	cause := errors.New("no answer")
	calls := 0
	err := mergeShards(objstore.ListOptions{}, &page{limit: 9}, all, func(namespace, objstore.ListOptions, *page) error {
		calls++
		return cause
	})
	require.ErrorIs(t, err, cause)
	require.Equal(t, 1, calls)
}

// TestSubdirSkipsShards: a namespace wholly below the last subdir is not asked.
func TestSubdirSkipsShards(t *testing.T) {
	all := []namespace{ns("", "a/5"), ns("a/5", "a/7"), ns("a/7", "b"), ns("b", "")}
	ask := func(o objstore.ListOptions, all []namespace) (got []string) {
		p := page{limit: 9}
		require.NoError(t, mergeShards(o, &p, all, func(n namespace, _ objstore.ListOptions, part *page) error {
			got = append(got, n.Name)
			if n.Lower != "b" {
				*part = page{count: 1, last: "a/", subdir: true}
			}
			return nil
		}))
		return got
	}
	require.Equal(t, []string{all[0].Name, all[2].Name, all[3].Name}, ask(objstore.ListOptions{Delimiter: "/"}, all))
	back := slices.Clone(all)
	slices.Reverse(back)
	require.Equal(t, []string{all[3].Name, all[2].Name, all[0].Name}, ask(objstore.ListOptions{Delimiter: "/", Reverse: true}, back),
		"the lower bound of the last one is inside the subdir, the one of the first is open")
}

// TestMergeEqualsOneContainer lists random names in random shards, with random
// options, and wants what one container with all names lists.
func TestMergeEqualsOneContainer(t *testing.T) {
	ctx := context.Background()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	letters := []string{"a", "b", "/", "é", "\x01", "z", "\U0010ffff"}
	word := func(most int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteString(letters[random.IntN(len(letters))])
		}
		return b.String()
	}
	for round := range 25 {
		store := memstore.New(memstore.Options{})
		root := objstore.ContainerID{Account: "a", Container: "root"}
		bounds := []string{}
		for range random.IntN(5) {
			if w := word(4); w != "" {
				bounds = append(bounds, w)
			}
		}
		slices.Sort(bounds)
		bounds = slices.Compact(bounds)
		var all []namespace
		for i := range len(bounds) + 1 {
			n := namespace{Name: fmt.Sprintf("a/shard%d", i)}
			if i > 0 {
				n.Lower = bounds[i-1]
			}
			if i < len(bounds) {
				n.Upper = bounds[i]
			}
			all = append(all, n)
			put(t, store, objstore.ContainerID{Account: "a", Container: objstore.ContainerName(n.Name[2:])}, "")
		}
		put(t, store, root, "")
		// A bound is the name of an object: the sharder takes bounds from rows.
		// In reverse a subdir that is named as a bound comes from this object:
		// Swift's servers take an end marker for a subdir that was shown.
		names := slices.Clone(bounds)
		for range random.IntN(40) {
			names = append(names, word(5))
		}
		for _, name := range names {
			if name == "" {
				continue
			}
			n, ok := namespaceOf(name, all)
			require.True(t, ok)
			shard, _ := n.Container()
			put(t, store, root, name)
			put(t, store, shard, name)
		}
		for range 40 {
			o := objstore.ListOptions{Limit: 1 + random.IntN(12), Prefix: word(2), Marker: word(3), EndMarker: word(3), Reverse: random.IntN(2) == 0}
			if random.IntN(2) == 0 {
				o.Delimiter = []string{"/", "é", "ab"}[random.IntN(3)]
			}
			for _, s := range []*string{&o.Prefix, &o.Marker, &o.EndMarker} {
				if random.IntN(2) == 0 {
					*s = ""
				}
			}
			// Swift shows a subdir that an end marker names, if another shard than
			// the marker's has a name below the subdir.
			if o.Reverse && o.Delimiter != "" && strings.HasSuffix(o.EndMarker, o.Delimiter) {
				o.EndMarker += "\x01"
			}
			want := listed(t, store, root, o)
			var got []string
			p := page{limit: o.Limit}
			err := mergeShards(o, &p, namespacesOf(&o, all), func(n namespace, o objstore.ListOptions, part *page) error {
				shard, _ := n.Container()
				return store.ListObjects(ctx, shard, o, func(e *objstore.ObjectEntry) error {
					got = append(got, e.Name)
					part.count, part.last, part.subdir = part.count+1, e.Name, e.Subdir
					return nil
				})
			})
			require.NoError(t, err)
			require.Equal(t, want, got, "round %d: %+v over %q", round, o, bounds)
			require.Equal(t, len(want), p.count)
		}
	}
}

// put stores an empty object, or makes the container alone.
func put(t *testing.T, s objstore.Store, c objstore.ContainerID, name string) {
	t.Helper()
	ctx := context.Background()
	_, err := s.PutContainer(ctx, c, objstore.PutContainerOptions{})
	require.NoError(t, err)
	if name != "" {
		_, err = s.PutObject(ctx, c.Object(objstore.ObjectName(name)), strings.NewReader(""), objstore.PutOptions{})
		require.NoError(t, err)
	}
}

func listed(t *testing.T, s objstore.Store, c objstore.ContainerID, o objstore.ListOptions) (names []string) {
	t.Helper()
	require.NoError(t, s.ListObjects(context.Background(), c, o, func(e *objstore.ObjectEntry) error {
		names = append(names, e.Name)
		return nil
	}))
	return names
}
