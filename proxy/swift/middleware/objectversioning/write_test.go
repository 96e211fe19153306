// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func TestLifeOfAName(t *testing.T) {
	s := newVersionedSite(t)
	v1 := s.must(201, "PUT c/o", "one", "Content-Type: a/1", "X-Object-Meta-Color: red").id()
	v2 := s.must(201, "PUT c/o", "second", "Content-Type: a/2").id()
	s.must(200, "GET c/o", "").want(t, "Content-Type: a/2", "X-Object-Version-Id: "+v2, "X-Object-Meta-Color:",
		"Content-Location: /v1/a/c/o?version-id="+v2)
	old := s.must(200, "GET c/o?version-id="+v1, "")
	old.want(t, "Content-Type: a/1", "X-Object-Version-Id: "+v1, "X-Object-Meta-Color: red", "Content-Location:")
	if old.body != "one" {
		t.Errorf("%q", old.body)
	}
	if got := s.must(206, "GET c/o", "", "Range: bytes=1-2").body; got != "ec" {
		t.Errorf("a range: %q", got)
	}
	s.must(304, "GET c/o", "", "If-None-Match: "+s.must(200, "HEAD c/o", "").Get("Etag"))
	s.must(412, "GET c/o", "", "If-Match: "+swift.EmptyETag)

	gone := s.must(204, "DELETE c/o", "").id()
	again := s.must(404, "DELETE c/o", "").id()
	never := s.must(404, "DELETE c/never", "").id()
	s.must(404, "GET c/o", "")
	s.must(404, "GET c/o?version-id="+gone, "").want(t, "X-Object-Version-Id: "+gone, "Content-Type: "+markerType)
	want := []string{"never@" + never + "*", "o@" + again + "*", "o@" + gone, "o@" + v2, "o@" + v1}
	if got := show(s.list("versions")); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := s.list("format=json"); len(got) != 0 {
		t.Errorf("%+v", got)
	}

	s.must(201, "PUT c/o?version-id="+v1, "").want(t, "X-Object-Version-Id: "+v1)
	if got := s.must(200, "GET c/o", ""); got.body != "one" || got.Get("X-Object-Meta-Color") != "red" {
		t.Errorf("restored: %+v", got)
	}
	s.must(204, "DELETE c/o?version-id="+v2, "").want(t, "X-Object-Version-Id: "+v2, "X-Object-Current-Version-Id: "+v1)
	s.must(404, "GET c/o?version-id="+v2, "")
	s.must(204, "DELETE c/o?version-id="+v1, "").want(t, "X-Object-Version-Id: "+v1, "X-Object-Current-Version-Id: null")
	s.must(404, "GET c/o", "")
	s.must(404, "DELETE c/o?version-id="+v1, "")
}

func TestPost(t *testing.T) {
	s := newVersionedSite(t)
	v1 := s.must(201, "PUT c/o", "one", "X-Object-Meta-A: 1").id()
	v2 := s.must(201, "PUT c/o", "two").id()
	s.must(202, "POST c/o", "", "X-Object-Meta-B: 2", "Content-Type: b/b", "X-Delete-At: 9000000000")
	s.must(200, "HEAD c/o?version-id="+v2, "").want(t, "X-Object-Meta-B: 2", "Content-Type: b/b", "X-Delete-At:")
	s.must(200, "HEAD c/o?version-id="+v1, "").want(t, "X-Object-Meta-A: 1", "X-Object-Meta-B:")
	if got := s.list("format=json"); len(got) != 1 || got[0].ContentType != "b/b" || got[0].Bytes != 3 || !got[0].Link ||
		got[0].Path != "/v1/a/c/o?version-id="+v2 {
		t.Errorf("%+v", got)
	}
	if got := s.list("versions"); len(got) != 2 || got[0].ContentType != "b/b" {
		t.Errorf("%+v", got)
	}
	s.must(400, "POST c/o?version-id="+v1, "")
	s.must(404, "POST c/none", "")
	s.must(202, "POST c/o", "")
	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	s.must(202, "POST c/o", "", "X-Object-Meta-B: 3")
	s.must(200, "HEAD c/o?version-id="+v2, "").want(t, "X-Object-Meta-B: 3")
}

// Expiry is the name's; what expires is the link.
func TestExpiry(t *testing.T) {
	s := newVersionedSite(t)
	id := s.must(201, "PUT c/o", "one", "X-Delete-At: 9000000000").id()
	info, err := s.store.HeadObject(t.Context(), objstore.ObjectID{Account: "a", Container: "c", Object: "o"}, objstore.OpenOptions{})
	if err != nil || info.DeleteAt != 9000000000 || info.SizeBytes != 0 {
		t.Errorf("the link: %+v, %v", info, err)
	}
	s.must(200, "HEAD c/o?version-id="+id, "").want(t, "X-Delete-At:")
	s.must(400, "PUT c/p", "body", "X-Delete-At: 1")
	if got := s.list("versions"); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	s.must(412, "DELETE c/o", "", "X-If-Delete-At: 5")
	s.must(204, "DELETE c/o", "", "X-If-Delete-At: 9000000000")
	if got := show(s.list("versions")); len(got) != 1 || got[0] != "o@"+id {
		t.Errorf("after the expiry: %q", got)
	}
}

