// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"fmt"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/proxy/web"
)

func bodyOf(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprint(web.ErrorResponse(err).Status) + " " + err.(*web.StatusError).Body
}

// Each limit holds at N and refuses N+1.
func TestCheckMetadataLimits(t *testing.T) {
	many := func(n int) (h web.Header) {
		for i := range n {
			h.Add(fmt.Sprintf("X-Object-Meta-%d", i), "v")
		}
		return h
	}
	overall := func(bytes int) (h web.Header) { // 15 × 256 + the rest
		for i := range 15 {
			h.Add(fmt.Sprintf("X-Object-Meta-%06d", i), strings.Repeat("v", 250))
		}
		h.Add("X-Object-Meta-Last00", strings.Repeat("v", bytes-15*256-6))
		return h
	}
	x := strings.Repeat
	for _, tc := range []struct {
		name string
		h    web.Header
		want string
	}{
		{"name", web.Header{{Name: "X-Object-Meta-" + x("n", 128), Value: ""}}, ""},
		{"name", web.Header{{Name: "X-Object-Meta-" + x("n", 129), Value: ""}}, "400 Metadata name too long: x-object-meta-" + x("n", 129)},
		{"value", web.Header{{Name: "X-Object-Meta-A", Value: x("v", 256)}}, ""},
		{"value", web.Header{{Name: "X-Object-Meta-A", Value: x("v", 257)}}, "400 Metadata value longer than 256: x-object-meta-A"},
		{"count", many(90), ""},
		{"count", many(91), "400 Too many metadata items; max 90"},
		{"overall", overall(4096), ""},
		{"overall", overall(4097), "400 Total metadata too large; max 4096"},
		{"header", web.Header{{Name: "X-Other", Value: x("v", 8192)}}, ""},
		{"header", web.Header{{Name: "X-Other", Value: x("v", 8193)}}, "400 Header value too long: X-Other"},
		{"empty", web.Header{{Name: "X-Object-Meta-", Value: "v"}}, "400 Metadata name cannot be empty"},
		{"bytes", web.Header{{Name: "X-Object-Meta-A", Value: "\xff"}}, ""},
	} {
		if got := bodyOf(DefaultLimits().CheckMetadata(tc.h, ObjectResource)); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	for _, of := range []Resource{AccountResource, ContainerResource} {
		h := web.Header{{Name: of.UserPrefix() + "A", Value: "\xff"}}
		if got := bodyOf(DefaultLimits().CheckMetadata(h, of)); got != "400 Metadata must be valid UTF-8" {
			t.Errorf("%s: %q", of, got)
		}
	}
}

func TestCheckMergedLimits(t *testing.T) {
	l := DefaultLimits()
	merged := func(n, valueBytes int) (m objstore.Metadata) {
		for i := range n {
			m.Set(fmt.Sprintf("X-Container-Meta-%06d", i), strings.Repeat("v", valueBytes))
		}
		m.Set("X-Container-Read", strings.Repeat("r", 7000)) // no user metadata
		return m
	}
	for _, tc := range []struct {
		m    objstore.Metadata
		want string
	}{
		{merged(90, 1), ""},
		{merged(91, 1), "400 Too many metadata items; max 90"},
		{merged(16, 250), ""},
		{merged(16, 251), "400 Total metadata too large; max 4096"},
		{objstore.Metadata{{Name: "X-Container-Read", Value: "\xff"}}, "400 Metadata must be valid UTF-8"},
	} {
		if got := bodyOf(l.CheckMerged(tc.m)); got != tc.want {
			t.Errorf("%d fields: %q, want %q", len(tc.m), got, tc.want)
		}
	}
}

func TestObjectMetadataSelects(t *testing.T) {
	m := ObjectMetadata(web.Header{
		{Name: "X-Object-Meta-A", Value: ""}, {Name: "X-Object-Meta-", Value: "x"}, {Name: "X-Object-Sysmeta-B", Value: "b"}, {Name: "Expires", Value: "e"},
		{Name: "X-Object-Transient-Sysmeta-C", Value: "c"}, {Name: "Content-Type", Value: "t"}, {Name: "X-Delete-At", Value: "1"}, {Name: "Cache-Control", Value: ""},
		{Name: "X-Container-Meta-D", Value: "d"}, {Name: "X-Static-Large-Object", Value: "true"},
	})
	want := objstore.Metadata{{Name: "Cache-Control"}, {Name: "Expires", Value: "e"}, {Name: "X-Object-Meta-A"},
		{Name: "X-Object-Sysmeta-B", Value: "b"}, {Name: "X-Object-Transient-Sysmeta-C", Value: "c"}, {Name: "X-Static-Large-Object", Value: "true"}}
	if fmt.Sprint(m) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", m, want)
	}
}
