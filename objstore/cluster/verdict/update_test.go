// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/ring"
)

func TestUpdates(t *testing.T) {
	for name, c := range map[string]struct {
		containers, objects, quorum int
		want                        int
		dealt, reversed             [][]int
	}{
		"3 containers, 3 replicas": {3, 3, 2, 3,
			[][]int{{0}, {1}, {2}}, [][]int{{2}, {1}, {0}}},
		"3 containers, EC 4+2": {3, 6, ErasureQuorum(4, 1), 3,
			[][]int{{0}, {1}, {2}, nil, nil, nil}, [][]int{nil, nil, nil, {2}, {1}, {0}}},
		"3 containers, 2 replicas": {3, 2, Quorum(2), 3,
			[][]int{{0, 2}, {1}}, [][]int{{1}, {0, 2}}},
		"5 containers, 3 replicas": {5, 3, 2, 5,
			[][]int{{0, 3}, {1, 4}, {2}}, [][]int{{2}, {1, 4}, {0, 3}}},
		"3 containers, EC 10+4": {3, 14, ErasureQuorum(10, 1), 5,
			[][]int{{0}, {1}, {2}, {0}, {1}, nil, nil, nil, nil, nil, nil, nil, nil, nil},
			[][]int{nil, nil, nil, nil, nil, nil, nil, nil, nil, {1}, {0}, {2}, {1}, {0}}},
		"1 container, 3 replicas": {1, 3, 2, 2,
			[][]int{{0}, {0}, nil}, [][]int{nil, {0}, {0}}},
		"no container servers": {0, 3, 2, 1, [][]int{nil, nil, nil}, [][]int{nil, nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			n := Updates(c.containers, c.objects, c.quorum)
			require.Equal(t, c.want, n)
			require.Equal(t, c.dealt, Deal(c.objects, n, c.containers, false))
			require.Equal(t, c.reversed, Deal(c.objects, n, c.containers, true))
		})
	}
	require.Empty(t, Deal(0, 3, 3, false), "no requests")
}

func TestServerLists(t *testing.T) {
	servers := []Server{{"10.0.0.1:6201", "sda"}, {"10.0.0.2:6201", "sdb"}, {"10.0.0.3:6201", "sdc"}}
	for name, c := range map[string]struct {
		numbers        []int
		hosts, devices string
	}{
		"none": {nil, "", ""},
		"one":  {[]int{1}, "10.0.0.2:6201", "sdb"},
		"two":  {[]int{0, 2}, "10.0.0.1:6201,10.0.0.3:6201", "sda,sdc"},
	} {
		hosts, devices := ServerLists(servers, c.numbers)
		require.Equal(t, c.hosts, hosts, name)
		require.Equal(t, c.devices, devices, name)
	}
}

func TestCleansQueue(t *testing.T) {
	for request, want := range []bool{true, true, false, false} {
		require.Equal(t, want, CleansQueue(request), "request %d", request)
	}
}

func TestDeleteAtContainer(t *testing.T) {
	hash := ring.Hash{Prefix: "changeme", Suffix: "too-much"}
	o := objstore.ObjectID{Account: "AUTH_test", Container: "c1", Object: "o1"}
	for name, c := range map[string]struct {
		deleteAt int64
		want     string
	}{
		"a day":        {1796067408, "1795996743"},
		"its start":    {1795996800, "1795996743"},
		"its end":      {1796083199, "1795996743"},
		"the next day": {1796083200, "1796083143"},
		"zero":         {0, "0000000000"},
		"negative":     {-5, "0000000000"},
		"the first":    {86400, "0000086343"},
		"too far":      {math.MaxInt64, "9999999999"},
	} {
		require.Equal(t, c.want, DeleteAtContainer(hash, o, c.deleteAt), name)
	}
	o.Object = "o2"
	require.NotEqual(t, "1795996743", DeleteAtContainer(hash, o, 1796067408))
}
