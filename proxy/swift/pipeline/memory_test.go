// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Features that hold pages, manifests or lists whole do so on the account of
// memory: with little of it they answer 503, with enough of it they work and give
// all of it back.
func TestWhatIsHeldIsOnTheAccount(t *testing.T) {
	synctest.Test(t, whatIsHeldIsOnTheAccount)
}

func whatIsHeldIsOnTheAccount(t *testing.T) {
	s := newSite(t)
	for _, c := range []string{"segments", "versioned", "site"} {
		s.must(201, "owner", "PUT /v1/AUTH_test/"+c, "")
	}
	s.must(204, "owner", "POST /v1/AUTH_test/versioned", "", "X-Versions-Enabled: true")
	s.must(204, "owner", "POST /v1/AUTH_test/site", "", "X-Container-Meta-Web-Listings: true", "X-Container-Read: .r:*,.rlistings")
	for i := range 40 {
		name := fmt.Sprintf("%s%02d", strings.Repeat("n", 100), i)
		for _, c := range []string{"segments", "versioned", "site"} {
			s.must(201, "owner", "PUT /v1/AUTH_test/"+c+"/"+name, "body")
		}
		s.must(201, "owner", fmt.Sprintf("PUT /v1/AUTH_test/c%02d", i), "")
	}
	s.must(201, "owner", "PUT /v1/AUTH_test/segments/dlo", "", "X-Object-Manifest: segments/n")
	segment := `{"path":"/segments/` + strings.Repeat("n", 100) + `00"}`
	list := "[" + strings.TrimSuffix(strings.Repeat(segment+",", 40), ",") + "]"
	s.must(201, "owner", "PUT /v1/AUTH_test/segments/slo?multipart-manifest=put", list)

	for _, c := range []struct{ request, body, refusal string }{
		{"GET /v1/AUTH_test/segments/dlo", "", "503"},
		{"GET /v1/AUTH_test/segments/slo", "", "503"},
		{"GET /v1/AUTH_test/segments/slo?multipart-manifest=get&format=raw", "", "503"},
		{"PUT /v1/AUTH_test/segments/slo?multipart-manifest=put", list, "503"},
		{"GET /v1/AUTH_test/versioned?versions", "", "503"},
		{"GET /v1/AUTH_test/site/", "", "503"},
		{"POST /v1/AUTH_test?bulk-delete", strings.Repeat("missing/"+strings.Repeat("n", 100)+"\n", 40), "503 Service"},
		{"DELETE /v1/AUTH_test/segments/slo?multipart-manifest=delete", "", "503 Service"},
	} {
		for _, account := range []struct {
			bytes int64
			ok    bool
		}{{4 << 10, false}, {64 << 20, true}} {
			memory, held := web.NewMemory(account.bytes), new(web.Held)
			held.Use(memory)
			method, target, _ := strings.Cut(c.request, " ")
			raw, query, _ := strings.Cut(target, "?")
			r := &swift.Request{Request: &web.Request{
				Method: method, RawPath: raw, Path: raw, RawQuery: query, Scheme: "http", Host: "h",
				Body: strings.NewReader(c.body), ContentLength: int64(len(c.body)),
			}}
			r.SetHeld(held)
			r.Header.Add("X-Auth-Token", s.tokens["owner"])
			if strings.HasSuffix(raw, "/site/") {
				r.Header.Add("X-Web-Mode", "true")
			}
			res, err := s.serve.Serve(r)
			require.NoError(t, err)
			answer := fmt.Sprint(res.Status)
			if res.Body != nil {
				text, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				answer += " " + string(text)
			}
			require.NoError(t, res.Close())
			require.Equal(t, !account.ok, strings.Contains(answer, c.refusal), "%s with %d bytes: %.300s", c.request, account.bytes, answer)
			held.End()
			require.Zero(t, memory.Used(), c.request)
		}
	}
}
