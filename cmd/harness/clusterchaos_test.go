// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/cmd/harness/swiftcluster"
	"needletail/cmd/harness/testserver"
)

const (
	chaosDuration  = 110 * time.Second // of a quick run, with a fault of each kind
	chaosDiskBytes = 3 << 30
	// chaosSettles bounds the passes of the daemons: a daemon leaves what another
	// daemon holds.
	chaosSettles = 3
	// chaosReadTries bounds the reads of a key after the daemons.
	chaosReadTries = 5
	// Both proxies have Swift's default in place of the harness's patient conn_timeout.
	chaosConnTimeout = 0.5
)

// chaosResult is what a run with a proxy found.
type chaosResult struct {
	proxy                             string
	ops, failed, stale, wrong, lost   int
	p50, p99                          time.Duration
	hungOps, hungFailed               int
	hungP50, hungP99, hungMax         time.Duration
	acknowledgedAndThere, unknownOnes int
}

func (r *chaosResult) rate() float64 { return float64(r.failed) / float64(max(r.ops, 1)) }

// TestClusterChaos has the servers of a cluster fail, one after the other, under
// clients that verify all answers. After Swift's daemons have run, all that was
// acknowledged must be there. With two proxies, each has the same plan over a cluster
// of its own, and needletail may not do worse than Swift.
func TestClusterChaos(t *testing.T) {
	seed, duration, proxies := uint64(time.Now().UnixNano()), chaosDuration, []string{"swift", "needletail"}
	var err error
	if text := os.Getenv("NEEDLETAIL_CLUSTER_CHAOS_SEED"); text != "" {
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	if text := os.Getenv("NEEDLETAIL_CLUSTER_CHAOS_DURATION"); text != "" {
		duration, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	if text := os.Getenv("NEEDLETAIL_CLUSTER_CHAOS_PROXY"); text != "" && text != "both" {
		proxies = []string{text}
	}
	t.Logf("NEEDLETAIL_CLUSTER_CHAOS_SEED=%d", seed)
	plan := planChaos(seed, duration)
	require.NotEmpty(t, plan, "too short for a fault")
	var results []*chaosResult
	for _, proxy := range proxies {
		t.Run(proxy, func(t *testing.T) {
			r := startChaos(t, proxy, seed)
			r.run(duration, plan)
			results = append(results, &r.result)
		})
	}
	for _, r := range results {
		t.Logf("%s: %d operations, %d failed (%.3f%%), %d stale, %d wrong, %d lost; %d objects there, %d writes unknown; p50 %v, p99 %v; "+
			"while a server hung: %d operations, %d failed, p50 %v, p99 %v, longest %v", r.proxy, r.ops, r.failed, 100*r.rate(), r.stale, r.wrong,
			r.lost, r.acknowledgedAndThere, r.unknownOnes, r.p50, r.p99, r.hungOps, r.hungFailed, r.hungP50, r.hungP99, r.hungMax)
	}
	if len(results) == 2 {
		swift, needletail := results[0], results[1]
		require.LessOrEqual(t, needletail.rate(), swift.rate(), "needletail fails more often than Swift")
		if swift.hungOps > 0 {
			require.Less(t, needletail.hungP99, swift.hungP99, "needletail is slower than Swift while a server hangs")
		}
	}
}

// chaosRun is a run with a proxy.
type chaosRun struct {
	t      *testing.T
	c      *swiftcluster.Cluster
	binary string
	load   *chaosLoad
	began  time.Time
	result chaosResult
}

// startChaos starts a cluster with a single proxy.
func startChaos(t *testing.T, proxy string, seed uint64) *chaosRun {
	r := &chaosRun{t: t, result: chaosResult{proxy: proxy}, binary: os.Getenv("NEEDLETAIL_CLUSTER_CHAOS_BINARY")}
	var err error
	if proxy == "needletail" && r.binary == "" {
		r.binary, err = testserver.Build()
		require.NoError(t, err)
	}
	dir, err := os.MkdirTemp("", "needletail-chaos-")
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the logs are in %s", dir)
		} else if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	r.c, err = swiftcluster.Start(t.Context(), swiftcluster.Options{
		Dir: filepath.Join(dir, "c"), LogLevel: "WARNING", DiskBytes: chaosDiskBytes, ProxyConnTimeout: chaosConnTimeout,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.c.Stop()) })
	require.NoError(t, r.c.StopServer(t.Context(), swiftcluster.ProxyServer))
	r.startProxy()
	r.load = newChaosLoad(seed, r.login(), r.tell)
	for _, container := range chaosContainers {
		a, err := r.load.client.do(t.Context(), "PUT", "/"+container, http.Header{"X-Storage-Policy": {container}}, nil)
		require.NoError(t, err)
		require.Equal(t, 201, a.status)
	}
	return r
}

