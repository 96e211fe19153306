// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package swiftcluster

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stateScript prints the sharding state of the replicas of /AUTH_test/c.
const stateScript = `
from swift.common.direct_client import direct_head_container
from swift.common.ring import Ring
ring = Ring("/etc/swift", ring_name="container")
part, nodes = ring.get_nodes("AUTH_test", "c")
print(" ".join(direct_head_container(n, part, "AUTH_test", "c")["X-Backend-Sharding-State"] for n in nodes))
`

// twoProxies are Swift's proxy and needletail's, with the same token.
type twoProxies struct {
	*client
	cluster *Cluster
}

func (p *twoProxies) states() []string {
	p.t.Helper()
	out, err := p.cluster.Command(p.t.Context(), "python3", "-W", "ignore", "-c", stateScript).Output()
	require.NoError(p.t, err)
	return strings.Fields(string(out))
}

// shard runs the sharder until all replicas are in a state.
func (p *twoProxies) shard(want string) {
	p.t.Helper()
	for range 12 {
		states := p.states()
		p.t.Logf("states: %s", states)
		if len(states) == 3 && states[0] == want && states[1] == want && states[2] == want {
			return
		}
		require.NoError(p.t, p.cluster.Once(p.t.Context(), "container-sharder"))
	}
	require.FailNow(p.t, "the container is not "+want)
}

// listingBounds are the bounds of the compared pages. An end marker that names a
// subdir is not among those in reverse: there a container server shows the subdir
// or not, with the bounds of its shard.
var listingBounds = map[string][]string{
	"":        {"", "marker=d1/", "marker=d1/o05", "end_marker=d2/o03", "marker=d0/o10&end_marker=d3/o03", "marker=zz", "end_marker=d2/"},
	"reverse": {"", "marker=d3/", "end_marker=d1/o05", "marker=d2/o03", "end_marker=d0/o10&marker=d3/o03", "end_marker=zz"},
}

// sameListings compares pages of both proxies, of all kinds.
func (p *twoProxies) sameListings(when string) {
	p.t.Helper()
	count := 0
	for _, base := range []string{"", "delimiter=/", "prefix=d1/&delimiter=5", "path=d1", "prefix=" + url.QueryEscape("é")} {
		for _, more := range []string{"", "limit=7", "reverse=on&limit=33"} {
			direction := ""
			if strings.Contains(more, "reverse") {
				direction = "reverse"
			}
			for _, bounds := range listingBounds[direction] {
				query := "?" + strings.Join([]string{"format=json", base, bounds, more}, "&")
				status, theirs := p.at(ProxyAddr, "GET", "/c"+query, "")
				ourStatus, ours := p.at(NeedletailAddr, "GET", "/c"+query, "")
				require.Equal(p.t, status, ourStatus, "%s: %s", when, query)
				require.Equal(p.t, theirs, ours, "%s: %s", when, query)
				count++
			}
		}
	}
	p.t.Logf("%s: %d pages are the same", when, count)
}

// TestShardedContainer shards a container with Swift's sharder, and compares the
// listings of Swift's proxy and of needletail's before, between and after; then
// objects are written and deleted through needletail, and their rows are in the
// shards at once.
func TestShardedContainer(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "needletail")
	out, err := exec.Command("go", "build", "-o", binary, "needletail/cmd/needletail").CombinedOutput()
	require.NoError(t, err, "%s", out)
	c := start(t, Options{})
	// Debian's Swift shares whole ranges.
	config := NeedletailConfig(NeedletailAddr, "")
	config = strings.Replace(config, "[cluster]\n", "[cluster]\nwhole_shard_ranges = true\n", 1)
	require.NoError(t, c.StartNeedletail(t.Context(), binary, config))
	p := &twoProxies{newClient(t, c), c}

	status, _ := p.at(ProxyAddr, "PUT", "/c", "")
	require.Equal(t, 201, status)
	for d := range 5 {
		for o := range 50 {
			addr := []string{ProxyAddr, NeedletailAddr}[o%2]
			status, text := p.at(addr, "PUT", fmt.Sprintf("/c/d%d/o%02d", d, o), "x")
			require.Equal(t, 201, status, text)
		}
	}
	for _, name := range []string{"d2/", "é", "%E2%98%83/snow"} {
		status, _ := p.at(NeedletailAddr, "PUT", "/c/"+url.PathEscape(name), "x")
		require.Equal(t, 201, status)
	}
	p.sameListings("unsharded")

	// The reseller's admin comes with needletail's token: Swift's proxy takes the token.
	admin, err := c.Login(t.Context(), NeedletailAddr, "admin:admin", "admin")
	require.NoError(t, err)
	status, text := (&client{admin, t}).do("POST", "/c", "", "X-Container-Sharding", "true")
	require.Equal(t, 204, status, text)
	require.NoError(t, c.Once(t.Context(), "container-sharder"))
	p.sameListings("after the sharder's first run, " + strings.Join(p.states(), " "))
	p.shard("sharded")
	p.sameListings("sharded")

	for i := range 10 {
		name := fmt.Sprintf("/c/d%d/new%d", i%5, i)
		status, _ := p.at(NeedletailAddr, "PUT", name, "x")
		require.Equal(t, 201, status)
		if i%2 == 0 {
			status, _ = p.at(NeedletailAddr, "DELETE", name, "")
			require.Equal(t, 204, status)
		}
	}
	_, listing := p.at(ProxyAddr, "GET", "/c?format=json&delimiter=/&prefix=d1/n", "")
	var rows []struct{ Name string }
	require.NoError(t, json.Unmarshal([]byte(listing), &rows))
	require.Equal(t, []struct{ Name string }{{"d1/new1"}}, rows, "the rows of the root are not listed: these are in the shards")
	p.sameListings("after writes")

	require.NoError(t, c.StopServer(t.Context(), needletailName))
	require.NoError(t, c.StartNeedletail(t.Context(), binary, NeedletailConfig(NeedletailAddr, "")))
	p.sameListings("with the cache of newer versions of Swift")
}
