// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"needletail/cmd/harness/testserver"
	"needletail/cmd/needletail/config"
	"needletail/proxy"
	"needletail/proxy/httpfront"
	"needletail/proxy/metrics"
	"needletail/proxy/web"
)

// TestHostsOfAccountsAreSwifts: every path of a host that names an account is
// Swift's, also in /metrics and in the log.
func TestHostsOfAccountsAreSwifts(t *testing.T) {
	p := testserver.Start(t, t.TempDir(), "--config", testserver.WriteConfig(t, "[filter.domain_remap]\nstorage_domain = [\"example.com\"]\n"))
	for _, path := range []string{"/", "/v2/images/x", "/identity/v3"} {
		asked(t, p, path, "AUTH-a.example.com")
	}
	_, _, text := asked(t, p, "/metrics", "localhost")
	p.Stop()
	counted := `needletail_requests_total{method="GET",service="swift",status="401"} 3`
	if !strings.Contains(text, counted) {
		t.Errorf("no %s in\n%s", counted, text)
	}
	for _, line := range strings.Split(p.Output(), "\n") {
		want := " service=swift "
		switch {
		case !strings.Contains(line, "msg=request"):
			continue
		case strings.Contains(line, " path=/metrics "):
			want = " service=metrics "
		}
		if !strings.Contains(line, want) {
			t.Errorf("no%sin %s", want, line)
		}
	}
}

// TestFailuresHaveTheServiceOfTheMount: the sum of many failures names the
// service that the mount chose, whatever the path looks like. A request that the
// front refused belongs to no service.
func TestFailuresHaveTheServiceOfTheMount(t *testing.T) {
	for service, want := range map[string]string{proxy.ServiceSwift: "service=swift", "": "service=front"} {
		synctest.Test(t, func(t *testing.T) {
			var out lockedBuffer // the window ends in a goroutine of its own
			logger := slog.New(slog.NewTextHandler(&out, nil))
			done := (&front{logger: logger, counters: metrics.New(), failures: newFailureLog(logger)}).observe(config.Log{})
			for range repeatsInFull + 1 {
				done(httpfront.Done{Method: "GET", RawPath: "/", Status: 500, Err: io.ErrShortWrite, Log: web.LogInfo{Service: service}})
			}
			time.Sleep(repeatWindow)
			synctest.Wait()
			if !strings.Contains(out.String(), "more requests failed") || !strings.Contains(out.String(), want) {
				t.Errorf("no %s in\n%s", want, out.String())
			}
		})
	}
}
