// SPDX-License-Identifier: Apache-2.0

//go:build e2e || openstack

package harness

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

// clientCommand is a line of a file of commands, whose head says how they are
// written.
type clientCommand struct {
	line        string // after "openstack "
	kept        string // the name of the id that it prints, or ""
	fails, json bool
}

var keepsID = regexp.MustCompile(`^([A-Z0-9]+)> `)

func readCommands(t *testing.T, path string) []clientCommand {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var commands []clientCommand
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var c clientCommand
		if m := keepsID.FindStringSubmatch(line); m != nil {
			c.kept, c.json, line = m[1], true, line[len(m[0]):]
		}
		line, c.fails = strings.CutPrefix(line, "! ")
		if rest, ok := strings.CutPrefix(line, "json "); ok {
			c.json, line = true, rest
		}
		c.line = line
		commands = append(commands, c)
	}
	return commands
}

// words are the command's, with the ids that earlier ones printed.
func (c clientCommand) words(ids map[string]string) []string {
	line := c.line
	for name, id := range ids {
		line = strings.ReplaceAll(line, "{"+name+"}", id)
	}
	words := append([]string{"openstack"}, strings.Fields(line)...)
	if c.json {
		words = append(words, "-f", "json")
	}
	return words
}

// keep finds the id in what the command printed.
func (c clientCommand) keep(ids map[string]string, out string) {
	var row map[string]any
	if c.kept == "" || json.Unmarshal([]byte(out), &row) != nil {
		return
	}
	for _, column := range []string{"id", "access"} {
		if id, ok := row[column].(string); ok {
			ids[c.kept] = id
			return
		}
	}
}

// TestE2EIdentityCommands runs the commands of testdata/openstack-identity.txt.
func TestE2EIdentityCommands(t *testing.T) {
	s := startSite(t)
	ids := map[string]string{}
	for _, c := range readCommands(t, "testdata/openstack-identity.txt") {
		out, err := s.try(t, "", c.words(ids)...)
		if (err != nil) != c.fails {
			t.Errorf("openstack %s: %v", c.line, err)
			continue
		}
		if c.json && !c.fails && !json.Valid([]byte(out)) {
			t.Errorf("openstack %s printed %q", c.line, out)
		}
		c.keep(ids, out)
		if c.kept != "" && ids[c.kept] == "" {
			t.Fatalf("openstack %s printed no id: %s", c.line, out)
		}
	}
	s.Stop()
}