func (r *chaosRun) tell(format string, arguments ...any) {
	r.t.Logf("%6.1f s: %s", time.Since(r.began).Seconds(), fmt.Sprintf(format, arguments...))
}

func (r *chaosRun) startProxy() {
	if r.result.proxy == "swift" {
		require.NoError(r.t, r.c.StartServer(r.t.Context(), swiftcluster.ProxyServer))
		return
	}
	config := swiftcluster.NeedletailConfig(swiftcluster.NeedletailAddr, "")
	config, found := cutOut(config, "conn_timeout = ")
	require.True(r.t, found)
	require.NoError(r.t, r.c.StartNeedletail(r.t.Context(), r.binary, config))
}

// cutOut removes the line that begins with a text.
func cutOut(text, prefix string) (string, bool) {
	before, after, ok := strings.Cut(text, "\n"+prefix)
	_, after, more := strings.Cut(after, "\n")
	return before + "\n" + after, ok && more
}

func (r *chaosRun) login() *killClient {
	addr := swiftcluster.ProxyAddr
	if r.result.proxy != "swift" {
		addr = swiftcluster.NeedletailAddr
	}
	client, err := newKillClient("http://"+addr, r.c.Dial)
	require.NoError(r.t, err)
	return client
}

// run is the faults under the clients, and the verification.
func (r *chaosRun) run(duration time.Duration, plan []chaosFault) {
	ctx, cancel := context.WithTimeout(r.t.Context(), duration)
	defer cancel()
	r.began = time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.load.run(ctx)
	}()
	hung, err := runFaults(r.t.Context(), r.c, plan, r.tell)
	if err != nil {
		r.t.Error(err)
	}
	<-done
	r.measure(hung)
	r.restartProxy()
	for pass := 1; pass <= chaosSettles; pass++ {
		r.settle()
		if r.verify(pass == chaosSettles) {
			break
		}
	}
	r.result.wrong = r.load.wrong
	if r.result.wrong > 0 {
		r.t.Errorf("%d answers with wrong bytes", r.result.wrong)
	}
}

// restartProxy makes the proxy forget which servers failed. The log of the run with
// faults is kept.
func (r *chaosRun) restartProxy() {
	name := swiftcluster.ProxyServer
	if r.result.proxy != "swift" {
		name = "needletail"
	}
	require.NoError(r.t, r.c.StopServer(r.t.Context(), name))
	r.load.client.http.CloseIdleConnections()
	log := filepath.Join(r.c.Dir, "log", name)
	require.NoError(r.t, os.Rename(log+".out", log+"-faults.out"))
	r.startProxy()
	r.load.client = r.login()
}

// settle runs what repairs objects, rows and counters.
func (r *chaosRun) settle() {
	for _, daemon := range []string{
		"object-replicator", "object-reconstructor", "object-updater", "container-replicator", "object-replicator", "object-reconstructor",
	} {
		began := time.Now()
		if err := r.c.Once(r.t.Context(), daemon); err != nil {
			r.t.Error(err)
		}
		r.tell("%s ran for %.1f s", daemon, time.Since(began).Seconds())
	}
}

