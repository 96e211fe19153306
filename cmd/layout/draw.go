// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// room is a folder with its packages.
type room struct {
	name             string
	packages         []string // paths
	lines, testLines int
	imports          map[string]bool // names of other rooms
	floor            int
}

// roomOf returns the first two names of a package's path.
func roomOf(path string) string {
	parts := strings.SplitN(path, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// folderOf returns the first name of a package's path.
func folderOf(path string) string {
	folder, _, _ := strings.Cut(path, "/")
	return folder
}

// group puts packages together by name, and their imports with them.
func group(packages []pkg, name func(path string) string) map[string]*room {
	rooms := map[string]*room{}
	for _, p := range packages {
		own := name(p.path)
		r := rooms[own]
		if r == nil {
			r = &room{name: own, imports: map[string]bool{}}
			rooms[own] = r
		}
		r.packages = append(r.packages, p.path)
		r.lines += p.lines
		r.testLines += p.testLines
		for _, imp := range p.imports {
			if other := name(imp); other != own {
				r.imports[other] = true
			}
		}
	}
	return rooms
}

// errCircle reports rooms that import one another.
var errCircle = errors.New("rooms import one another in a circle")

// setFloors gives each room the floor above the highest room that it imports.
func setFloors(rooms map[string]*room) error {
	const unknown, asking = 0, -1
	var ask func(r *room, way []string) error
	ask = func(r *room, way []string) error {
		way = append(way, r.name)
		switch r.floor {
		case unknown:
		case asking:
			return fmt.Errorf("%w: %s", errCircle, strings.Join(way, " ─► "))
		default:
			return nil
		}
		r.floor = asking
		highest := 0
		for _, name := range slices.Sorted(maps.Keys(r.imports)) {
			below := rooms[name]
			if err := ask(below, way); err != nil {
				return err
			}
			highest = max(highest, below.floor)
		}
		r.floor = highest + 1
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(rooms)) {
		if err := ask(rooms[name], nil); err != nil {
			return err
		}
	}
	return nil
}

// draw returns the drawing, as two blocks of text in Markdown.
func draw(packages []pkg) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "The folders at the top, with lines of code and of tests:\n\n```\n")
	folders := group(packages, folderOf)
	if err := setFloors(folders); err != nil {
		return "", err
	}
	drawRooms(&b, folders, false)
	fmt.Fprintf(&b, "```\n\nThe rooms, floor by floor; every import points down:\n\n```\n")
	rooms := group(packages, roomOf)
	if err := setFloors(rooms); err != nil {
		return "", err
	}
	drawRooms(&b, rooms, true)
	b.WriteString("```\n")
	return b.String(), nil
}

// wrapAt is the column at which a list of names goes on in the next line.
const wrapAt = 110

// drawRooms writes a line for each room, the highest floor first, and an empty
// line between two floors. If holds is true, the packages below a room follow.
func drawRooms(b *strings.Builder, rooms map[string]*room, holds bool) {
	list := slices.SortedFunc(maps.Values(rooms), func(a, b *room) int {
		return cmp.Or(cmp.Compare(b.floor, a.floor), strings.Compare(a.name, b.name))
	})
	width := 0
	for _, r := range list {
		width = max(width, len(r.name))
	}
	for i, r := range list {
		if i > 0 && list[i-1].floor != r.floor {
			b.WriteString("\n")
		}
		noun := "packages"
		if len(r.packages) == 1 {
			noun = "package"
		}
		line := fmt.Sprintf("%-*s %2d %-8s %6d + %5d", width, r.name, len(r.packages), noun, r.lines, r.testLines)
		if len(r.imports) > 0 {
			line += " ─► " + wrapped(slices.Sorted(maps.Keys(r.imports)), len(line)+len(" -> "))
		}
		b.WriteString(line + "\n")
		if holds && len(r.packages) > 1 {
			b.WriteString("  with " + wrapped(r.below(), len("  with ")) + "\n")
		}
	}
}

// below returns the names of the packages below the room's folder.
func (r *room) below() []string {
	var names []string
	for _, path := range r.packages {
		if name, ok := strings.CutPrefix(path, r.name+"/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// wrapped joins names with spaces. Lines after the first begin with indent spaces.
func wrapped(names []string, indent int) string {
	var b strings.Builder
	column := indent
	for i, name := range names {
		switch {
		case i == 0:
		case column+1+len(name) > wrapAt:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(name)
		column += len(name)
	}
	return b.String()
}
