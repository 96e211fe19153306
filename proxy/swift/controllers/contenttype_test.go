// SPDX-License-Identifier: Apache-2.0

package controllers

import "testing"

func TestGuessContentType(t *testing.T) {
	for name, want := range map[string]string{
		"/v1/a/c/x.wav":     "audio/x-wav",
		"/v1/a/c/x.TXT":     "text/plain",
		"/v1/a/c/x.tar.gz":  "application/x-tar",
		"/v1/a/c/x.tgz":     "application/x-tar",
		"/v1/a/c/x.gz":      DefaultContentType,
		"/v1/a/c/.txt":      DefaultContentType,
		"/v1/a/c.txt/x":     DefaultContentType,
		"/v1/a/c/x.svgz":    "image/svg+xml",
		"/v1/a/c/x.unheard": DefaultContentType,
		"/v1/a/c/x.":        DefaultContentType,
		"":                  DefaultContentType,
	} {
		if got := GuessContentType(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
