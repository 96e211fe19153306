// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// TestSharedLayout runs the tests of the middleware over a store with Swift's
// layout.
func TestSharedLayout(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"Enable": TestEnable, "EnableRefused": TestEnableRefused, "DeleteContainer": TestDeleteContainer,
		"Totals": TestTotals, "TotalsOfALongAccount": TestTotalsOfALongAccount, "Crashes": TestCrashes,
		"ContainerCrashes": TestContainerCrashes, "ListParameters": TestListParameters, "ListedKeys": TestListedKeys,
		"NullMarker": TestNullMarker, "MarkersOfReverseListings": TestMarkersOfReverseListings, "Pages": TestPages,
		"LifeOfAName": TestLifeOfAName, "Post": TestPost, "Expiry": TestExpiry, "NullObjects": TestNullObjects,
		"IfNoneMatch": TestIfNoneMatch, "Rights": TestRights, "BadVersionIDs": TestBadVersionIDs,
		"SymlinkGet": TestSymlinkGet, "WritersAtOnce": TestWritersAtOnce, "ArchiveOfATakenTime": TestArchiveOfATakenTime,
		"ClockSetBack": TestClockSetBack, "ReadWhileReplaced": TestReadWhileReplaced, "AuthorizeOnly": TestAuthorizeOnly,
		"SlowPut": TestSlowPut, "OpenExpired": TestOpenExpired, "VersionIDOfEveryAnswer": TestVersionIDOfEveryAnswer,
	} {
		t.Run(name, test)
	}
}

// sharedSite is a site over a store that keeps no promise: rows are late, and
// the time of a write's beginning counts.
func sharedSite(t *testing.T) *site {
	s := newSiteOver(t, objstore.Guarantees{SwiftLayout: true})
	s.must(201, "PUT c", "", "X-Versions-Enabled: true")
	return s
}

// nameInC is an object of the visible container.
func nameInC(name objstore.ObjectName) objstore.ObjectID {
	return objstore.ObjectID{Account: "a", Container: "c", Object: name}
}

// TestStoredLikeSwift compares names and metadata with those of Swift's own
// middleware (swift/common/middleware/versioned_writes/object_versioning.py).
func TestStoredLikeSwift(t *testing.T) {
	s := sharedSite(t)
	container, err := s.store.HeadContainer(t.Context(), nameInC("").ContainerID(), objstore.InfoOptions{})
	require.NoError(t, err)
	require.Equal(t, "True", container.Metadata.Get("X-Container-Sysmeta-Versions-Enabled"))
	require.Equal(t, "%00versions%00c", container.Metadata.Get("X-Container-Sysmeta-Versions-Container"))

	id := s.must(201, "PUT c/d/ü", "body", "X-Object-Meta-A: 1", "X-Delete-At: 9000000000", "Content-Type: a/b").id()
	at, err := objstore.ParseTimestamp(id)
	require.NoError(t, err)
	inverted := (objstore.Timestamp(999_999_999_999_999) - at).String()
	hidden := objstore.ContainerID{Account: "a", Container: "\x00versions\x00c"}
	version, err := s.store.HeadObject(t.Context(), hidden.Object(objstore.ObjectName("\x00d/ü\x00"+inverted)), objstore.OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, at, version.Created)
	require.Zero(t, version.DeleteAt)
	require.Equal(t, objstore.Metadata{{Name: "X-Object-Meta-A", Value: "1"}}, version.Metadata)

	link, err := s.store.HeadObject(t.Context(), nameInC("d/ü"), objstore.OpenOptions{})
	require.NoError(t, err)
	target := "%00versions%00c/%00d/%C3%BC%00" + inverted
	require.Equal(t, objstore.Metadata{
		{Name: "X-Object-Meta-A", Value: "1"}, {Name: "X-Object-Sysmeta-Allow-Reserved-Names", Value: "true"},
		{Name: "X-Object-Sysmeta-Container-Update-Override-Etag", Value: swift.EmptyETag +
			"; symlink_target=" + target + "; symlink_target_etag=" + version.ETag + "; symlink_target_bytes=4"},
		{Name: "X-Object-Sysmeta-Symlink-Target", Value: target},
		{Name: "X-Object-Sysmeta-Symlink-Target-Bytes", Value: "4"},
		{Name: "X-Object-Sysmeta-Symlink-Target-Etag", Value: version.ETag},
		{Name: "X-Object-Sysmeta-Symloop-Extend", Value: "true"},
		{Name: "X-Object-Sysmeta-Versions-Symlink", Value: "true"},
	}, link.Metadata)
	require.Equal(t, at, link.Created)
	require.Equal(t, "a/b", link.ContentType)
	require.Equal(t, int64(9000000000), link.DeleteAt)
	for offset, want := range map[uint64]error{1: objstore.KindConflict, 2: nil} {
		o := objstore.PutOptions{Timestamp: at, TimestampOffset: offset}
		_, err := s.store.PutObject(t.Context(), nameInC("d/ü"), web.NoBody, o)
		require.ErrorIs(t, err, want, "the link has the offset 1")
	}
}

