//go:build e2e

package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

var keepsID = regexp.MustCompile(`^([A-Z0-9]+)> `)

// TestE2EIdentityCommands runs the commands of testdata/openstack-identity.txt,
// whose head says how they are written.
func TestE2EIdentityCommands(t *testing.T) {
	s := startSite(t)
	text, err := os.ReadFile("testdata/openstack-identity.txt")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		kept := ""
		if m := keepsID.FindStringSubmatch(line); m != nil {
			kept, line = m[1], line[len(m[0]):]
		}
		line, fails := strings.CutPrefix(line, "! ")
		line, asJSON := strings.CutPrefix(line, "json ")
		for name, id := range ids {
			line = strings.ReplaceAll(line, "{"+name+"}", id)
		}
		command := append([]string{"openstack"}, strings.Fields(line)...)
		if asJSON || kept != "" {
			command = append(command, "-f", "json")
		}
		out, err := s.try(t, "", command...)
		if (err != nil) != fails {
			t.Errorf("openstack %s: %v", line, err)
			continue
		}
		if asJSON && !json.Valid([]byte(out)) {
			t.Errorf("openstack %s printed %q", line, out)
		}
		if kept != "" {
			var row map[string]any
			if err := json.Unmarshal([]byte(out), &row); err != nil {
				t.Fatalf("openstack %s: %v", line, err)
			}
			if id, ok := row["id"].(string); ok {
				ids[kept] = id
			} else if access, ok := row["access"].(string); ok {
				ids[kept] = access
			}
		}
	}
	s.stop()
}
