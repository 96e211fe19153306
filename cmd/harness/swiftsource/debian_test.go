// SPDX-License-Identifier: Apache-2.0

package swiftsource

import "testing"

func TestAsSourceList(t *testing.T) {
	for in, want := range map[string]string{
		"deb http://h/d s main\n# deb x\ndeb-src y": "deb-src http://h/d s main\n# deb x\ndeb-src y",
		"Types: deb\nURIs: http://h/d\nSuites: s":   "Types: deb-src\nURIs: http://h/d\nSuites: s",
	} {
		if got := asSourceList(in); got != want {
			t.Errorf("%q gives %q", in, got)
		}
	}
}