// A version that is a static link is listed with what the link requires. On a cluster
// Swift reads it only through a link with the same ETag.
func TestStaticLinkAsAVersion(t *testing.T) {
	for name, newSite := range map[string]func(*testing.T) *site{"own": newVersionedSite, "Swift's": sharedSite} {
		for etag, bytes := range map[string]int64{"": 0, "841a2d689ad86bd1611447453c22c6fc": 4} {
			s := newSite(t)
			var h web.Header
			swift.SetSymlink(&h, swift.Symlink{Container: "d", Object: "t", ETag: etag, SizeBytes: bytes})
			var lines []string
			for _, f := range h {
				lines = append(lines, f.Name+": "+f.Value)
			}
			id := s.must(201, "PUT c/l", "", lines...).id()
			want := cmp.Or(etag, swift.EmptyETag)
			for range 2 {
				s.settled(func() (shown []string) {
					for _, e := range s.list("format=json") {
						shown = append(shown, e.Hash, strconv.FormatInt(e.Bytes, 10))
					}
					return shown
				}, want, strconv.FormatInt(bytes, 10))
				info, err := s.store.HeadObject(t.Context(), nameInC("l"), objstore.OpenOptions{})
				require.NoError(t, err)
				if link, ok := swift.SymlinkOf(headerOf(info.Metadata)); name != "own" {
					require.True(t, ok)
					require.Equal(t, want, link.ETag)
					require.Equal(t, bytes, link.SizeBytes)
				}
				s.must(201, "PUT c/l?version-id="+id, "")
			}
		}
	}
}

// A version, a link and a delete marker that a proxy of Swift stored are a
// version, a link and a delete marker here.
func TestReadsWhatSwiftStored(t *testing.T) {
	s := sharedSite(t)
	hidden := objstore.ContainerID{Account: "a", Container: "\x00versions\x00c"}
	put := func(id objstore.ObjectID, body string, o objstore.PutOptions) {
		t.Helper()
		o.SizeBytes = int64(len(body))
		_, err := s.store.PutObject(t.Context(), id, strings.NewReader(body), o)
		require.NoError(t, err)
	}
	put(hidden.Object("\x00o\x008203901900.99999"), "one", objstore.PutOptions{ContentType: "t/v"})
	put(hidden.Object("\x00o\x008203901899.99999"), "", objstore.PutOptions{ContentType: markerType})
	put(hidden.Object("\x00gone\x008203901898.99999"), "", objstore.PutOptions{ContentType: markerType})
	var h web.Header
	swift.SetSymlink(&h, swift.Symlink{Container: "\x00versions\x00c", Object: "\x00o\x008203901900.99999", ETag: "f97c5d29941bfb1b2fdab0874906ab82", SizeBytes: 3})
	h.Set("X-Object-Sysmeta-Versions-Symlink", "true")
	h.Set("X-Object-Meta-A", "Swift copies the client's metadata to the link")
	put(nameInC("o"), "", objstore.PutOptions{ContentType: "t/v", Metadata: swift.ObjectMetadata(h), Listing: swift.ListingOverride(h, "a")})

	s.must(200, "GET c/o", "").want(t, "X-Object-Version-Id: 1796098099.00000", "Content-Type: t/v", "X-Object-Meta-A:")
	s.must(200, "GET c/o?version-id=1796098099.00000", "").wantBody(t, "one")
	s.must(404, "GET c/o?version-id=1796098100.00000", "").want(t, "Content-Type: "+markerType)
	s.must(400, "GET c/o?version-id=10000000000", "")
	s.settled(func() []string { return show(s.list("versions")) },
		"gone@1796098101.00000*", "o@1796098100.00000", "o@1796098099.00000*")
	entries := s.list("format=json")
	require.Len(t, entries, 1)
	require.Equal(t, entry{Name: "o", Bytes: 3, Hash: "f97c5d29941bfb1b2fdab0874906ab82", ContentType: "t/v", Link: true,
		Path: "/v1/a/c/o?version-id=1796098099.00000", Modified: entries[0].Modified}, entries[0])
	s.must(204, "DELETE c/o?version-id=1796098099.00000", "").want(t, "X-Object-Current-Version-Id: null")
	s.must(404, "GET c/o", "")
}

