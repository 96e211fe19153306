// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/cmd/harness/testserver"
)

// answerOf sends requests until an answer has the status, and returns the answer
// and its body. A slow machine may take a delay's time for each request, but
// delays double.
func answerOf(t *testing.T, status int, newRequest func() *http.Request) (*http.Response, string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		res, err := http.DefaultClient.Do(newRequest())
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		if res.StatusCode == status {
			return res, string(body)
		}
	}
	t.Fatalf("no answer is %d", status)
	return nil, ""
}

func request(t *testing.T, method, url, body string, lines ...string) func() *http.Request {
	return func() *http.Request {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		require.NoError(t, err)
		for i := 0; i < len(lines); i += 2 {
			r.Header.Set(lines[i], lines[i+1])
		}
		return r
	}
}

// TestLimitsOfClientsAreWired: each limit of the configuration refuses, says
// when to come back, is counted, and is logged.
func TestLimitsOfClientsAreWired(t *testing.T) {
	p := testserver.Start(t, t.TempDir(), "--tempauth-user", "test:tester=testing", "--config", testserver.WriteConfig(t,
		"[login_limits]\nfailures_per_user_and_ip = 2\nfailures_per_ip = 8\n[limits]\nmax_requests_per_second_per_ip = 100\n"))
	wrong := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"wrong"}}}}}`
	for _, r := range []func() *http.Request{
		request(t, "GET", p.URL+"/auth/v1.0", "", "X-Auth-User", "test:tester", "X-Auth-Key", "wrong"),
		request(t, "POST", p.URL+"/identity/v3/auth/tokens", wrong, "Content-Type", "application/json"),
		request(t, "GET", p.URL+"/info", ""),
	} {
		res, _ := answerOf(t, 429, r)
		require.NotEmpty(t, res.Header.Get("Retry-After"))
	}
	_, text := answerOf(t, 200, request(t, "GET", p.URL+"/metrics", "")) // the address is above its rate for a moment
	p.Stop()
	for _, series := range []string{"connections", "connections_per_ip", "requests_per_ip", "login_user_at_address", "login_address",
		"login_user", "login_queue", "request_memory", "head_memory"} {
		require.Contains(t, text, `needletail_refused_total{reason="`+series+`"} `)
	}
	for _, reason := range []string{"login_user_at_address", "requests_per_ip"} {
		require.NotContains(t, text, `needletail_refused_total{reason="`+reason+`"} 0`)
		require.Regexp(t, `a client is refused" reason=`+reason+` address=127.0.0.1`, p.Output())
	}
	require.NotContains(t, p.Output(), "wrong", "no key is logged")
	require.NotRegexp(t, `msg=request .* path=/info status=429`, p.Output(), "refused requests have no lines of their own")
}

// TestRefusalsAreSummedUp: a flood makes few lines.
func TestRefusalsAreSummedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer // the window ends in a goroutine of its own
		log := newRefusalLog(slog.New(slog.NewTextHandler(&out, nil)))
		for range repeatsInFull + 5 {
			log.add("connections", "192.0.2.1")
		}
		log.add("login_user", "192.0.2.1", "seconds", 1.0)
		time.Sleep(repeatWindow)
		synctest.Wait()
		require.Equal(t, repeatsInFull+1, strings.Count(out.String(), "a client is refused"))
		require.Contains(t, out.String(), `"more clients are refused" reason=connections count=5`)
	})
}