func TestNullObjects(t *testing.T) {
	s := newSite(t)
	s.must(201, "PUT c", "")
	s.must(201, "PUT c/o", "null", "X-Object-Meta-A: 1", "Content-Type: n/n").want(t, "X-Object-Version-Id:")
	s.must(200, "GET c/o", "").want(t, "X-Object-Version-Id:")
	s.must(200, "GET c/o?version-id=null", "").want(t, "X-Object-Version-Id: null")
	s.must(204, "POST c", "", "X-Versions-Enabled: yes")
	s.must(200, "GET c/o", "").want(t, "X-Object-Version-Id: null")
	v1 := s.must(201, "PUT c/o", "one").id()
	s.must(404, "GET c/o?version-id=null", "")
	all := s.list("versions")
	if len(all) != 2 || all[0].ID != v1 || !all[0].Latest || all[1].Bytes != 4 || all[1].ContentType != "n/n" {
		t.Fatalf("%+v", all)
	}
	if a := s.must(200, "GET c/o?version-id="+all[1].ID, ""); a.body != "null" || a.Get("X-Object-Meta-A") != "1" {
		t.Errorf("%+v", a)
	}

	s.must(204, "POST c", "", "X-Versions-Enabled: false")
	s.must(201, "PUT c/o", "null 2").want(t, "X-Object-Version-Id:")
	s.must(201, "PUT c/o", "null 3")
	if got := show(s.list("versions")); !slices.Equal(got, []string{"o@null*", "o@" + v1, "o@" + all[1].ID}) {
		t.Errorf("%q", got)
	}
	s.must(201, "PUT c/o?version-id="+v1, "")
	if got := s.list("versions"); len(got) != 3 || got[0].Bytes != 6 || got[0].Latest || !got[1].Latest {
		t.Errorf("what a restored version replaced: %+v", got)
	}
	s.must(204, "DELETE c/o", "").want(t, "X-Object-Version-Id:")
	s.must(201, "PUT c/o", "null 4")
	s.must(204, "POST c", "", "X-Versions-Enabled: true")
	s.must(204, "DELETE c/o", "")
	if got := s.list("versions"); len(got) != 5 || got[0].ContentType != markerType || got[1].Bytes != 6 {
		t.Errorf("a deleted null object: %+v", got)
	}
	s.must(201, "PUT c/o", "last")
	s.must(204, "DELETE c/o?version-id=null", "")
	s.must(404, "GET c/o", "")
	if got := s.list("versions"); len(got) != 6 {
		t.Errorf("%+v", got)
	}
}

