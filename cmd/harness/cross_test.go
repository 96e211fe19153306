// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/cmd/harness/swiftcluster"
	"needletail/cmd/harness/testserver"
)

const (
	// crossWorkers is the number of requests at a time.
	crossWorkers = 4
	// crossObjects is the number of objects of a quick run.
	crossObjects = 200
	// maxCrossFaults bounds the printed faults of a kind, and maxCrossFaultBytes the
	// length of each.
	maxCrossFaults     = 5
	maxCrossFaultBytes = 1500
	// crossDiskBytes bounds the devices, which lie in memory.
	crossDiskBytes = 6 << 30
	// crossExpiryTimeout bounds the wait for objects that expire after some seconds.
	crossExpiryTimeout = 2 * time.Minute
	// crossRebuildPasses bounds the passes of the reconstructor. Servers refuse while
	// another pass holds a partition.
	crossRebuildPasses = 4
)

// crossRun is a run: a cluster with both proxies, and what was found.
type crossRun struct {
	t                 *testing.T
	c                 *swiftcluster.Cluster
	swift, needletail *crossProxy
	policies          []string
	encrypted         bool // both proxies encrypt
	seed              uint64
	objects           []*crossObject
	began             time.Time
	figures           []string

	mu     sync.Mutex // protects faults
	faults map[string]int
}

// fault notes a difference. A kind of difference is printed a few times only.
func (r *crossRun) fault(kind, format string, arguments ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.faults[kind]++; r.faults[kind] <= maxCrossFaults {
		text := fmt.Sprintf(format, arguments...)
		r.t.Errorf("%s: %s", kind, text[:min(len(text), maxCrossFaultBytes)])
	}
}

// TestCross: each object that one proxy of a cluster writes is the same through the
// other proxy, Swift's daemons find nothing to repair, and repair what is lost.
func TestCross(t *testing.T) {
	r := &crossRun{t: t, faults: map[string]int{}, seed: uint64(time.Now().UnixNano()), policies: swiftcluster.Policies}
	count := crossObjects
	if text := os.Getenv("NEEDLETAIL_CROSS_OBJECTS"); text != "" {
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	if text := os.Getenv("NEEDLETAIL_CROSS_SEED"); text != "" {
		var err error
		r.seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err)
	}
	if text := os.Getenv("NEEDLETAIL_CROSS_POLICIES"); text != "" {
		r.policies = strings.Split(text, ",")
	}
	var kinds []string
	if text := os.Getenv("NEEDLETAIL_CROSS_KINDS"); text != "" {
		kinds = strings.Split(text, ",")
	}
	t.Logf("NEEDLETAIL_CROSS_SEED=%d", r.seed)
	r.start()
	r.objects = planCross(r.seed, count, r.policies, kinds, []*crossProxy{r.swift, r.needletail})
	for _, phase := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"containers", r.makeContainers},
		{"write", r.write},
		{"updaters", r.settle},
		{"read", func(ctx context.Context) error { return r.each(ctx, "read", r.objects, r.read) }},
		{"listings", func(ctx context.Context) error { r.readListings(ctx); return nil }},
		{"delete", r.removeSome},
		{"expiry", r.expire},
		{"daemons find nothing", r.daemons},
		{"fragments are lost and rebuilt", r.rebuild},
		{"the auditor finds a flipped byte", r.damage},
	} {
		began := time.Now()
		t.Logf("%6.1f s: %s", time.Since(r.began).Seconds(), phase.name)
		if err := phase.run(t.Context()); err != nil {
			r.fault(phase.name, "%v", err)
		}
		r.figure("phase", phase.name, fmt.Sprintf("%.1f s", time.Since(began).Seconds()))
	}
	r.report()
}

// start starts the cluster, and needletail beside Swift's proxy. One token is for
// both, from memcached.
func (r *crossRun) start() {
	t := r.t
	binary := os.Getenv("NEEDLETAIL_CROSS_BINARY")
	if binary == "" {
		var err error
		binary, err = testserver.Build()
		require.NoError(t, err)
	}
	dir, err := os.MkdirTemp("", "needletail-cross-")
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the logs are in %s", dir)
		} else if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	r.began = time.Now()
	keymaster := ""
	if r.encrypted = os.Getenv("NEEDLETAIL_CROSS_ENCRYPTED") != ""; r.encrypted {
		keymaster = swiftcluster.NeedletailKeymaster
	}
	r.c, err = swiftcluster.Start(t.Context(), swiftcluster.Options{
		Dir: filepath.Join(dir, "c"), LogLevel: "WARNING", DiskBytes: crossDiskBytes, ECType: os.Getenv("NEEDLETAIL_CROSS_EC_TYPE"),
		Encrypted: r.encrypted,
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.c.Stop()) })
	require.NoError(t, r.c.StartNeedletail(t.Context(), binary, swiftcluster.NeedletailConfig(swiftcluster.NeedletailAddr, keymaster)))
	r.swift = newCrossProxy(r.c, "swift", swiftcluster.ProxyAddr)
	r.needletail = newCrossProxy(r.c, "needletail", swiftcluster.NeedletailAddr)
	require.NoError(t, r.swift.login(t.Context()))
	r.needletail.token = r.swift.token
}

