// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"needletail/cmd/harness/swiftcluster"
)

// clusterOptions are of the comparison of two proxies over one cluster.
type clusterOptions struct {
	binary    string // of needletail; "" compares Swift's proxy with itself
	policy    string
	source    string
	script    func() []step
	encrypted bool
}

// cluster compares Swift's proxy with needletail's over the same servers, in two
// passes with a new cluster each. In the first pass Swift's proxy sends all writes, in
// the second needletail's. Both proxies send each read, and the answers have to be
// equal with all times in them. The answers to the writes are compared at the end,
// without the times.
func (c *comparison) cluster(ctx context.Context, o clusterOptions) error {
	var written [2][]*answer
	for pass := range written {
		var err error
		if written[pass], err = c.pass(ctx, o, pass); err != nil {
			return fmt.Errorf("pass %d: %w", pass+1, err)
		}
	}
	for i, s := range o.script() {
		if !reads(s.method) {
			c.compared++
			c.step(s, written[0][i], written[1][i])
		}
	}
	return nil
}

// clusterScript is the script without the steps of list_endpoints, which a cluster's
// proxy does not have.
func clusterScript() []step {
	return slices.DeleteFunc(script(), func(s step) bool { return strings.HasPrefix(s.name, "endpoints/") })
}

// reads tells whether a method changes nothing.
func reads(method string) bool { return method == "GET" || method == "HEAD" || method == "OPTIONS" }

// pass sends all steps to a new cluster, and returns the answers to the writes by the
// index of the step.
func (c *comparison) pass(ctx context.Context, o clusterOptions, writer int) (written []*answer, err error) {
	dir, err := os.MkdirTemp("", "needletail-oracle-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	proxies, stop, err := startProxies(ctx, o, filepath.Join(dir, "cluster"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	c.exact = true
	defer func() { c.exact = false }()
	steps := o.script()
	written = make([]*answer, len(steps))
	for i, s := range steps {
		// The writer is asked first: the other proxy finds what the writer cached.
		first, err := proxies[writer].send(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		if !reads(s.method) {
			written[i] = first
			proxies[1-writer].version = proxies[writer].version
			continue
		}
		second, err := proxies[1-writer].send(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		both := [2]*answer{}
		both[writer], both[1-writer] = first, second
		c.compared++
		c.step(s, both[0], both[1])
	}
	return written, nil
}

// startProxies starts a cluster with both proxies, Swift's first.
func startProxies(ctx context.Context, o clusterOptions, dir string) (proxies [2]*target, stop func() error, err error) {
	var users []string
	var tomlUsers strings.Builder
	for _, u := range scriptUsers {
		users = append(users, u.swiftLine())
		fmt.Fprintf(&tomlUsers, "  %q,\n", u.needletailFlag())
	}
	filters := slices.DeleteFunc(slices.Clone(mainFilters), func(f string) bool { return f == "list_endpoints" })
	cluster, err := swiftcluster.Start(ctx, swiftcluster.Options{
		Dir: dir, Source: o.source, DefaultPolicy: o.policy, Filters: filters, Users: users, Realms: syncRealms, LogLevel: "ERROR",
		Encrypted: o.encrypted,
		Settings:  map[string]string{"versioned_writes": "allow_versioned_writes = true\nallow_object_versioning = true\n"},
	})
	if err != nil {
		return proxies, nil, err
	}
	addrs := [2]string{swiftcluster.ProxyAddr, swiftcluster.ProxyAddr}
	if o.binary != "" {
		addrs[1] = swiftcluster.NeedletailAddr
		config := fmt.Sprintf("listen = %q\n%s[cluster]\nswift_dir = \"/etc/swift\"\n[tempauth]\nusers = [\n%s]\n%s",
			addrs[1], configuration, tomlUsers.String(), strings.Replace(proxyConfig, "[swift]\n", "[swift]\nallow_account_management = true\n", 1))
		if o.encrypted {
			config += swiftcluster.NeedletailKeymaster
		}
		if err := cluster.StartNeedletail(ctx, o.binary, config); err != nil {
			return proxies, nil, errors.Join(err, cluster.Stop())
		}
	}
	for i, addr := range addrs {
		proxies[i] = newTarget(addr)
		proxies[i].dial = cluster.Dial
	}
	return proxies, cluster.Stop, nil
}
