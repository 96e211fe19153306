// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"needletail/auth/loginguard"
	"needletail/cmd/needletail/config"
	"needletail/objstore/cluster/swiftconf"
	"needletail/objstore/datafolder"
	"needletail/objstore/engine"
)

// settings are the configuration and the state that a running server adds.
type settings struct {
	config.Config
	// budget is the share of the machine that serve may use. Without a budget
	// only the limits of the configuration bound the process.
	budget budget
	// live is the part of the log that a reload changes. nil: nothing changes the
	// log.
	live *liveLog
	// guard delays logins after failures. nil: no login is delayed.
	guard *loginguard.Guard
	// refusals logs what limits refuse.
	refusals *refusalLog
	// dir is the open swift_dir of a proxy of a cluster.
	dir *swiftconf.Dir
}

// loadSettings reads a configuration file. The path "" reads no file.
func loadSettings(path string) (settings, error) {
	c, err := config.Load(path)
	return settings{Config: c}, err
}

// engineOptions returns the engine's settings within the budget.
func (s *settings) engineOptions(logger *slog.Logger) engine.Options {
	o := s.EngineOptions(logger)
	o.Index.OpenFilesMax = s.budget.indexFiles
	return o
}

// folder returns the data folder of a store for commands that need the store
// closed.
func (s *settings) folder(logger *slog.Logger) datafolder.Folder {
	o := s.engineOptions(logger)
	return o.Folder(s.Data)
}