// settled asks again, for as long as rows may be late, until the answer is the
// wanted.
func (s *site) settled(ask func() []string, want ...string) {
	s.t.Helper()
	var got []string
	for range 10 {
		if got = ask(); slices.Equal(got, want) {
			return
		}
	}
	s.t.Errorf("got %q\nwant %q", got, want)
}

// Without any promise the current version is the newest that was acknowledged,
// null objects are kept, and listings follow.
func TestLateRows(t *testing.T) {
	s := sharedSite(t)
	var ids []string
	for _, body := range []string{"one", "two", "three"} {
		ids = append(ids, s.must(201, "PUT c/o", body).id())
		s.must(200, "GET c/o", "").wantBody(t, body)
	}
	s.settled(func() []string { return show(s.list("versions")) }, "o@"+ids[2]+"*", "o@"+ids[1], "o@"+ids[0])
	marker := s.must(204, "DELETE c/o", "").id()
	s.must(404, "GET c/o", "")
	s.must(201, "PUT c/o?version-id="+ids[0], "")
	s.must(200, "GET c/o", "").wantBody(t, "one")
	s.settled(func() []string { return show(s.list("versions")) }, "o@"+marker, "o@"+ids[2], "o@"+ids[1], "o@"+ids[0]+"*")

	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	s.must(201, "PUT c/n", "null object")
	s.must(204, "POST c", "", "X-Versions-Enabled: true")
	s.must(201, "PUT c/n", "replaced")
	s.settled(func() (bodies []string) {
		for _, e := range s.list("versions&prefix=n") {
			bodies = append(bodies, s.do("GET c/n?version-id="+e.ID, "").body)
		}
		return bodies
	}, "replaced", "null object")
}

// A PUT that was overtaken is kept as a version, and its link does not replace
// the newer link.
func TestOvertakenPut(t *testing.T) {
	s := sharedSite(t)
	var newer string
	s.before = func(r *swift.Request) {
		if r.Method == "PUT" && r.Stored != nil {
			s.before = nil
			newer = s.must(201, "PUT c/o", "newer").id()
		}
	}
	older := s.must(201, "PUT c/o", "older").id()
	require.Less(t, older, newer)
	s.must(200, "GET c/o", "").wantBody(t, "newer")
	s.must(200, "GET c/o?version-id="+older, "").wantBody(t, "older")
}

// No path leads a client to a hidden container.
func TestReservedNamesAreRefused(t *testing.T) {
	s := sharedSite(t)
	s.must(201, "PUT c/o", "body")
	for _, path := range []string{"%00versions%00c", "%00versions%00c/%00o%008203901900.99999", "c/%00o"} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			s.must(412, method+" "+path, "")
		}
	}
	require.NotContains(t, s.must(200, "GET ", "").body, "versions")
}