func (r *crossRun) figure(columns ...string) {
	r.figures = append(r.figures, strings.Join(columns, "\t"))
}

// each calls f for all objects, some at a time, and tells of the progress.
func (r *crossRun) each(ctx context.Context, what string, objects []*crossObject, f func(context.Context, *crossObject) error) error {
	var next, failed atomic.Int64
	var all sync.WaitGroup
	step := max(1, len(objects)/10)
	for range crossWorkers {
		all.Go(func() {
			for ctx.Err() == nil {
				n := int(next.Add(1))
				if n > len(objects) {
					return
				}
				o := objects[n-1]
				if err := f(ctx, o); err != nil {
					failed.Add(1)
					r.fault(what+" "+o.kind+" "+o.policy, "%s: %v", o, err)
				}
				if n%step == 0 {
					r.t.Logf("%6.1f s: %s: %d of %d", time.Since(r.began).Seconds(), what, n, len(objects))
				}
			}
		})
	}
	all.Wait()
	r.figure("objects", what, fmt.Sprintf("%d, %d failed", len(objects), failed.Load()))
	return ctx.Err()
}

// write stores all objects. An object that was not stored is left out from then on.
func (r *crossRun) write(ctx context.Context) error {
	err := r.each(ctx, "write", r.objects, func(ctx context.Context, o *crossObject) error {
		err := o.write(ctx)
		o.lost = err != nil
		return err
	})
	r.objects = slices.DeleteFunc(r.objects, func(o *crossObject) bool { return o.lost })
	return err
}

