// SPDX-License-Identifier: Apache-2.0

//go:build openstack

package harness

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

// runCommands runs a file of commands.
func (x *topology) runCommands(path string, ids map[string]string) []commandResult {
	var results []commandResult
	env := x.env(x.keystone, "admin", "admin")
	for _, c := range readCommands(x.t, path) {
		r := x.clients().do(x.t, env, c.words(ids)...)
		c.keep(ids, r.Out)
		results = append(results, r)
	}
	return results
}

// compareCommands runs each command at both and prints the table. The exit codes
// have to be equal, and the columns of what is printed as JSON.
func compareCommands(t *testing.T, ours, real *topology, path string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "f")
	randomFile(t, file, 1<<20)
	sites := []*topology{ours, real}
	results := make([][]commandResult, len(sites))
	var wg sync.WaitGroup
	for i, x := range sites {
		ids := map[string]string{"FILE": file, "TO": fmt.Sprint(file, ".to", i)}
		wg.Go(func() { results[i] = x.runCommands(path, ids) })
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	var table strings.Builder
	fmt.Fprintf(&table, "| command | ours: exit code | s | real: exit code | s |\n|---|---:|---:|---:|---:|\n")
	var seconds [2]float64
	for i, c := range readCommands(t, path) {
		a, b := results[0][i], results[1][i]
		fmt.Fprintf(&table, "| %s | %d | %.2f | %d | %.2f |\n", c.line, a.Code, a.Seconds, b.Code, b.Seconds)
		seconds[0], seconds[1] = seconds[0]+a.Seconds, seconds[1]+b.Seconds
		if a.Code != b.Code {
			t.Errorf("openstack %s: exit code %d, the real service's %d\nours: %s%s\nreal: %s%s", c.line, a.Code, b.Code,
				testserver.Tail(a.Out, 300), testserver.Tail(a.Err, 300), testserver.Tail(b.Out, 300), testserver.Tail(b.Err, 300))
		} else if got, want := columns(a.Out), columns(b.Out); c.json && a.Code == 0 && got != want {
			t.Errorf("openstack %s: columns %s, the real service's %s", c.line, got, want)
		}
	}
	fmt.Fprintf(&table, "| all | | %.1f | | %.1f |\n", seconds[0], seconds[1])
	t.Logf("\n%s", table.String())
}

// columns are the names in what was printed as JSON: of the object, or of all
// rows.
func columns(out string) string {
	names := map[string]bool{}
	var rows []map[string]any
	if json.Unmarshal([]byte(out), &rows) != nil {
		rows = make([]map[string]any, 1)
		if json.Unmarshal([]byte(out), &rows[0]) != nil {
			return "none"
		}
	}
	for _, row := range rows {
		for name := range row {
			names[name] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(names)), ",")
}

// lists are what the set-up script fills.
var lists = []string{
	"user list", "project list", "role list", "domain list", "group list", "region list", "service list", "endpoint list",
	"registered limit list", "limit list", "implied role list", "role assignment list --names", "catalog list",
	"user list --long", "project list --long", "service list --long",
}

// compareLists wants each list to be the same but for ids and addresses.
func compareLists(t *testing.T, ours, real *topology) {
	t.Helper()
	for _, list := range lists {
		command := append(append([]string{"openstack"}, strings.Fields(list)...), "-f", "json")
		got, want := ours.plainRows(ours.run(command...)), real.plainRows(real.run(command...))
		if !slices.Equal(got, want) {
			t.Errorf("%s:\nours\n  %s\nreal\n  %s", list, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
}

var anID = regexp.MustCompile(`[0-9a-f]{32}`)

// plainRows are the rows without ids and addresses, sorted. The order of ids, by
// which Keystone sorts, is random.
func (x *topology) plainRows(out string) []string {
	x.t.Helper()
	for address, name := range map[string]string{x.image: "IMAGE", x.swift: "SWIFT", x.keystone: "IDENTITY"} {
		// The image service of ours has a path; the whole address goes first.
		out = strings.ReplaceAll(out, `"`+address+`"`, `"`+name+`"`)
	}
	out = strings.ReplaceAll(strings.ReplaceAll(out, x.swift+"/v1", "SWIFT/v1"), x.keystone+"/v3", "IDENTITY/v3")
	var rows []map[string]any
	if err := json.Unmarshal([]byte(anID.ReplaceAllString(out, "ID")), &rows); err != nil {
		x.t.Fatalf("%v in %s", err, out)
	}
	plain := make([]string, len(rows))
	for i, row := range rows {
		if endpoints, ok := row["Endpoints"].([]any); ok {
			slices.SortFunc(endpoints, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		text, err := json.Marshal(row)
		if err != nil {
			x.t.Fatal(err)
		}
		plain[i] = string(text)
	}
	slices.Sort(plain)
	return plain
}

// tokenRates issues and validates tokens for some seconds each, on two
// connections.
func (x *topology) tokenRates(seconds int) (issued, validated float64) {
	t := x.t
	t.Helper()
	token, _ := login(t, x.keystone, "admin", "admin")
	loginBody := `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"}, "password": "` +
		servicePassword + `"}}}, "scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}`
	endpoint := x.keystone + "/v3/auth/tokens"
	issued = rate(t, seconds, 201, func() (*http.Request, error) {
		req, err := http.NewRequest("POST", endpoint, strings.NewReader(loginBody))
		if err == nil {
			req.Header.Set("Content-Type", "application/json")
		}
		return req, err
	})
	validated = rate(t, seconds, 200, func() (*http.Request, error) {
		req, err := http.NewRequest("GET", endpoint, nil)
		if err == nil {
			req.Header.Set("X-Auth-Token", token)
			req.Header.Set("X-Subject-Token", token)
		}
		return req, err
	})
	return issued, validated
}

// rate is how many requests a second are answered with the status.
func rate(t *testing.T, seconds, status int, next func() (*http.Request, error)) float64 {
	t.Helper()
	start := time.Now()
	until := start.Add(time.Duration(seconds) * time.Second)
	counts := make([]int, 2)
	var wg sync.WaitGroup
	for i := range counts {
		wg.Go(func() {
			for time.Now().Before(until) {
				req, err := next()
				if err != nil {
					t.Error(err)
					return
				}
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if res.StatusCode != status {
					t.Errorf("%s %s: %d", req.Method, req.URL, res.StatusCode)
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	return float64(counts[0]+counts[1]) / time.Since(start).Seconds()
}
