// SPDX-License-Identifier: Apache-2.0

// Command layout draws the layout of the module from `go list`: the folders at the
// top, and the rooms on their floors, each with its size and its imports.
//
//	go run ./cmd/layout          print the drawing
//	go run ./cmd/layout -write   put the drawing into ARCHITECTURE.md
//
// A room is a folder of at most two names, objstore/engine or proxy/swift for
// example, with all packages at and below the folder. A package at the top with
// rooms below, objstore for example, is a room too. A room stands one floor above
// the highest room among the room's imports: every arrow points down. A circle of
// imports between rooms ends the command with exit code 1.
//
// The test of this package fails when the rooms, packages or imports of the code
// differ from the drawing in ARCHITECTURE.md. Line counts are not compared.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// page is the file that holds the drawing, below the folder of go.mod.
const page = "ARCHITECTURE.md"

func main() {
	write := flag.Bool("write", false, "put the drawing into "+page)
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, "layout:", err)
		os.Exit(1)
	}
}

func run(write bool) error {
	m, err := listModule()
	if err != nil {
		return err
	}
	drawing, err := draw(m.packages)
	if err != nil {
		return err
	}
	if !write {
		fmt.Print(drawing)
		return nil
	}
	path := filepath.Join(m.folder, page)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	changed, err := replaceRegion(string(text), drawing)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(changed), 0o644)
}

// The lines around the drawing in the page. Markdown does not show them.
const (
	regionBegin = "<!-- drawn by: go run ./cmd/layout -write -->\n"
	regionEnd   = "<!-- end of the drawing -->\n"
)

// region returns where the drawing begins and ends in the page.
func region(text string) (begin, end int, err error) {
	begin = strings.Index(text, regionBegin)
	if begin < 0 {
		return 0, 0, fmt.Errorf("no line %q", strings.TrimSpace(regionBegin))
	}
	begin += len(regionBegin)
	length := strings.Index(text[begin:], regionEnd)
	if length < 0 {
		return 0, 0, fmt.Errorf("no line %q after the first mark", strings.TrimSpace(regionEnd))
	}
	return begin, begin + length, nil
}

// replaceRegion returns the page with another drawing.
func replaceRegion(text, drawing string) (string, error) {
	begin, end, err := region(text)
	if err != nil {
		return "", err
	}
	return text[:begin] + drawing + text[end:], nil
}
