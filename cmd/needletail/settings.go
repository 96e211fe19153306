package main

import (
	"fmt"
	"log/slog"
	"net"

	"needletail/cmd/needletail/config"
	"needletail/objstore/datafolder"
	"needletail/objstore/engine"
)

// settings are the configuration with what a running server adds to it.
type settings struct {
	config.Config
	// budget is what serve may use of the machine. Without a budget only the limits
	// of the configuration bound the process.
	budget budget
	// live is what a reload changes of the log. nil: a reload changes nothing.
	live *liveLog
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

// folder returns the data folder of the store, for the commands that work on a
// store that no server has open.
func (s *settings) folder(logger *slog.Logger) datafolder.Folder {
	o := s.engineOptions(logger)
	return o.Folder(s.Data)
}

// resolveListen looks up the host of the address to listen on. A name without an
// address is a mistake in the command line, which the user must hear before a
// store is made.
func resolveListen(address string) error {
	if _, err := net.ResolveTCPAddr("tcp", address); err != nil {
		return fmt.Errorf("%w: listen: %w", errUsage, err)
	}
	return nil
}
