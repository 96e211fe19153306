// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"needletail/objstore"
	"needletail/proxy/swift/middleware/containersync"
)

// ContainerSync keeps containers like containers of other clusters. Container
// sync is on with a [[container_sync.realm]]. Without a realm no further key
// counts. With [cluster], the realms are those of container-sync-realms.conf in
// swift_dir, and the daemons of the cluster compare the containers.
type ContainerSync struct {
	// Current is this cluster, //REALM/CLUSTER, as /info shows it.
	Current string `toml:"current"`
	// Interval is the time from the start of a pass over all containers to the
	// start of the next pass. "0s" stands for the default.
	Interval Duration `toml:"interval"`
	// ContainerTime is how long a pass sends objects of one container. "0s"
	// stands for the default.
	ContainerTime Duration `toml:"container_time"`
	// ObjectsPerSecond bounds the requests to other clusters with a change, a
	// second. 0 stands for the default.
	ObjectsPerSecond float64 `toml:"objects_per_second"`
	// Realms are optional. Without a realm container sync is off.
	Realms []SyncRealm `toml:"realm"`
}

// SyncRealm is a group of clusters with the same secrets. The clusters of a
// realm may sync with one another.
type SyncRealm struct {
	// Name is the name of the realm.
	Name string `toml:"name"`
	// Key is the secret of the realm.
	Key string `toml:"key" secret:"yes"`
	// Key2 is a second accepted secret, for the time in which the operators
	// change the key.
	Key2 string `toml:"key2" secret:"yes"`
	// Clusters maps the name of a cluster to its endpoint:
	// { NAME = "https://HOST/v1/" }.
	Clusters map[string]string `toml:"clusters"`
}

func defaultContainerSync() ContainerSync {
	return ContainerSync{
		Interval:         Duration(containersync.DefaultInterval),
		ContainerTime:    Duration(containersync.DefaultContainerTime),
		ObjectsPerSecond: containersync.DefaultObjectsPerSecond,
	}
}

// validateContainerSync checks the section. The realms of a cluster are in
// swift_dir.
func (c *Config) validateContainerSync() error {
	if c.Cluster.On() {
		return nil
	}
	return c.ContainerSync.validate()
}

// validate refuses options without effect because there is no realm: the author
// of the file believes that the options count.
func (c *ContainerSync) validate() error {
	if c.ObjectsPerSecond < 0 {
		return errors.New("objects_per_second is negative")
	}
	if len(c.Realms) > 0 {
		_, err := c.NewRealms()
		return err
	}
	d := defaultContainerSync()
	if c.Current != "" || cmp.Or(c.Interval, d.Interval) != d.Interval ||
		cmp.Or(c.ContainerTime, d.ContainerTime) != d.ContainerTime ||
		cmp.Or(c.ObjectsPerSecond, d.ObjectsPerSecond) != d.ObjectsPerSecond {
		return errors.New("current, interval, container_time and objects_per_second mean nothing without a [[container_sync.realm]]")
	}
	return nil
}

// NewRealms returns the configured realms, or nil if there are no realms.
func (c *ContainerSync) NewRealms() (*containersync.Realms, error) {
	if len(c.Realms) == 0 {
		return nil, nil
	}
	list := make([]containersync.Realm, len(c.Realms))
	for i, r := range c.Realms {
		list[i] = containersync.Realm(r)
	}
	return containersync.NewRealms(list, c.Current)
}

// Worker returns the worker that sends changes to other clusters, or nil if
// there are no realms.
func (c *ContainerSync) Worker(store objstore.Store, logger *slog.Logger) (*containersync.Worker, error) {
	realms, err := c.NewRealms()
	if err != nil || realms == nil {
		return nil, err
	}
	return containersync.NewWorker(containersync.WorkerConfig{
		Store: store, Realms: realms, Log: logger,
		Interval: time.Duration(c.Interval), ContainerTime: time.Duration(c.ContainerTime),
		ObjectsPerSecond: c.ObjectsPerSecond,
	}), nil
}
