package proxy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatTempURLsMayDo is the matrix of route and temporary URL: one that is
// right for the object's route opens it, nothing else opens anything.
func TestWhatTempURLsMayDo(t *testing.T) {
	const (
		key    = "a-key-of-the-account"
		future = "4102444800"
		past   = "1000000000"
	)
	s := newSite(t)
	s.must(204, "owner", "POST /v1/AUTH_test", "", "X-Account-Meta-Temp-Url-Key: "+key)
	s.must(201, "owner", "PUT /v1/AUTH_test/c", "")
	sign := func(key, method, expires, path string) string {
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprintf(mac, "%s\n%s\n%s", method, expires, path)
		return "temp_url_expires=" + expires + "&temp_url_sig=" + hex.EncodeToString(mac.Sum(nil))
	}
	kinds := map[string]func(method, path string) string{
		"valid":        func(m, p string) string { return sign(key, m, future, p) },
		"prefix":       func(m, p string) string { return sign(key, m, future, "prefix:"+p[:len(p)-1]) + "&temp_url_prefix=o" },
		"expired":      func(m, p string) string { return sign(key, m, past, p) },
		"wrong key":    func(m, p string) string { return sign("other", m, future, p) },
		"empty key":    func(m, p string) string { return sign("", m, future, p) },
		"other method": func(m, p string) string { return sign(key, "OPTIONS", future, p) },
		"other object": func(m, p string) string { return sign(key, m, future, p+"x") },
		"other prefix": func(m, p string) string {
			return sign(key, m, future, "prefix:/v1/AUTH_test/c/z") + "&temp_url_prefix=z"
		},
		"prefix unsaid": func(m, p string) string { return sign(key, m, future, "prefix:"+p[:len(p)-1]) },
		"signature alone": func(m, p string) string {
			return "temp_url_sig=" + sign(key, m, future, p)[len("temp_url_expires=4102444800&temp_url_sig="):]
		},
		"expires alone":     func(string, string) string { return "temp_url_expires=" + future },
		"garbled signature": func(m, p string) string { return sign(key, m, future, p) + "0" },
	}
	opened := map[string]int{"GET": 200, "HEAD": 200, "PUT": 201, "POST": 202, "DELETE": 204}
	for name, query := range kinds {
		for method, status := range opened {
			s.must(201, "owner", "PUT /v1/AUTH_test/c/o1", "body")
			const path = "/v1/AUTH_test/c/o1"
			want := 401
			if name == "valid" || name == "prefix" {
				want = status
			}
			a := s.as("none", method+" "+path+"?"+query(method, path), "")
			require.Equal(t, want, a.status, "%s: %s: %s", name, method, a.body)
			if want == 401 {
				require.Equal(t, "body", s.must(200, "owner", "GET "+path, "").body, "%s changed the object", name)
			}
			// A container and an account are never opened.
			for _, above := range []string{"/v1/AUTH_test/c", "/v1/AUTH_test"} {
				a := s.as("none", method+" "+above+"?"+query(method, above), "")
				require.Equal(t, 401, a.status, "%s: %s %s: %s", name, method, above, a.body)
			}
		}
	}
}
