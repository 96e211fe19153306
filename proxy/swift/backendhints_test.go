// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"testing"

	"needletail/objstore"
	"needletail/proxy/web"
)

func TestHints(t *testing.T) {
	h := web.Header{{Name: "Range", Value: "bytes=0-1"}}
	slo := objstore.Metadata{{Name: "X-Object-Sysmeta-Slo-Etag", Value: "s"}}
	check := func(m objstore.Metadata, wantETag, wantRange string) {
		t.Helper()
		if got := ConditionETag(h, m, "own"); got != wantETag {
			t.Errorf("%v of %v: ETag %q, want %q", h, m, got, wantETag)
		}
		if got := RangeOf(h, m); got != wantRange {
			t.Errorf("%v of %v: Range %q, want %q", h, m, got, wantRange)
		}
	}
	check(slo, "own", "bytes=0-1")
	AddHint(&h, ETagIsAt, "X-Object-Sysmeta-Other")
	AddHint(&h, ETagIsAt, "X-Object-Sysmeta-Slo-Etag")
	AddHint(&h, IgnoreRangeIf, "X-Object-Sysmeta-Slo-Etag")
	if want := "X-Object-Sysmeta-Other,X-Object-Sysmeta-Slo-Etag"; h.Get(ETagIsAt) != want {
		t.Errorf("two hints: %q, want %q", h.Get(ETagIsAt), want)
	}
	check(slo, "s", "")
	check(nil, "own", "bytes=0-1")
	check(objstore.Metadata{{Name: "X-Object-Sysmeta-Other", Value: "o"}, slo[0]}, "o", "")
}
