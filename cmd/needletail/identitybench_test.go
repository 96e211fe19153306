// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// benchSite serves a new site in this process and gives its address.
func benchSite(b *testing.B) string {
	b.Helper()
	b.Setenv("OS_BOOTSTRAP_PASSWORD", "asdf")
	cfg := defaultSettings()
	cfg.Data, cfg.Log.Access = b.TempDir(), false
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	cfg.PublicURL = "http://" + ln.Addr().String()
	logger := slog.New(slog.DiscardHandler)
	st, err := openStorage(cfg, logger)
	if err != nil {
		b.Fatal(err)
	}
	if err := st.bootstrap(b.Context(), cfg); err != nil {
		b.Fatal(err)
	}
	front, err := newFront(cfg, st, logger, sinks{})
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- front.Serve(ln) }()
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = front.Shutdown(ctx)
		<-served
		if err := st.close(); err != nil {
			b.Error(err)
		}
	})
	return cfg.PublicURL
}

// ask sends a request on a kept connection and gives the answer's header.
func ask(b *testing.B, client *http.Client, want int, method, url, body string, header http.Header) http.Header {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header = header
	res, err := client.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != want {
		b.Fatalf("%s: %d, %v", url, res.StatusCode, err)
	}
	return res.Header
}

const benchLogin = `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "admin", "domain": {"id": "default"}, "password": "asdf"}}}, ` +
	`"scope": {"project": {"name": "admin", "domain": {"id": "default"}}}}}`

// BenchmarkTokenIssue is logins by password over HTTP, one after the other.
func BenchmarkTokenIssue(b *testing.B) {
	site := benchSite(b)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	login := func() {
		ask(b, client, 201, "POST", site+"/identity/v3/auth/tokens", benchLogin, http.Header{"Content-Type": {"application/json"}})
	}
	login() // bcrypt, once for each password
	for b.Loop() {
		login()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// BenchmarkTokenValidate is what a service asks about each new token, with and
// without the catalog.
func BenchmarkTokenValidate(b *testing.B) {
	site := benchSite(b)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	url := site + "/identity/v3/auth/tokens"
	token := ask(b, client, 201, "POST", url, benchLogin, http.Header{"Content-Type": {"application/json"}}).Get("X-Subject-Token")
	for name, query := range map[string]string{"nocatalog": "?nocatalog", "catalog": ""} {
		b.Run(name, func(b *testing.B) {
			header := http.Header{"X-Auth-Token": {token}, "X-Subject-Token": {token}}
			for b.Loop() {
				ask(b, client, 200, "GET", url+query, "", header)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
		})
	}
}
