package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"needletail/objstore"
	"needletail/proxy/swift/middleware/containersync"
)

// ContainerSyncConfig is about keeping containers like those of other clusters;
// without a realm it is off. Durations and rates of 0 mean the defaults.
type ContainerSyncConfig struct {
	// Current is this cluster, //REALM/CLUSTER, as /info shows it.
	Current          string   `toml:"current"`
	Interval         Duration `toml:"interval"`           // 300s
	ContainerTime    Duration `toml:"container_time"`     // 60s
	ObjectsPerSecond float64  `toml:"objects_per_second"` // 50
	// Realms are the [[container_sync.realm]] of the file.
	Realms []SyncRealmConfig `toml:"realm"`
}

// SyncRealmConfig is what the operators of a group of clusters share.
type SyncRealmConfig struct {
	Name string `toml:"name"`
	Key  string `toml:"key"`
	Key2 string `toml:"key2"` // accepted too
	// Clusters maps a name to its endpoint, "https://host/v1/".
	Clusters map[string]string `toml:"clusters"`
}

// realms are the configured ones, or nil.
func (c *ContainerSyncConfig) realms() (*containersync.Realms, error) {
	if c.ObjectsPerSecond < 0 {
		return nil, errors.New("objects_per_second is negative")
	}
	if len(c.Realms) == 0 {
		return nil, nil
	}
	list := make([]containersync.Realm, len(c.Realms))
	for i, r := range c.Realms {
		list[i] = containersync.Realm(r)
	}
	return containersync.NewRealms(list, c.Current)
}

// worker sends changes to the other clusters; nil without a realm.
func (c *ContainerSyncConfig) worker(store objstore.Store, logger *slog.Logger) (*containersync.Worker, error) {
	realms, err := c.realms()
	if err != nil || realms == nil {
		return nil, err
	}
	return containersync.NewWorker(containersync.WorkerConfig{
		Store: store, Realms: realms, Log: logger,
		Interval: time.Duration(c.Interval), ContainerTime: time.Duration(c.ContainerTime),
		ObjectsPerSecond: c.ObjectsPerSecond,
	}), nil
}

// inBackground runs the worker, if there is one, until the function that it
// gives is called.
func inBackground(ctx context.Context, w *containersync.Worker) (stop func()) {
	if w == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}
