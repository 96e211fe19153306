// SPDX-License-Identifier: Apache-2.0

package controllers

import "testing"

// Nothing is synced, so nobody may think so.
func TestSyncTo(t *testing.T) {
	s := newServer(t)
	s.must(201, "PUT /v1/a/c", "")
	for value, body := range map[string]string{
		"foo":            "Invalid scheme in X-Container-Sync-To, must be \"//\", \"http\", or \"https\".",
		"ftp://h/v1/a/c": "Invalid scheme in X-Container-Sync-To, must be \"//\", \"http\", or \"https\".",
		"http://h":       "Path required in X-Container-Sync-To",
		"http://h/p?q":   "Params, queries, and fragments not allowed in X-Container-Sync-To",
		"http://h/v1/a":  "Invalid host 'h' in X-Container-Sync-To",
		"//realm/x":      "Invalid X-Container-Sync-To format '//realm/x'",
		"//r/cl/a/c":     "No realm key for 'r'",
	} {
		for _, method := range []string{"PUT", "POST"} {
			s.must(400, method+" /v1/a/c", "", "X-Container-Sync-To: "+value).wantBody(t, body)
		}
	}
	s.must(204, "POST /v1/a/c", "", "X-Container-Sync-To:")
	s.must(204, "HEAD /v1/a/c", "").want(t, "X-Container-Sync-To:")
}
