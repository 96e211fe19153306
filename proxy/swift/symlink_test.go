// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"reflect"
	"testing"

	"needletail/objstore"
	"needletail/proxy/web"
)

func TestSymlinkRoundTrip(t *testing.T) {
	for _, s := range []Symlink{
		{Container: "c", Object: "o"},
		{Account: "AUTH_ü;", Container: "c;=\"", Object: "a/b//c %2F\n", ETag: "e", SizeBytes: 7},
		{Container: "c", Object: "o", ETag: "e"},
	} {
		h := web.Header{{Name: OverrideETag, Value: "m; slo_etag=s; symlink_target=old; symlink_target_account=old"},
			{Name: symlinkAccount, Value: "old"}, {Name: symlinkETag, Value: "old"}}
		SetSymlink(&h, s)
		if got, ok := SymlinkOf(h); !ok || got != s {
			t.Errorf("%+v became %+v, %t", s, got, ok)
		}
	}
	for _, target := range []string{"", "c", "/", "c/", "//o"} {
		if s, ok := SymlinkOf(web.Header{{Name: symlinkTarget, Value: target}}); ok {
			t.Errorf("%q is a link: %+v", target, s)
		}
	}
	if got := (Symlink{Container: "c", Object: "o"}).Path("v1", "a"); got != "/v1/a/c/o" {
		t.Error(got)
	}
}

func TestListingOverride(t *testing.T) {
	h := web.Header{{Name: OverridePrefix + "Size", Value: "12"}, {Name: OverridePrefix + "Content-Type", Value: "a/b"}, {Name: OverrideETag, Value: "m; slo_etag=s"}}
	SetSymlink(&h, Symlink{Account: "ü", Container: "c", Object: "a b;", ETag: "e", SizeBytes: 7})
	got := ListingOverride(h, "link account")
	size := int64(12)
	want := objstore.ListingOverride{ETag: "m", SizeBytes: &size, ContentType: "a/b", Extra: objstore.Metadata{
		{Name: "slo_etag", Value: `"s"`}, {Name: "symlink_bytes", Value: "7"}, {Name: "symlink_etag", Value: "e"},
		{Name: "symlink_path", Value: "/v1/%C3%BC/c/a%20b%3B"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	h = web.Header{}
	SetSymlink(&h, Symlink{Container: "c", Object: "o"})
	if got := ListingOverride(h, "a"); got.ETag != EmptyETag || got.Extra.Get("symlink_path") != "/v1/a/c/o" || got.SizeBytes != nil {
		t.Errorf("%+v", got)
	}
	if got := ListingOverride(web.Header{{Name: OverridePrefix + "Size", Value: "-1"}, {Name: OverrideETag, Value: ";;=; x"}}, "a"); !reflect.DeepEqual(got, objstore.ListingOverride{}) {
		t.Errorf("%+v", got)
	}
}

func FuzzSymlinkOf(f *testing.F) {
	f.Add("c/o", "a", "m; symlink_target=x; slo_etag=\"e\"")
	f.Add("%2f/%", "", ";=;")
	f.Fuzz(func(t *testing.T, target, account, override string) {
		h := web.Header{{Name: symlinkTarget, Value: target}, {Name: symlinkAccount, Value: account}, {Name: OverrideETag, Value: override}}
		ListingOverride(h, "a")
		s, ok := SymlinkOf(h)
		if !ok {
			return
		}
		SetSymlink(&h, s)
		if again, ok := SymlinkOf(h); !ok || again != s {
			t.Errorf("%+v became %+v", s, again)
		}
	})
}