// account is the account's listing.
func (s *site) account(query string) (entries []objstore.ContainerEntry) {
	s.t.Helper()
	var listed []struct {
		Name         string
		Count, Bytes int64
	}
	require.NoError(s.t, json.Unmarshal([]byte(s.must(200, "GET ?format=json&"+query, "").body), &listed))
	for _, e := range listed {
		entries = append(entries, objstore.ContainerEntry{Name: e.Name, ObjectCount: e.Count, BytesUsed: e.Bytes})
	}
	return entries
}

// A hidden container without a visible container stays in the account's listing,
// in every format, until the container is made again.
func TestOrphanOfAnAccount(t *testing.T) {
	s := newSiteOver(t, objstore.Guarantees{SwiftLayout: true, ListedAtOnce: true, ExactCounts: true})
	for _, name := range []string{"a", "c", "e"} {
		s.must(201, "PUT "+name, "", "X-Versions-Enabled: true")
		id := s.must(201, "PUT "+name+"/o", "body").id()
		s.must(204, "DELETE "+name+"/o", "")
		s.must(200, "GET "+name+"/o?version-id="+id, "")
	}
	s.must(201, "PUT d", "")
	require.NoError(t, s.store.DeleteContainer(t.Context(), nameInC("").ContainerID()))
	require.Equal(t, []objstore.ContainerEntry{{Name: "a", BytesUsed: 4}, {Name: "c", BytesUsed: 4}, {Name: "d"}, {Name: "e", BytesUsed: 4}}, s.account(""))
	for query, want := range map[string]string{
		"": "a\nc\nd\ne\n", "reverse=true": "e\nd\nc\na\n", "limit=2": "a\nc\n", "limit=1&marker=a": "c\n", "marker=c": "d\ne\n",
		"end_marker=c": "a\n", "prefix=c": "c\n", "limit=3": "a\nc\nd\n",
	} {
		s.must(200, "GET ?"+query, "").wantBody(t, want)
	}
	s.must(204, "GET ?prefix=b", "")
	s.must(404, "HEAD c", "")
	s.must(400, "GET c/o?version-id=1.00000", "")
	s.must(201, "PUT c", "")
	require.Len(t, s.list("versions"), 2)
}

// Among other proxies a lost hidden container is made by the owner, who switches
// versions on. Until then nothing is written, and everything can be read.
func TestLostHiddenContainer(t *testing.T) {
	s := newSiteOver(t, objstore.Guarantees{SwiftLayout: true, ListedAtOnce: true})
	s.must(201, "PUT c", "")
	s.must(201, "PUT c/o", "null object")
	s.must(204, "POST c", "", "X-Versions-Enabled: true")
	hidden := objstore.ContainerID{Account: "a", Container: "\x00versions\x00c"}
	require.NoError(t, s.store.DeleteContainer(t.Context(), hidden))
	require.Equal(t, []string{"o@null*"}, show(s.list("versions")))
	s.must(200, "GET c/o", "").wantBody(t, "null object")
	s.must(200, "GET c/o?version-id=null", "").wantBody(t, "null object")
	const text = "The versions container does not exist. You may want to re-enable object versioning."
	for request, status := range map[string]int{
		"PUT c/o": 500, "PUT c/new": 500, "DELETE c/o": 500, "DELETE c/new": 412, "PUT c/o?version-id=1.00000": 500,
	} {
		a := s.must(status, request, "")
		require.Equal(t, status == 500, strings.Contains(a.body, text), a.body)
	}
	s.must(200, "GET c/o", "").wantBody(t, "null object")
	s.must(404, "GET c/new", "")
	s.must(204, "DELETE c/o?version-id=null", "")
	s.must(204, "POST c", "", "X-Versions-Enabled: true")
	id := s.must(201, "PUT c/o", "new").id()
	require.Equal(t, []string{"o@" + id + "*"}, show(s.list("versions")))
	s.must(200, "GET c/o", "").wantBody(t, "new")
	s.must(404, "PUT c/o?version-id=1.00000", "")
}