// makeContainers makes the containers of all policies, alternately through both proxies.
func (r *crossRun) makeContainers(ctx context.Context) error {
	turn := 0
	for _, job := range slices.Sorted(func(yield func(string) bool) {
		for job := range crossContainers {
			if !yield(job) {
				return
			}
		}
	}) {
		for _, policy := range r.policies {
			by := []*crossProxy{r.swift, r.needletail}[turn%2]
			turn++
			h := crossHeaders{"X-Storage-Policy": policy, "X-Container-Meta-Job": job + " ü", "X-Container-Read": ".r:*,.rlistings"}
			if job == "versions" {
				h["X-Versions-Enabled"] = "true"
			}
			if _, err := by.want(ctx, 201, "PUT", crossPath(crossContainer(job, policy)), nil, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle runs what moves rows and counters between the servers.
func (r *crossRun) settle(ctx context.Context) error {
	for _, daemon := range []string{"object-updater", "container-replicator", "container-updater", "account-replicator"} {
		if err := r.c.Once(ctx, daemon); err != nil {
			return err
		}
	}
	return nil
}

// removeSome deletes a fifth of the objects, and compares listings again.
func (r *crossRun) removeSome(ctx context.Context) error {
	var kept, removed []*crossObject
	for i, o := range r.objects {
		if i%5 == 3 && !o.marker {
			removed = append(removed, o)
		} else {
			kept = append(kept, o)
		}
	}
	r.objects = kept
	if err := r.each(ctx, "delete", removed, r.remove); err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	r.readListings(ctx)
	return nil
}

// expire stores objects that expire soon, waits until neither proxy has the objects,
// and has Swift's expirer remove the rows.
func (r *crossRun) expire(ctx context.Context) error {
	const each = 3
	var paths []string
	for _, policy := range r.policies {
		for n := range 2 * each {
			by := []*crossProxy{r.swift, r.needletail}[n%2]
			path := crossPath(crossContainer("expiring", policy), fmt.Sprintf("soon/%d", n))
			h := crossHeaders{"X-Delete-After": "2"}
			if n < each {
				h = crossHeaders{"X-Delete-At": strconv.FormatInt(time.Now().Unix()+3, 10)}
			}
			if _, err := by.want(ctx, 201, "PUT", path, &crossBody{bytes: []byte("soon")}, h); err != nil {
				return err
			}
			paths = append(paths, path)
		}
	}
	deadline := time.Now().Add(crossExpiryTimeout)
	for _, path := range paths {
		for _, p := range []*crossProxy{r.swift, r.needletail} {
			for {
				got, err := p.do(ctx, "GET", path, nil, nil)
				if err != nil {
					return err
				}
				if got.status == 404 {
					break
				}
				if got.status != 200 || time.Now().After(deadline) {
					return fmt.Errorf("%s: %s does not expire: %s", p.name, path, got)
				}
				time.Sleep(100 * time.Millisecond)
			}
		}
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	if err := r.c.Once(ctx, "object-expirer"); err != nil {
		return err
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	for _, policy := range r.policies {
		got := r.same(ctx, "expired rows", "GET", crossPath(crossContainer("expiring", policy))+"?format=json", nil)
		if got != nil && string(got.body) != "[]" {
			r.fault("expired rows", "%s: the expirer left %s", policy, got)
		}
	}
	return nil
}

// report prints the table of figures.
func (r *crossRun) report() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range []*crossProxy{r.swift, r.needletail} {
		r.figure("requests", p.name, strconv.FormatInt(p.requests.Load(), 10))
	}
	total := 0
	for kind, n := range r.faults {
		r.figure("faults", kind, strconv.Itoa(n))
		total += n
	}
	r.figure("faults", "all", strconv.Itoa(total))
	r.t.Logf("after %.1f s, NEEDLETAIL_CROSS_SEED=%d:\n%s", time.Since(r.began).Seconds(), r.seed, strings.Join(r.figures, "\n"))
}

// daemons runs Swift's auditors, replicator and reconstructor to their end. No file
// may change.
func (r *crossRun) daemons(ctx context.Context) error {
	before, err := r.files(ctx)
	if err != nil {
		return err
	}
	r.checkComplete(before)
	r.checkEncrypted(before)
	log := filepath.Join(r.c.Dir, "log", "swift.log")
	quiet, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	for _, daemon := range []string{"object-auditor", "container-auditor", "account-auditor", "object-replicator", "object-reconstructor"} {
		began := time.Now()
		if err := r.c.Once(ctx, daemon); err != nil {
			return err
		}
		r.figure("daemon", daemon, fmt.Sprintf("%.1f s", time.Since(began).Seconds()))
	}
	after, err := r.files(ctx)
	if err != nil {
		return err
	}
	for _, line := range fileDifferences(before, after) {
		r.fault("daemons changed a file", "%s", line)
	}
	said, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(bytes.TrimPrefix(said, quiet)) {
		r.fault("a daemon complains", "%s", bytes.TrimSpace(line))
	}
	var size int64
	for _, f := range after {
		size += f.Size
	}
	r.figure("files", "on the devices", fmt.Sprintf("%d, %d MiB", len(after), size/mib))
	return nil
}

// rebuild loses as many fragments of each object as the policy bears.
func (r *crossRun) rebuild(ctx context.Context) error {
	if !slices.Contains(r.policies, "ec42") {
		return nil
	}
	const parity = 2
	before, err := r.files(ctx)
	if err != nil {
		return err
	}
	lost, err := r.loseFragments(before, rand.New(rand.NewPCG(r.seed, 1)), parity)
	if err != nil {
		return err
	}
	var coded []*crossObject
	for _, o := range r.objects {
		if o.policy == "ec42" && !o.marker {
			coded = append(coded, o)
		}
	}
	whole := func(p *crossProxy) func(context.Context, *crossObject) error {
		return func(ctx context.Context, o *crossObject) error {
			got, err := p.want(ctx, 200, "GET", o.path(), nil, nil)
			if want := crossSum(crossContent(o.parts)); err == nil && got.md5 != want {
				err = fmt.Errorf("%s: MD5 %s, not %s", p.name, got.md5, want)
			}
			return err
		}
	}
	if err := r.each(ctx, "read with losses", coded, whole(r.needletail)); err != nil {
		return err
	}
	var left []string
	for pass := 1; pass <= crossRebuildPasses; pass++ {
		if err := r.c.Once(ctx, "object-reconstructor"); err != nil {
			return err
		}
		after, err := r.files(ctx)
		if err != nil {
			return err
		}
		forgiveRebuild(before, after)
		if left = fileDifferences(before, after); len(left) == 0 {
			r.figure("fragments", "lost and rebuilt", fmt.Sprintf("%d, after %d passes", lost, pass))
			break
		}
	}
	for _, line := range left {
		r.fault("rebuilt files differ", "%s", line)
	}
	return r.each(ctx, "read after the rebuild", coded, whole(r.swift))
}

// damage flips a byte of a file. An auditor that cannot find the byte has found
// nothing before either.
func (r *crossRun) damage(ctx context.Context) error {
	files, err := r.files(ctx)
	if err != nil {
		return err
	}
	for path, f := range files {
		if !f.isData() || f.Size == 0 {
			continue
		}
		data, err := os.ReadFile(r.c.Path(path))
		if err != nil {
			return err
		}
		data[len(data)/2] ^= 1
		file, err := os.OpenFile(r.c.Path(path), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = file.WriteAt(data, 0)
		if err := file.Close(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		if err := r.c.Once(ctx, "object-auditor"); err != nil {
			return err
		}
		after, err := r.files(ctx)
		if err != nil {
			return err
		}
		if _, ok := after[path]; ok {
			r.fault("the auditor left a damaged file", "%s", path)
		}
		return nil
	}
	return nil
}
