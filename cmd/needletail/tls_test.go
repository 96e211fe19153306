// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/cmd/harness/testserver"
	"needletail/cmd/needletail/config"
	"needletail/proxy/certificates/certtest"
)

// startTLS starts the program with a certificate of a, number 1, for 127.0.0.1.
func startTLS(t *testing.T, a *certtest.Authority, dir, more string) *testserver.Process {
	t.Helper()
	cert, key := a.Files(t, dir, "server", "127.0.0.1")
	file := filepath.Join(dir, "needletail.toml")
	text := fmt.Sprintf("[tempauth]\nusers = [\"test:tester=testing,.admin\"]\n[tls]\ncert_file = %q\nkey_file = %q\n%s", cert, key, more)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return testserver.Start(t, t.TempDir(), "--config", file)
}

// shownSerial returns the serial number of the certificate that a new client is shown.
func shownSerial(t *testing.T, a *certtest.Authority, url string) int64 {
	t.Helper()
	c, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{RootCAs: a.Pool()})
	require.NoError(t, err)
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestServeOverTLS(t *testing.T) {
	a := certtest.NewAuthority(t)
	p := startTLS(t, a, t.TempDir(), `plain_listen = "127.0.0.1:0"`)
	require.Contains(t, p.URL, "https://")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool()}}}
	req, err := http.NewRequest("GET", p.URL+"/auth/v1.0", nil)
	require.NoError(t, err)
	req.Header.Set("X-Auth-User", "test:tester")
	req.Header.Set("X-Auth-Key", "testing")
	res, err := client.Do(req)
	require.NoError(t, err)
	require.Equal(t, 200, res.StatusCode)
	require.Equal(t, p.URL+"/v1/AUTH_test", res.Header.Get("X-Storage-Url"))
	openrc, err := os.ReadFile(filepath.Join(p.Data, openrcName))
	require.NoError(t, err)
	require.Contains(t, string(openrc), p.URL+"/identity")
	res, err = client.Get(p.URL + "/metrics")
	require.NoError(t, err)
	metrics, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(metrics), "needletail_tls_certificate_not_after_timestamp_seconds{cert_file=")

	c, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "https://"))
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "GET /info HTTP/1.1\r\nHost: h\r\n\r\n")
	require.NoError(t, err)
	line, _ := bufio.NewReader(c).ReadString('\n')
	require.NotContains(t, line, "200", "no request in the clear")
}

// Each of 100 certificates is shown soon after SIGHUP, and no request of clients
// that connect anew each time fails meanwhile.
func TestCertificatesChangeUnderLoad(t *testing.T) {
	const swaps, clients = 100, 4
	a, dir := certtest.NewAuthority(t), t.TempDir()
	p := startTLS(t, a, dir, "")
	var requests atomic.Int64
	var group sync.WaitGroup
	stop := make(chan struct{})
	failed := make(chan error, clients)
	body := bytes.Repeat([]byte("x"), 100_000)
	for range clients {
		group.Go(func() {
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.Pool()}, DisableKeepAlives: true}}
			for {
				select {
				case <-stop:
					return
				default:
				}
				res, err := client.Post(p.URL+"/nowhere", "text/plain", bytes.NewReader(body))
				if err != nil {
					failed <- err
					return
				}
				_, err = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
				if err != nil || res.StatusCode >= 500 {
					failed <- fmt.Errorf("%s: %w", res.Status, err)
					return
				}
				requests.Add(1)
			}
		})
	}
	deadline := time.Now().Add(2 * time.Minute)
	for serial := int64(2); serial <= swaps+1; serial++ {
		a.Files(t, dir, "server", "127.0.0.1")
		require.NoError(t, p.Cmd.Process.Signal(syscall.SIGHUP))
		for shownSerial(t, a, p.URL) != serial {
			require.True(t, time.Now().Before(deadline), "certificate %d is never shown", serial)
		}
	}
	close(stop)
	group.Wait()
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	require.Positive(t, requests.Load())
	t.Logf("%d requests during %d certificates", requests.Load(), swaps)
}

// A start with a broken pair leaves no data folder.
func TestStartWithBrokenCertificate(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	cert, _ := a.Files(t, dir, "a", "a.test")
	_, key := a.Files(t, dir, "b", "b.test")
	cfg := defaultSettings()
	cfg.Data = filepath.Join(dir, "data")
	cfg.TLS = config.TLS{CertFile: cert, KeyFile: key, MinVersion: "1.2"}
	require.NoError(t, cfg.Validate())
	err := serve(t.Context(), cfg, &reloader{}, io.Discard, io.Discard)
	require.ErrorIs(t, err, errUsage)
	require.ErrorContains(t, err, key)
	require.NoFileExists(t, cfg.Data)
	require.NoDirExists(t, cfg.Data)
}

func TestPortsReload(t *testing.T) {
	a, dir := certtest.NewAuthority(t), t.TempDir()
	cfg := config.Default()
	cfg.Listen, cfg.TLS.PlainListen = "127.0.0.1:0", "127.0.0.1:0"
	cfg.TLS.CertFile, cfg.TLS.KeyFile = a.Files(t, dir, "a", "a.test")
	p, err := openPorts(&cfg)
	require.NoError(t, err)
	require.NoError(t, p.listen(&cfg))
	defer p.close()
	require.NotEqual(t, p.main.Addr(), p.plain.Addr())
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	p.reload(logger)
	require.Contains(t, log.String(), "level=INFO")
	certtest.Replace(t, dir, "a.key", []byte("no key"))
	p.reload(logger)
	require.Contains(t, log.String(), "level=ERROR")
	require.Contains(t, log.String(), "a.key")
	(&ports{}).reload(logger) // without TLS
}
