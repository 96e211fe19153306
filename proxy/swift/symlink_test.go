package swift

import (
	"reflect"
	"testing"

	"needletail/objstore"
)

func TestSymlinkRoundTrip(t *testing.T) {
	for _, s := range []Symlink{
		{Container: "c", Object: "o"},
		{Account: "AUTH_ü;", Container: "c;=\"", Object: "a/b//c %2F\n", ETag: "e", SizeBytes: 7},
		{Container: "c", Object: "o", ETag: "e"},
	} {
		h := Header{{OverrideETag, "m; slo_etag=s; symlink_target=old; symlink_target_account=old"},
			{symlinkAccount, "old"}, {symlinkETag, "old"}}
		h.SetSymlink(s)
		if got, ok := SymlinkOf(h); !ok || got != s {
			t.Errorf("%+v became %+v, %t", s, got, ok)
		}
	}
	for _, target := range []string{"", "c", "/", "c/", "//o"} {
		if s, ok := SymlinkOf(Header{{symlinkTarget, target}}); ok {
			t.Errorf("%q is a link: %+v", target, s)
		}
	}
	if got := (Symlink{Container: "c", Object: "o"}).Path("v1", "a"); got != "/v1/a/c/o" {
		t.Error(got)
	}
}

func TestListingOverride(t *testing.T) {
	h := Header{{OverridePrefix + "Size", "12"}, {OverridePrefix + "Content-Type", "a/b"}, {OverrideETag, "m; slo_etag=s"}}
	h.SetSymlink(Symlink{Account: "ü", Container: "c", Object: "a b;", ETag: "e", SizeBytes: 7})
	got := ListingOverride(h, "link account")
	size := int64(12)
	want := objstore.ListingOverride{ETag: "m", SizeBytes: &size, ContentType: "a/b", Extra: objstore.Metadata{
		{Name: "slo_etag", Value: `"s"`}, {Name: "symlink_bytes", Value: "7"}, {Name: "symlink_etag", Value: "e"},
		{Name: "symlink_path", Value: "/v1/%C3%BC/c/a%20b%3B"},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	h = Header{}
	h.SetSymlink(Symlink{Container: "c", Object: "o"})
	if got := ListingOverride(h, "a"); got.ETag != EmptyETag || got.Extra.Get("symlink_path") != "/v1/a/c/o" || got.SizeBytes != nil {
		t.Errorf("%+v", got)
	}
	if got := ListingOverride(Header{{OverridePrefix + "Size", "-1"}, {OverrideETag, ";;=; x"}}, "a"); !reflect.DeepEqual(got, objstore.ListingOverride{}) {
		t.Errorf("%+v", got)
	}
}

func FuzzSymlinkOf(f *testing.F) {
	f.Add("c/o", "a", "m; symlink_target=x; slo_etag=\"e\"")
	f.Add("%2f/%", "", ";=;")
	f.Fuzz(func(t *testing.T, target, account, override string) {
		h := Header{{symlinkTarget, target}, {symlinkAccount, account}, {OverrideETag, override}}
		ListingOverride(h, "a")
		s, ok := SymlinkOf(h)
		if !ok {
			return
		}
		h.SetSymlink(s)
		if again, ok := SymlinkOf(h); !ok || again != s {
			t.Errorf("%+v became %+v", s, again)
		}
	})
}
