// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	// alertName and alertTest find the alerts in alerts.yml and alerts_test.yml.
	alertName = regexp.MustCompile(`(?m)^ +- alert: (\w+)$`)
	alertTest = regexp.MustCompile(`(?m)^        alertname: (\w+)\n        exp_alerts:( \[\])?$`)
	// alertPage finds the page of an alert.
	alertPage = regexp.MustCompile(`(?m)^ +runbook: (\S+)$`)
	// selector finds a metric with its labels in a query.
	selector = regexp.MustCompile(`\b(?:needletail_|go_|process_)\w+(?:\{[^}]*\})?|\bup\{[^}]*\}`)
)

func monitoringFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repositoryRoot(t), "docs", "monitoring", name))
	require.NoError(t, err)
	return string(text)
}

// submatches returns the first group of all matches.
func submatches(of *regexp.Regexp, text string) (found []string) {
	for _, m := range of.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// TestAlertsHaveTests: each alert has a test in which the alert fires, a test in
// which the alert is clear, and a page that is there.
func TestAlertsHaveTests(t *testing.T) {
	rules, tests := monitoringFile(t, "alerts.yml"), monitoringFile(t, "alerts_test.yml")
	fires, clears := map[string]bool{}, map[string]bool{}
	for _, m := range alertTest.FindAllStringSubmatch(tests, -1) {
		if m[2] == "" {
			fires[m[1]] = true
		} else {
			clears[m[1]] = true
		}
	}
	names := submatches(alertName, rules)
	require.Greater(t, len(names), 20)
	for _, name := range names {
		require.True(t, fires[name] && clears[name], name)
	}
	pages := submatches(alertPage, rules)
	require.Len(t, pages, len(names))
	for _, page := range pages {
		path, anchor, _ := strings.Cut(page, "#")
		text, err := os.ReadFile(filepath.Join(repositoryRoot(t), path))
		require.NoError(t, err)
		require.Contains(t, anchors(string(text)), anchor, page)
	}
}

// dashboardQueries returns the queries of the dashboard, with values in the place
// of the variables.
func dashboardQueries(t *testing.T) (queries []string) {
	t.Helper()
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	require.NoError(t, json.Unmarshal([]byte(monitoringFile(t, "dashboard.json")), &board))
	fill := strings.NewReplacer("$__rate_interval", "10s", "$job", "needletail", "$instance", ".*")
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries = append(queries, fill.Replace(target.Expr))
		}
	}
	return queries
}

// alertSelectors returns the metrics of the alerts, with their labels.
func alertSelectors(t *testing.T) []string {
	t.Helper()
	found := selector.FindAllString(monitoringFile(t, "alerts.yml"), -1)
	slices.Sort(found)
	return slices.Compact(found)
}

// TestDashboard: the ids of the panels differ, every query is bound to the job
// and the server that the reader chooses, and no variable is left over.
func TestDashboard(t *testing.T) {
	var board struct {
		UID           string
		SchemaVersion int
		Panels        []struct{ ID int }
	}
	require.NoError(t, json.Unmarshal([]byte(monitoringFile(t, "dashboard.json")), &board))
	require.Equal(t, "needletail", board.UID)
	require.GreaterOrEqual(t, board.SchemaVersion, 39)
	seen := map[int]bool{}
	for _, p := range board.Panels {
		require.False(t, seen[p.ID], "two panels have the id %d", p.ID)
		seen[p.ID] = true
	}
	queries := dashboardQueries(t)
	require.Greater(t, len(queries), 40)
	for _, q := range queries {
		require.NotContains(t, q, "$", q)
		for _, s := range selector.FindAllString(q, -1) {
			require.Contains(t, s, `job="needletail", instance=~".*"`, q)
		}
	}
	for _, s := range alertSelectors(t) {
		require.Contains(t, s, `{job="needletail"`, s)
	}
}
