// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"needletail/cmd/harness/swiftcluster"
)

// clusterRun is the tests in a cluster, with one proxy after the other.
type clusterRun struct {
	source, install string
	binary          string
	files           []string
	match, ecType   string
	encrypted       bool
}

// proxyAddrs are the proxies of a cluster by name.
var proxyAddrs = map[string]string{"swift": swiftcluster.ProxyAddr, "needletail": swiftcluster.NeedletailAddr}

func (r clusterRun) conform(ctx context.Context, policies, proxies []string) error {
	for _, p := range proxies {
		if proxyAddrs[p] == "" {
			return fmt.Errorf("%q is no proxy", p)
		}
	}
	work, err := os.MkdirTemp("", "needletail-conformance-")
	if err != nil {
		return err
	}
	var all []string
	for _, policy := range policies {
		complaints, err := r.policy(ctx, policy, proxies, filepath.Join(work, policy))
		if err != nil {
			return fmt.Errorf("policy %s: %w; its files are in %s", policy, err, work)
		}
		all = append(all, complaints...)
	}
	for _, line := range all {
		fmt.Println(line)
	}
	if len(all) > 0 {
		return errors.New("needletail's proxy deviates from Swift's; the runs' files are in " + work)
	}
	return os.RemoveAll(work)
}

// policy runs the tests in a cluster with a default policy, and returns the complaints
// about needletail.
func (r clusterRun) policy(ctx context.Context, policy string, proxies []string, dir string) (complaints []string, err error) {
	form, err := linkForm(r.source)
	if err != nil {
		return nil, err
	}
	c, err := swiftcluster.Start(ctx, swiftcluster.Options{
		Dir: filepath.Join(dir, "cluster"), Source: r.install, DefaultPolicy: policy, ECType: r.ecType, Encrypted: r.encrypted,
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Stop()) }()
	if r.encrypted {
		form += swiftcluster.NeedletailKeymaster
	}
	if slices.Contains(proxies, "needletail") {
		if err := c.StartNeedletail(ctx, r.binary, swiftcluster.NeedletailConfig(swiftcluster.NeedletailAddr, form)); err != nil {
			return nil, err
		}
	}
	outcomes := map[string]results{}
	for _, proxy := range proxies {
		fmt.Printf("== policy %s, %s's proxy: Swift from %s\n", policy, proxy, r.source)
		got, err := r.proxy(ctx, c, proxyAddrs[proxy], filepath.Join(dir, proxy))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", proxy, err)
		}
		for _, line := range append(got.perFile(policy+" "+proxy), fmt.Sprintf("policy %s, %s's proxy: %s", policy, proxy, got.counts())) {
			fmt.Println(line)
		}
		outcomes[proxy] = got
	}
	if _, ran := outcomes["needletail"]; !ran {
		return nil, nil
	}
	// Without a run of Swift's proxy, worse reports each failure of needletail's.
	return worse(policy, outcomes["swift"], outcomes["needletail"]), nil
}

// proxy runs the tests against an address in the cluster.
func (r clusterRun) proxy(ctx context.Context, c *swiftcluster.Cluster, addr, dir string) (results, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	conf, err := os.ReadFile(filepath.Join(c.Dir, "etc", "swift.conf"))
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{
		"test.conf":  "[func_test]\n" + tempAuthConf("http://"+addr) + commonConf,
		"swift.conf": string(conf),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return pytest(ctx, c.Command, r.source, dir, r.files, r.match, "")
}

// worse returns a line for each test that ended better with Swift's proxy than with
// needletail's: passed and now failed or skipped, or skipped and now failed.
func worse(policy string, swift, needletail results) []string {
	var lines []string
	for id, want := range swift {
		got, ran := needletail[id]
		switch {
		case want.outcome == failed:
		case !ran:
			lines = append(lines, fmt.Sprintf("%s DID NOT RUN %s", policy, id))
		case got.outcome == failed:
			lines = append(lines, fmt.Sprintf("%s FAILED %s: %s", policy, id, got.reason))
		case got.outcome == skipped && want.outcome == passed:
			lines = append(lines, fmt.Sprintf("%s SKIPPED %s: %s", policy, id, got.reason))
		}
	}
	for id, got := range needletail {
		if _, known := swift[id]; !known && got.outcome == failed {
			lines = append(lines, fmt.Sprintf("%s FAILED %s: %s", policy, id, got.reason))
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}
