// SPDX-License-Identifier: Apache-2.0

package objectversioning

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// TestVersionIDOfEveryAnswer: in a container that ever had versions each answer to a
// GET, HEAD or OPTIONS names a version, whatever its status is.
func TestVersionIDOfEveryAnswer(t *testing.T) {
	s := newSite(t)
	const null, none = "X-Object-Version-Id: null", "X-Object-Version-Id:"
	read := func(status int, name, want string, lines ...string) {
		t.Helper()
		for _, method := range []string{"GET", "HEAD"} {
			s.must(status, method+" "+name, "", lines...).want(t, want)
		}
	}
	s.must(201, "PUT plain", "")
	read(404, "plain/o", none)
	s.must(200, "OPTIONS plain/o", "").want(t, none)
	read(404, "nowhere/o", none)

	s.must(201, "PUT c", "")
	etag := s.must(201, "PUT c/o", "null").Get("Etag")
	s.must(204, "POST c", "", "X-Versions-Enabled: true")
	s.must(201, "PUT c/marked", "gone")
	s.must(204, "DELETE c/marked", "")
	current := "X-Object-Version-Id: " + s.must(201, "PUT c/v", "version").id()
	for _, enabled := range []string{"true", "false"} {
		s.must(204, "POST c", "", "X-Versions-Enabled: "+enabled)
		read(404, "c/marked", null)
		read(404, "c/never", null)
		read(404, "c/never?version-id=null", none)
		read(412, "c/never", null, "If-Match: *")
		read(200, "c/o", null)
		read(304, "c/o", null, "If-None-Match: "+etag)
		read(412, "c/o", null, "If-Match: x")
		read(304, "c/v", current, "If-None-Match: *")
		s.must(416, "GET c/o", "", "Range: bytes=4-").want(t, null)
		s.must(416, "GET c/v", "", "Range: bytes=7-").want(t, current)
		s.must(200, "OPTIONS c/o", "").want(t, null)
		s.must(404, "POST c/never", "").want(t, none)
		s.guest(func() {
			read(403, "c/o", null)
			read(403, "c/never", null)
		})
	}
}

// A link whose version is lost answers as the version does, and says where the
// version was.
func TestLostVersion(t *testing.T) {
	for name, newSite := range map[string]func(*testing.T) *site{"own": newVersionedSite, "Swift's": sharedSite} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			id := s.must(201, "PUT c/o", "lost").id()
			at, err := objstore.ParseTimestamp(id)
			require.NoError(t, err)
			o := nameInC("o")
			lost := s.layout.hidden(o.ContainerID()).Object(s.layout.versionName("o", at))
			_, err = s.store.DeleteObject(t.Context(), lost, objstore.DeleteOptions{})
			require.NoError(t, err)
			s.must(404, "GET c/o", "").want(t, "X-Object-Version-Id: "+id, "Content-Location: /v1/a/c/o?version-id="+id)
		})
	}
}
