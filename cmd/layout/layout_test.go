// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// lineCounts are the two figures of a room.
var lineCounts = regexp.MustCompile(`\d+ \+ +\d+`)

// structure returns a drawing without line counts, and with one space between two
// words: the width of a figure moves the words behind.
func structure(drawing string) string {
	return strings.Join(strings.Fields(lineCounts.ReplaceAllString(drawing, "")), " ")
}

func TestArchitectureShowsTheLayout(t *testing.T) {
	m, err := listModule()
	if err != nil {
		t.Fatal(err)
	}
	if len(m.packages) < 20 {
		t.Fatalf("go list found %d packages only", len(m.packages))
	}
	drawing, err := draw(m.packages)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(m.folder, page))
	if err != nil {
		t.Fatal(err)
	}
	begin, end, err := region(string(text))
	if err != nil {
		t.Fatal(err)
	}
	if structure(string(text[begin:end])) != structure(drawing) {
		t.Errorf("the drawing in %s is stale; run: make layout\nthe code has\n%s", page, drawing)
	}
}

// sample has two floors above ring.
var sample = []pkg{
	{path: "cmd/tool", imports: []string{"store/engine/deep", "ring"}, lines: 10, testLines: 20},
	{path: "store/engine", imports: []string{"store"}, lines: 1},
	{path: "store/engine/deep", imports: []string{"store/engine"}, lines: 2, testLines: 3},
	{path: "store", imports: []string{"ring"}, lines: 4},
	{path: "ring", lines: 5},
}

func TestFloors(t *testing.T) {
	rooms := group(sample, roomOf)
	if err := setFloors(rooms); err != nil {
		t.Fatal(err)
	}
	for name, floor := range map[string]int{"cmd/tool": 4, "store/engine": 3, "store": 2, "ring": 1} {
		if rooms[name] == nil || rooms[name].floor != floor {
			t.Errorf("%s is %+v, want floor %d", name, rooms[name], floor)
		}
	}
	if e := rooms["store/engine"]; len(e.packages) != 2 || e.lines != 3 || e.testLines != 3 {
		t.Errorf("store/engine is %+v", e)
	}
}

func TestACircleIsAnError(t *testing.T) {
	circle := append([]pkg{{path: "ring/back", imports: []string{"cmd/tool"}}}, sample...)
	circle[5].imports = []string{"ring/back"}
	if _, err := draw(circle); !errors.Is(err, errCircle) {
		t.Errorf("a circle gives %v", err)
	}
}

func TestStructureIgnoresCountsAlone(t *testing.T) {
	drawn := func(packages []pkg) string {
		text, err := draw(packages)
		if err != nil {
			t.Fatal(err)
		}
		return structure(text)
	}
	want := drawn(sample)
	longer := append([]pkg(nil), sample...)
	longer[0].lines = 123456
	if drawn(longer) != want {
		t.Error("a longer file makes the drawing stale")
	}
	longer[4].imports = []string{}
	longer[3].imports = nil
	if drawn(longer) == want {
		t.Error("a lost import leaves the drawing as it is")
	}
	if drawn(sample[1:]) == want {
		t.Error("a lost package leaves the drawing as it is")
	}
}

func TestReplaceRegion(t *testing.T) {
	text := "before\n" + regionBegin + "old\n" + regionEnd + "after\n"
	got, err := replaceRegion(text, "new\n")
	if err != nil || got != strings.Replace(text, "old", "new", 1) {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"", regionBegin, regionEnd + regionBegin} {
		if _, err := replaceRegion(bad, "new\n"); err == nil {
			t.Errorf("%q has a region", bad)
		}
	}
}
