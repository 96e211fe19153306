// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore/cluster"
	"needletail/proxy/metrics"
	"needletail/proxy/web"
)

// clusterPage returns the lines about the cluster of the page of metrics.
func clusterPage(t *testing.T, f *clusterFigures) string {
	t.Helper()
	res, err := metrics.New(f.collectors()...).Serve(&web.Request{Method: "GET"})
	require.NoError(t, err)
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "needletail_cluster_") && !strings.Contains(line, "_bucket") {
			lines = append(lines, strings.TrimPrefix(line, "needletail_cluster_"))
		}
	}
	return strings.Join(lines, "")
}

func TestClusterFigures(t *testing.T) {
	f := newClusterFigures()
	e := cluster.Exchange{Server: cluster.ObjectServer, Policy: 2, Addr: "10.0.0.1:6200", Device: "sdb", Method: "GET", Status: 200, Took: time.Second}
	f.Exchanged(e)
	e.Status, e.Handoff = 503, true
	f.Exchanged(e)
	e.Status = 0
	f.Exchanged(e)
	f.Exchanged(cluster.Exchange{Server: cluster.AccountServer, Addr: "10.0.0.1:6202", Device: "sdb", Method: "HEAD", Status: 404, Took: time.Second})
	f.BodyFailed(cluster.ObjectServer, "10.0.0.1:6200", "sdb")
	f.Limited(cluster.ContainerServer, "10.0.0.1:6201", "sdc")
	f.QuorumMissed(cluster.ObjectServer, "PUT")
	require.Equal(t, `body_failures_total{device="sdb",server="10.0.0.1:6200",type="object"} 1
body_failures_total{device="sdb",server="10.0.0.1:6202",type="account"} 0
device_seconds_sum{device="sdb",policy="",server="10.0.0.1:6202",type="account"} 1
device_seconds_count{device="sdb",policy="",server="10.0.0.1:6202",type="account"} 1
device_seconds_sum{device="sdb",policy="2",server="10.0.0.1:6200",type="object"} 3
device_seconds_count{device="sdb",policy="2",server="10.0.0.1:6200",type="object"} 3
handoff_requests_total{policy="",type="account"} 0
handoff_requests_total{policy="2",type="object"} 2
limited_total{device="sdb",server="10.0.0.1:6200",type="object"} 0
limited_total{device="sdb",server="10.0.0.1:6202",type="account"} 0
limited_total{device="sdc",server="10.0.0.1:6201",type="container"} 1
quorum_misses_total{method="DELETE",type="account"} 0
quorum_misses_total{method="DELETE",type="container"} 0
quorum_misses_total{method="DELETE",type="object"} 0
quorum_misses_total{method="GET",type="account"} 0
quorum_misses_total{method="GET",type="container"} 0
quorum_misses_total{method="GET",type="object"} 0
quorum_misses_total{method="HEAD",type="account"} 0
quorum_misses_total{method="HEAD",type="container"} 0
quorum_misses_total{method="HEAD",type="object"} 0
quorum_misses_total{method="POST",type="account"} 0
quorum_misses_total{method="POST",type="container"} 0
quorum_misses_total{method="POST",type="object"} 0
quorum_misses_total{method="PUT",type="account"} 0
quorum_misses_total{method="PUT",type="container"} 0
quorum_misses_total{method="PUT",type="object"} 1
request_seconds_sum{method="GET",policy="2",type="object"} 3
request_seconds_count{method="GET",policy="2",type="object"} 3
request_seconds_sum{method="HEAD",policy="",type="account"} 1
request_seconds_count{method="HEAD",policy="",type="account"} 1
requests_total{device="sdb",outcome="2xx",policy="2",server="10.0.0.1:6200",type="object"} 1
requests_total{device="sdb",outcome="4xx",policy="",server="10.0.0.1:6202",type="account"} 1
requests_total{device="sdb",outcome="5xx",policy="2",server="10.0.0.1:6200",type="object"} 1
requests_total{device="sdb",outcome="none",policy="2",server="10.0.0.1:6200",type="object"} 1
`, clusterPage(t, f))
}

// As many devices as allowed have series of their own, and no more.
func TestClusterFiguresAreBounded(t *testing.T) {
	f := newClusterFigures()
	f.devicesMax = 3
	send := func(device int) {
		f.Exchanged(cluster.Exchange{Server: cluster.ObjectServer, Addr: "h:1", Device: fmt.Sprint("d", device), Method: "GET", Status: 201})
	}
	for d := range 3 {
		send(d)
	}
	require.NotContains(t, clusterPage(t, f), otherDevice)
	for d := range 5 {
		send(d)
	}
	f.Limited(cluster.ObjectServer, "h:1", "d7")
	f.BodyFailed(cluster.ObjectServer, "h:1", "d8")
	page := clusterPage(t, f)
	require.Contains(t, page, `requests_total{device="other",outcome="2xx",policy="0",server="other",type="object"} 2`)
	require.Contains(t, page, `requests_total{device="d2",outcome="2xx",policy="0",server="h:1",type="object"} 2`)
	require.NotContains(t, page, "d7")
	require.NotContains(t, page, "d8")
}

func TestOutcomes(t *testing.T) {
	for status, want := range map[int]string{0: "none", 100: "2xx", 201: "2xx", 299: "2xx", 304: "3xx", 404: "4xx", 499: "4xx", 500: "5xx", 507: "5xx"} {
		require.Equal(t, want, outcome(status), status)
	}
}

// BenchmarkClusterFigures is what each exchange with a server pays.
func BenchmarkClusterFigures(b *testing.B) {
	f := newClusterFigures()
	e := cluster.Exchange{Server: cluster.ObjectServer, Addr: "10.0.0.1:6200", Device: "sdb", Method: "GET", Status: 200}
	b.ReportAllocs()
	for b.Loop() {
		f.Exchanged(e)
	}
}
