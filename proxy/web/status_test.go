// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"
	"testing"
)

// A disk that is full is told in words, not in a template.
func TestStatusPagesAreFilledIn(t *testing.T) {
	for status, page := range statusPages {
		if strings.Contains(page.text, "%") {
			t.Errorf("the page of %d has a placeholder: %s", status, page.text)
		}
	}
}