func TestIfNoneMatch(t *testing.T) {
	s := newVersionedSite(t)
	s.must(201, "PUT c/o", "one", "If-None-Match: *")
	s.must(412, "PUT c/o", "two", "If-None-Match: *")
	s.must(400, "PUT c/o", "two", "If-None-Match: abc")
	s.must(422, "PUT c/o", "two", "Etag: "+swift.EmptyETag)
	if got := s.list("versions"); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

// Whoever may not do it finds nothing out and leaves nothing behind.
func TestRights(t *testing.T) {
	s := newVersionedSite(t)
	v1 := s.must(201, "PUT c/o", "one").id()
	s.must(201, "PUT c/o", "two")
	denied := []string{"PUT c/o", "PUT c/o?version-id=" + v1, "DELETE c/o", "DELETE c/o?version-id=" + v1, "DELETE c/o?version-id=null",
		"POST c/o", "POST c/o?version-id=" + v1, "GET c/o", "GET c/o?version-id=x", "PUT c/o?version-id=x", "GET c?versions", "DELETE c", "PUT none/o?version-id=x"}
	s.guest(func() {
		for _, request := range denied {
			s.must(403, request, "")
		}
		s.must(403, "POST c", "", "X-Versions-Enabled: false")
		s.must(403, "PUT c/o", "one", "If-None-Match: *")
	})
	s.must(204, "POST c", "", "X-Container-Read: all", "X-Container-Write: all")
	s.guest(func() {
		s.must(200, "GET c/o", "")
		s.must(200, "GET c?versions", "")
		s.must(403, "GET c/o?version-id="+v1, "")
		s.must(403, "DELETE c/o?version-id="+v1, "")
		s.must(403, "PUT c/o?version-id="+v1, "")
		s.must(200, "GET c/o", "").wantBody(t, "two")
		s.must(201, "PUT c/o", "three")
		s.must(204, "DELETE c/o", "")
	})
	s.must(201, "PUT c/o?version-id="+v1, "")
	if got := s.list("versions"); len(got) != 4 {
		t.Errorf("%+v", got)
	}
	s.must(412, "GET %FFversions.a", "")
}

func TestBadVersionIDs(t *testing.T) {
	s := newVersionedSite(t)
	v1 := s.must(201, "PUT c/o", "one").id()
	s.must(201, "PUT plain", "")
	s.must(201, "PUT plain/o", "")
	for _, c := range []struct {
		status  int
		request string
		body    string
		want    string
	}{
		{400, "GET c/o?version-id=x", "", "Invalid version parameter"},
		{400, "DELETE c/o?version-id=-1", "", "Invalid version parameter"},
		{400, "PUT c/o?version-id=null", "", "Invalid version parameter"},
		{400, "PUT c/o?version-id=" + v1, "x", "PUT version-id requests require a zero byte body"},
		{404, "PUT c/o?version-id=12.00000", "", "The specified version does not exist"},
		{404, "GET c/o?version-id=12.00000", "", ""},
		{404, "DELETE c/o?version-id=12.00000", "", ""},
		{400, "POST c/o?version-id=" + v1, "", "POST to a specific version is not allowed"},
		{400, "GET plain/o?version-id=" + v1, "", "version-aware operations require that the container is versioned"},
		{200, "OPTIONS plain/o?version-id=" + v1, "", ""},
		{204, "DELETE plain/o?version-id=null", "", ""},
	} {
		if got := s.must(c.status, c.request, c.body); c.want != "" && got.body != c.want {
			t.Errorf("%s: %q", c.request, got.body)
		}
	}
	marker := s.must(204, "DELETE c/o", "").id()
	s.must(404, "PUT c/o?version-id="+marker, "")
}

// A link shows as Swift's does, and a version that is a link shows itself.
func TestSymlinkGet(t *testing.T) {
	s := newVersionedSite(t)
	put := s.must(201, "PUT c/o%20o", "one", "Content-Type: a/b", "X-Object-Meta-A: 1", "Content-Language: x", "X-Object-Manifest: c/p", "X-Delete-At: 9000000000")
	s.must(200, "GET c/o%20o?symlink=get", "").want(t, "X-Symlink-Target: c/o%20o?version-id="+put.id(), "Content-Type: a/b",
		"X-Symlink-Target-Etag: "+put.Get("Etag"), "X-Symlink-Target-Bytes: 3", "Etag: "+swift.EmptyETag, linkSysmeta+":", "Accept-Ranges: bytes",
		"X-Object-Meta-A: 1", "Content-Language: x", "X-Object-Manifest:", "X-Delete-At: 9000000000")
	s.must(202, "POST c/o%20o", "", "X-Object-Meta-B: 2")
	s.must(200, "GET c/o%20o?symlink=get", "").want(t, "X-Object-Meta-A:", "X-Object-Meta-B: 2")
	s.must(201, "PUT c/o%20o?version-id="+put.id(), "")
	s.must(200, "GET c/o%20o?symlink=get", "").want(t, "X-Object-Meta-B:", "X-Delete-At:", "X-Symlink-Target-Bytes: 3")
	var h web.Header
	swift.SetSymlink(&h, swift.Symlink{Container: "d", Object: "t"})
	var lines []string
	for _, f := range h {
		lines = append(lines, f.Name+": "+f.Value)
	}
	id := s.must(201, "PUT c/l", "", lines...).id()
	link := s.must(200, "GET c/l?symlink=get", "")
	if got, ok := swift.SymlinkOf(link.Header); !ok || got.Container != "d" || link.id() != id {
		t.Errorf("%+v", link)
	}
	for _, e := range s.list("format=json") {
		if e.Name == "l" && e.Path != "/v1/a/c/l?version-id="+id {
			t.Errorf("%+v", e)
		}
	}
}

func TestWritersAtOnce(t *testing.T) {
	s := newVersionedSite(t)
	const writers = 16
	ids := make([]string, writers)
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() {
			if i%4 == 3 {
				ids[i] = s.do("DELETE c/o", "").id()
			} else {
				ids[i] = s.do("PUT c/o", fmt.Sprint(i)).id()
			}
		})
	}
	wait.Wait()
	slices.Sort(ids)
	slices.Reverse(ids)
	var listed []string
	latest := ""
	for _, e := range s.list("versions") {
		listed = append(listed, e.ID)
		if e.Latest {
			latest += e.ID
		}
	}
	if !slices.Equal(listed, ids) || latest != ids[0] {
		t.Errorf("written %q\nlisted %q\nlatest %q", ids, listed, latest)
	}
}

