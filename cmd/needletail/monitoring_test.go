// SPDX-License-Identifier: Apache-2.0

//go:build monitoring

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/certificates/certtest"
)

const (
	// monitoringWait bounds the time until every query has data.
	monitoringWait = 2 * time.Minute
	// promtoolMax bounds a run of promtool, which takes seconds on a machine of
	// its own.
	promtoolMax = 5 * time.Minute
)

// promtool runs promtool and returns all that promtool prints.
func promtool(t *testing.T, dir, input string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), promtoolMax)
	defer cancel()
	cmd := exec.CommandContext(ctx, "promtool", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "promtool %s: %s", args, out)
	return string(out)
}

// TestMonitoring: the rules and the dashboard of docs/monitoring fit what real
// servers show to a real Prometheus. One server has a store of its own, the
// other is the proxy of a scripted cluster.
func TestMonitoring(t *testing.T) {
	dir := filepath.Join(repositoryRoot(t), "docs", "monitoring")
	require.Contains(t, promtool(t, dir, "", "check", "rules", "alerts.yml"), "SUCCESS")
	require.Contains(t, promtool(t, dir, "", "test", "rules", "alerts_test.yml"), "SUCCESS")

	a := certtest.NewAuthority(t)
	store := startTLS(t, a, t.TempDir(), "")
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool()}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	loadStore(t, client, a, store.URL)
	proxyURL := loadScripted(t)
	for _, target := range []string{store.URL, proxyURL} {
		page := fetched(t, client, target+"/metrics", "")
		require.Empty(t, promtool(t, dir, page, "check", "metrics"), target)
		open := fetched(t, client, target+"/metrics", "application/openmetrics-text; version=1.0.0")
		require.True(t, strings.HasSuffix(open, "# EOF\n"), target)
	}

	api := startPrometheus(t, filepath.Join(dir, "alerts.yml"), store.URL, proxyURL)
	queries := append(dashboardQueries(t), alertSelectors(t)...)
	require.Greater(t, len(queries), 80)
	var without []string
	require.Eventually(t, func() bool {
		without = nil
		for _, q := range queries {
			if answer := struct{ Result []any }{}; !prometheusAnswers(t, client, api+"/query?query="+url.QueryEscape(q), &answer) || len(answer.Result) == 0 {
				without = append(without, q)
			}
		}
		return len(without) == 0
	}, monitoringWait, time.Second, "no data: %v", &without)
	wantHealthyRules(t, client, api)
}

// loadStore sends requests that make all series: also a failure, of the front.
func loadStore(t *testing.T, client *http.Client, a *certtest.Authority, base string) {
	t.Helper()
	do := func(method, path, body string, headers ...string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
		require.NoError(t, err)
		for ; len(headers) > 1; headers = headers[2:] {
			req.Header.Set(headers[0], headers[1])
		}
		res, err := client.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res
	}
	token := do("GET", "/auth/v1.0", "", "X-Auth-User", "test:tester", "X-Auth-Key", "testing").Header.Get("X-Auth-Token")
	require.NotEmpty(t, token)
	large := strings.Repeat("0123456789abcdef", 32<<10) // a data file of its own
	for _, r := range []struct {
		method, path, body string
		status             int
	}{
		{"PUT", "/v1/AUTH_test/c", "", 201}, {"PUT", "/v1/AUTH_test/c/o", "body", 201}, {"PUT", "/v1/AUTH_test/c/large", large, 201},
		{"GET", "/v1/AUTH_test/c/large", "", 200}, {"HEAD", "/v1/AUTH_test/c/o", "", 200}, {"POST", "/v1/AUTH_test/c/o", "", 202},
		{"GET", "/v1/AUTH_test/c", "", 200}, {"DELETE", "/v1/AUTH_test/c/o", "", 204}, {"GET", "/v1/AUTH_test/c/o", "", 404},
		{"GET", "/healthcheck/live", "", 200}, {"GET", "/healthcheck/ready", "", 200},
	} {
		require.Equal(t, r.status, do(r.method, r.path, r.body, "X-Auth-Token", token).StatusCode, "%s %s", r.method, r.path)
	}
	c, err := tls.Dial("tcp", strings.TrimPrefix(base, "https://"), &tls.Config{RootCAs: a.Pool()})
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "PUT /v1/AUTH_test/c/o HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n")
	require.NoError(t, err)
	answer, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Contains(t, string(answer), "HTTP/1.1 501 ")
}

// loadScripted serves a cluster whose servers fail for the object "broken", and
// returns the URL.
func loadScripted(t *testing.T) string {
	t.Helper()
	b := startBackend(t)
	base, token := serveCluster(t, clusterSettings(t, swiftDir(t, b.Listener.Addr().String())))
	for path, status := range map[string]int{"/v1/AUTH_test/c/o": 200, "/v1/AUTH_test/c/broken": 503} {
		res, body := get(t, base+path, token)
		require.Equal(t, status, res.StatusCode, "%s: %s", path, body)
	}
	return base
}

func fetched(t *testing.T, client *http.Client, address, accept string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	require.NoError(t, err)
	req.Header.Set("Accept", accept)
	res, err := client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode, "%s", text)
	return string(text)
}

// startPrometheus starts a Prometheus on loopback that scrapes the targets every
// second, and returns the URL of the API.
func startPrometheus(t *testing.T, rules string, targets ...string) string {
	t.Helper()
	dir := t.TempDir()
	text := "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [" + rules + "]\nscrape_configs:\n"
	for i, target := range targets {
		scheme, address, _ := strings.Cut(target, "://")
		text += fmt.Sprintf("  - {job_name: job%d, scheme: %s, tls_config: {insecure_skip_verify: true}, static_configs: [{targets: [%q]}], "+
			"relabel_configs: [{target_label: job, replacement: needletail}]}\n", i, scheme, address)
	}
	config := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	log, err := os.Create(filepath.Join(dir, "log"))
	require.NoError(t, err)
	cmd := exec.Command("prometheus", "--config.file="+config, "--web.listen-address="+address, "--storage.tsdb.path="+filepath.Join(dir, "data"))
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the data is of no use
		_ = cmd.Wait()
		if said, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("prometheus printed:\n%s", said)
		}
		_ = log.Close()
	})
	return "http://" + address + "/api/v1"
}

// prometheusAnswers asks the API, and reports whether there was an answer. A
// Prometheus that starts gives none yet.
func prometheusAnswers(t *testing.T, client *http.Client, address string, data any) bool {
	t.Helper()
	res, err := client.Get(address)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	answer := struct {
		Error string
		Data  json.RawMessage
	}{}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return false
	}
	if res.StatusCode == http.StatusBadRequest {
		t.Errorf("%s: %s", address, answer.Error)
	}
	return res.StatusCode == http.StatusOK && json.Unmarshal(answer.Data, data) == nil
}

// wantHealthyRules wants every rule to have been evaluated without an error.
func wantHealthyRules(t *testing.T, client *http.Client, api string) {
	t.Helper()
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	require.True(t, prometheusAnswers(t, client, api+"/rules", &data))
	rules := 0
	for _, g := range data.Groups {
		for _, r := range g.Rules {
			rules++
			require.Equal(t, "ok", r.Health, "%s: %s", r.Name, r.LastError)
		}
	}
	require.Greater(t, rules, 20)
}
