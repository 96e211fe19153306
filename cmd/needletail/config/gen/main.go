// SPDX-License-Identifier: Apache-2.0

// Command gen writes the reference of the configuration, docs/configuration.md
// and docs/needletail.toml. Names, types and defaults come from the structs of
// package config and of the features; the descriptions are the comments of the
// structs and their fields. A test fails if the files are stale. Run it with
//
//	go generate ./cmd/needletail/config/...
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"needletail/cmd/needletail/config"
)

// pages lists the written files.
var pages = []struct {
	name   string
	render func([]section) string
}{
	{"configuration.md", markdown},
	{"needletail.toml", sample},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen ROOT, the top folder of the repository")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func write(root string) error {
	sections, err := reference(root, config.Default())
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := os.WriteFile(filepath.Join(root, "docs", p.name), []byte(p.render(sections)), 0o644); err != nil {
			return err
		}
	}
	return nil
}