// A null object that has the time of a version, as after a clock that was set
// back, is kept beside it.
func TestArchiveOfATakenTime(t *testing.T) {
	s := newVersionedSite(t)
	id := s.must(201, "PUT c/o", "one").id()
	at, err := objstore.ParseTimestamp(id)
	if err != nil {
		t.Fatal(err)
	}
	s.must(204, "DELETE c/o?version-id=null", "")
	_, err = s.store.PutObject(t.Context(), objstore.ObjectID{Account: "a", Container: "c", Object: "o"}, strings.NewReader("other"),
		objstore.PutOptions{SizeBytes: 5, Timestamp: at, ContentType: "a/b"})
	if err != nil {
		t.Fatal(err)
	}
	s.must(201, "PUT c/o", "two")
	var sizes []int64
	for _, e := range s.list("versions") {
		sizes = append(sizes, e.Bytes)
	}
	slices.Sort(sizes)
	if !reflect.DeepEqual(sizes, []int64{3, 3, 5}) {
		t.Errorf("%v", sizes)
	}
}

// An id is newer than all that there is, whatever the clock says.
func TestClockSetBack(t *testing.T) {
	s := newVersionedSite(t)
	v := (&middleware{layout: s.layout}).named(objstore.ObjectID{Account: "a", Container: "c", Object: "o"})
	future := objstore.TimestampOf(time.Now().Add(1000 * time.Hour))
	_, err := s.store.PutObject(t.Context(), v.version(future), web.NoBody, objstore.PutOptions{ContentType: markerType, Timestamp: future})
	if err != nil {
		t.Fatal(err)
	}
	id := s.must(201, "PUT c/o", "one").id()
	if got := show(s.list("versions")); !slices.Equal(got, []string{"o@" + id + "*", "o@" + future.String()}) {
		t.Errorf("%q", got)
	}
}

// A version that goes while its name is read is not the answer.
func TestReadWhileReplaced(t *testing.T) {
	s := newVersionedSite(t)
	old := s.must(201, "PUT c/o", "one").id()
	s.before = func(r *swift.Request) {
		if r.Stored == nil || r.Method != "GET" {
			return
		}
		s.before = nil
		s.must(201, "PUT c/o", "two")
		s.must(204, "DELETE c/o?version-id="+old, "")
	}
	if got := s.must(200, "GET c/o", "").body; got != "two" {
		t.Errorf("%q", got)
	}
}

// A question of a feature in front changes nothing.
func TestAuthorizeOnly(t *testing.T) {
	s := newVersionedSite(t)
	for _, method := range []string{"PUT", "DELETE"} {
		r := &swift.Request{Request: &web.Request{Method: method, Path: "/v1/a/c/o", Body: web.NoBody}, Authorizer: s.who}
		if err := r.CheckAuthorized(s.serve, nil); err != nil {
			t.Error(err)
		}
	}
	if got := s.list("versions"); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// A PUT that began earlier and ends later is a version, and not the current.
func TestSlowPut(t *testing.T) {
	s := newVersionedSite(t)
	fast := ""
	s.before = func(r *swift.Request) {
		if r.Stored == nil || r.Method != "PUT" {
			return
		}
		s.before = nil
		fast = s.must(201, "PUT c/o", "fast").id()
	}
	slow := s.must(201, "PUT c/o", "slow").id()
	if got := show(s.list("versions")); !slices.Equal(got, []string{"o@" + fast + "*", "o@" + slow}) {
		t.Errorf("%q", got)
	}
	s.before = func(r *swift.Request) {
		if r.Stored != nil && r.Method == "PUT" {
			s.before = nil
			s.must(204, "DELETE c/o", "")
		}
	}
	s.must(201, "PUT c/o", "slow")
	s.must(404, "GET c/o", "")
}

// A name that has expired comes back, with what the POST says of it.
func TestOpenExpired(t *testing.T) {
	s := newVersionedSite(t)
	id := s.must(201, "PUT c/o", "one").id()
	name := objstore.ObjectID{Account: "a", Container: "c", Object: "o"}
	if _, err := s.store.PostObject(t.Context(), name, objstore.PostOptions{DeleteAt: 1}); err != nil {
		t.Fatal(err)
	}
	s.must(404, "GET c/o", "")
	s.must(404, "POST c/o", "", "X-Object-Meta-A: 1")
	if got := s.must(200, "GET c/o", "", "X-Open-Expired: true"); got.body != "one" || got.Get("X-Object-Meta-A") != "" {
		t.Errorf("%+v", got)
	}
	s.must(202, "POST c/o", "", "X-Object-Meta-A: 2", "X-Open-Expired: true")
	s.must(200, "GET c/o", "").want(t, "X-Object-Meta-A: 2", "X-Object-Version-Id: "+id)
}
