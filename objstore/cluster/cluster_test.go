// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/infocache"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/storetest"
)

// TestCluster runs the suite of every Store over a real cluster, inside of its
// namespaces: make cluster-up cluster-store.
func TestCluster(t *testing.T) {
	dir, err := swiftconf.Open("/etc/swift", swiftconf.DirOptions{})
	if errors.Is(err, os.ErrNotExist) {
		t.Fatal("the test runs inside of a cluster: make cluster-store")
	}
	require.NoError(t, err)
	cache, err := infocache.New(infocache.Config{})
	require.NoError(t, err)
	run := time.Now().Format("150405.000")
	count := 0
	storetest.Run(t, func(t *testing.T) objstore.Store {
		count++
		s, err := Open(Options{Dir: dir, Cache: cache, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
		require.NoError(t, err)
		return &renamed{Store: s, suffix: fmt.Sprintf("-%s-%d", run, count)}
	})
}

// renamed is a Store with accounts of its own: a cluster is never empty. The
// counters of an account, which container-updater brings after minutes, are
// those of the account's containers.
type renamed struct {
	*Store
	suffix string
}

func (r *renamed) account(a objstore.AccountName) objstore.AccountName {
	if a == "" {
		return a
	}
	return a + objstore.AccountName(r.suffix)
}

func (r *renamed) container(c objstore.ContainerID) objstore.ContainerID {
	c.Account = r.account(c.Account)
	return c
}

func (r *renamed) object(o objstore.ObjectID) objstore.ObjectID {
	o.Account = r.account(o.Account)
	return o
}

// err takes the suffix off an error's name.
func (r *renamed) err(err error) error {
	var e *objstore.Error
	if errors.As(err, &e) {
		e.Name = strings.Replace(e.Name, r.suffix, "", 1)
	}
	return err
}

func (r *renamed) HeadAccount(ctx context.Context, a objstore.AccountName, o objstore.InfoOptions) (objstore.AccountInfo, error) {
	i, err := r.Store.HeadAccount(ctx, r.account(a), o)
	if err != nil {
		return i, r.err(err)
	}
	usage := map[objstore.PolicyIndex]objstore.PolicyUsage{}
	i.ObjectCount, i.BytesUsed, i.Policies = 0, 0, nil
	err = r.ListContainers(ctx, a, objstore.ListOptions{Limit: math.MaxInt32}, func(e *objstore.ContainerEntry) error {
		i.ObjectCount, i.BytesUsed = i.ObjectCount+e.ObjectCount, i.BytesUsed+e.BytesUsed
		u := usage[e.Policy]
		usage[e.Policy] = objstore.PolicyUsage{Policy: e.Policy, ContainerCount: u.ContainerCount + 1,
			ObjectCount: u.ObjectCount + e.ObjectCount, BytesUsed: u.BytesUsed + e.BytesUsed}
		return nil
	})
	for _, index := range slices.Sorted(maps.Keys(usage)) {
		i.Policies = append(i.Policies, usage[index])
	}
	return i, err
}

func (r *renamed) PostAccount(ctx context.Context, a objstore.AccountName, u objstore.MetadataUpdate) (bool, error) {
	created, err := r.Store.PostAccount(ctx, r.account(a), u)
	return created, r.err(err)
}

func (r *renamed) DeleteAccount(ctx context.Context, a objstore.AccountName) error {
	return r.err(r.Store.DeleteAccount(ctx, r.account(a)))
}

func (r *renamed) ListContainers(ctx context.Context, a objstore.AccountName, o objstore.ListOptions, visit func(*objstore.ContainerEntry) error) error {
	return r.err(r.Store.ListContainers(ctx, r.account(a), o, func(e *objstore.ContainerEntry) error {
		if !e.Subdir {
			i, err := r.HeadContainer(ctx, objstore.ContainerID{Account: a, Container: objstore.ContainerName(e.Name)}, objstore.InfoOptions{})
			if err != nil {
				return err
			}
			e.ObjectCount, e.BytesUsed, e.Modified, e.Policy = i.ObjectCount, i.BytesUsed, i.Modified, i.Policy
		}
		return visit(e)
	}))
}

func (r *renamed) HeadContainer(ctx context.Context, c objstore.ContainerID, o objstore.InfoOptions) (objstore.ContainerInfo, error) {
	i, err := r.Store.HeadContainer(ctx, r.container(c), o)
	return i, r.err(err)
}

// deprecatedPolicy is the policy that the suite takes for deprecated, and the
// cluster does not.
const deprecatedPolicy = 2

func (r *renamed) PutContainer(ctx context.Context, c objstore.ContainerID, o objstore.PutContainerOptions) (bool, error) {
	if o.Policy != nil && *o.Policy == deprecatedPolicy {
		unknown := objstore.PolicyIndex(77)
		o.Policy = &unknown
	}
	created, err := r.Store.PutContainer(ctx, r.container(c), o)
	return created, r.err(err)
}

func (r *renamed) PostContainer(ctx context.Context, c objstore.ContainerID, u objstore.MetadataUpdate) error {
	return r.err(r.Store.PostContainer(ctx, r.container(c), u))
}

func (r *renamed) DeleteContainer(ctx context.Context, c objstore.ContainerID) error {
	return r.err(r.Store.DeleteContainer(ctx, r.container(c)))
}

func (r *renamed) ListObjects(ctx context.Context, c objstore.ContainerID, o objstore.ListOptions, visit func(*objstore.ObjectEntry) error) error {
	return r.err(r.Store.ListObjects(ctx, r.container(c), o, visit))
}

func (r *renamed) PutObject(ctx context.Context, o objstore.ObjectID, body io.Reader, opts objstore.PutOptions) (objstore.ObjectInfo, error) {
	i, err := r.Store.PutObject(ctx, r.object(o), body, opts)
	return i, r.err(err)
}

func (r *renamed) HeadObject(ctx context.Context, o objstore.ObjectID, opts objstore.OpenOptions) (objstore.ObjectInfo, error) {
	i, err := r.Store.HeadObject(ctx, r.object(o), opts)
	return i, r.err(err)
}

func (r *renamed) OpenObject(ctx context.Context, o objstore.ObjectID, opts objstore.OpenOptions) (objstore.Object, error) {
	ob, err := r.Store.OpenObject(ctx, r.object(o), opts)
	return ob, r.err(err)
}

func (r *renamed) PostObject(ctx context.Context, o objstore.ObjectID, opts objstore.PostOptions) (objstore.ObjectInfo, error) {
	i, err := r.Store.PostObject(ctx, r.object(o), opts)
	return i, r.err(err)
}

func (r *renamed) DeleteObject(ctx context.Context, o objstore.ObjectID, opts objstore.DeleteOptions) (objstore.ObjectInfo, error) {
	i, err := r.Store.DeleteObject(ctx, r.object(o), opts)
	return i, r.err(err)
}