// measure makes figures of the requests.
func (r *chaosRun) measure(hung []chaosSpan) {
	var all, during []time.Duration
	for _, op := range r.load.ops {
		all = append(all, op.took)
		if op.failed {
			r.result.failed++
		}
		if slices.ContainsFunc(hung, func(s chaosSpan) bool { return !op.began.Before(s.from) && op.began.Before(s.to) }) {
			during = append(during, op.took)
			if op.failed {
				r.result.hungFailed++
			}
		}
	}
	r.result.ops, r.result.hungOps, r.result.stale = len(all), len(during), r.load.stale
	r.result.p50, r.result.p99 = percentile(all, 50), percentile(all, 99)
	r.result.hungP50, r.result.hungP99, r.result.hungMax = percentile(during, 50), percentile(during, 99), percentile(during, 100)
}

func percentile(list []time.Duration, percent int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.SortFunc(list, func(a, b time.Duration) int { return cmp.Compare(a, b) })
	return list[(len(list)-1)*percent/100].Round(time.Millisecond)
}

// verify reads all keys and the listings. The last pass tells of faults.
func (r *chaosRun) verify(last bool) (good bool) {
	lost := 0
	r.result.acknowledgedAndThere, r.result.unknownOnes = 0, 0
	found := map[string]map[string]killState{}
	for _, container := range chaosContainers {
		found[container] = map[string]killState{}
	}
	complain := func(format string, arguments ...any) {
		lost++
		if last {
			r.t.Errorf(format, arguments...)
		} else {
			r.tell(format, arguments...)
		}
	}
	for _, keys := range r.load.keys {
		for _, k := range keys {
			r.result.unknownOnes += len(k.maybes)
			got, err := r.finalState(k)
			switch {
			case err != nil:
				complain("after the daemons: %v", err)
			case !k.allows(got):
				complain("after the daemons: %s is %v; acknowledged %v, perhaps %v", k.path(), got, k.sure, k.maybes)
			case got.version > 0:
				r.result.acknowledgedAndThere++
				found[k.container][k.object] = got
			}
		}
	}
	for _, container := range chaosContainers {
		if err := r.checkListing(container, found[container]); err != nil {
			complain("after the daemons: %v", err)
		}
	}
	r.result.lost = lost
	return lost == 0
}

// finalState reads a key of a cluster without faults.
func (r *chaosRun) finalState(k *chaosKey) (got killState, err error) {
	for range chaosReadTries {
		a, ok := r.load.do(k, "GET", nil, nil)
		if !ok {
			err = fmt.Errorf("%s: status %d: %s", k.path(), a.status, a.body)
			continue
		}
		if got, ok = r.load.judge(k, "GET", &a, ""); !ok {
			return got, fmt.Errorf("%s: a wrong answer", k.path())
		}
		return got, nil
	}
	return got, err
}

// checkListing compares a listing with what GET found.
func (r *chaosRun) checkListing(container string, want map[string]killState) error {
	a, err := r.load.client.do(r.t.Context(), "GET", "/"+container+"?format=json", nil, nil)
	if err != nil {
		return err
	}
	var entries []struct {
		Name, Hash string
		Bytes      int64
	}
	if err := json.Unmarshal(a.body, &entries); err != nil {
		return fmt.Errorf("list %s: status %d, %w", container, a.status, err)
	}
	for _, e := range entries {
		s, ok := want[e.Name]
		if !ok {
			return fmt.Errorf("%s lists %s, which is absent", container, e.Name)
		}
		if hash := md5Hex(killBody(r.load.seed, &killKey{container: container, object: e.Name}, s)); e.Bytes != s.sizeBytes || e.Hash != hash {
			return fmt.Errorf("%s lists %+v, but GET gave %v with MD5 %s", container, e, s, hash)
		}
	}
	if len(entries) != len(want) {
		return fmt.Errorf("%s lists %d objects, but %d are there", container, len(entries), len(want))
	}
	return nil
}
