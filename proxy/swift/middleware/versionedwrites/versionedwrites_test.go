// SPDX-License-Identifier: Apache-2.0

package versionedwrites

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth"
	"needletail/objstore"
	"needletail/objstore/memstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

type owner struct{}

func (owner) Authorize(*auth.Identity, auth.Access) auth.Grant {
	return auth.Grant{Allowed: true, Owner: true}
}

// answer is what the fake pipeline gives to one "METHOD path" in turn.
type answer struct {
	status int
	err    error
	body   io.Reader
	header web.Header
}

// site is a container "c" with the archive "old" in a real store; the requests
// themselves are answered by the test.
type site struct {
	t     *testing.T
	store objstore.Store
	// disabled turns allow_versioned_writes off.
	disabled bool
	answers  map[string]answer
	asked    []string
	sent     []*swift.Request
}

func newSite(t *testing.T, mode string, versions ...string) *site {
	s := &site{t: t, store: memstore.New(memstore.Options{Policies: objstore.DefaultPolicies()}), answers: map[string]answer{}}
	t.Cleanup(func() { s.store.Close() })
	ctx := context.Background()
	var meta objstore.Metadata
	meta.Set(locationSysmeta, "old")
	meta.Set(modeSysmeta, mode)
	for name, m := range map[objstore.ContainerName]objstore.Metadata{"c": meta, "old": nil} {
		_, err := s.store.PutContainer(ctx, objstore.ContainerID{Account: "a", Container: name},
			objstore.PutContainerOptions{MetadataUpdate: objstore.MetadataUpdate{Set: m}})
		require.NoError(t, err)
	}
	for _, v := range versions {
		name, contentType, _ := strings.Cut(v, " ")
		id := objstore.ObjectID{Account: "a", Container: "old", Object: objstore.ObjectName("001o/" + name)}
		_, err := s.store.PutObject(ctx, id, strings.NewReader(""), objstore.PutOptions{ContentType: contentType})
		require.NoError(t, err)
	}
	return s
}

func (s *site) Serve(r *swift.Request) (*web.Response, error) {
	path := strings.TrimPrefix(r.Path, "/v1/a/")
	key := r.Method + " " + path
	s.asked, s.sent = append(s.asked, key), append(s.sent, r)
	a := s.answers[key]
	if r.Method == "PUT" {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, &objstore.Error{Kind: objstore.KindBody, Err: err} // which alone is 499
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	if a.status == 0 {
		a.status = 204
	}
	res := web.NewResponse(a.status, a.header...)
	if a.body != nil {
		res.Body = io.NopCloser(a.body)
	}
	return res, nil
}

func (s *site) do(method string) (*web.Response, error) {
	r := &swift.Request{Request: &web.Request{Method: method, Path: "/v1/a/c/o", RawQuery: "version-id=null", Body: web.NoBody}, Authorizer: owner{}}
	s.asked, s.sent = nil, nil
	return New(Options{AllowVersionedWrites: !s.disabled}, s.store)(s).Serve(r)
}

// refused wants a status and that nothing was done after the last request.
func (s *site) refused(method string, status int, asked ...string) {
	s.t.Helper()
	_, err := s.do(method)
	var e *web.StatusError
	require.ErrorAs(s.t, err, &e)
	require.Equal(s.t, status, e.Status)
	require.Equal(s.t, asked, s.asked)
}

func (s *site) done(method string, asked ...string) {
	s.t.Helper()
	res, err := s.do(method)
	require.NoError(s.t, err)
	require.Equal(s.t, 204, res.Status)
	require.Equal(s.t, asked, s.asked)
}

type brokenReader struct{}

var errDisk = errors.New("disk")

func (brokenReader) Read([]byte) (int, error) { return 0, errDisk }

const currentTime = "1402464677.04188"

func current(body io.Reader) answer {
	return answer{status: 200, body: body, header: web.Header{
		{Name: "X-Timestamp", Value: currentTime}, {Name: "Content-Type", Value: "a/b"}, {Name: "X-Object-Meta-A", Value: "1"},
		{Name: "X-Symlink-Target-Etag", Value: "e"},
	}}
}

func TestPutArchives(t *testing.T) {
	s := newSite(t, stackMode)
	const version = "PUT old/001o/" + currentTime
	s.answers["GET c/o"] = current(strings.NewReader("data"))
	s.done("PUT", "GET c/o", version, "PUT c/o")
	get, put := s.sent[0], s.sent[1]
	require.Equal(t, url.Values{"symlink": {"get"}}, get.Query())
	for name, want := range map[string]string{
		"Content-Type": "a/b", "X-Object-Meta-A": "1", "X-Timestamp": "", "X-Object-Sysmeta-Symlink-Target-Etag": "e", "X-Symlink-Target-Etag": "",
	} {
		require.Equal(t, want, put.Header.Get(name), name)
	}
	require.True(t, put.TrustContentType)
	require.False(t, s.sent[2].TrustContentType)
	require.Empty(t, s.sent[2].RawQuery)

	s.answers["GET c/o"] = answer{err: web.Status(404)}
	s.done("PUT", "GET c/o", "PUT c/o")
	s.answers["GET c/o"] = answer{status: 404}
	s.done("PUT", "GET c/o", "PUT c/o")

	s.answers["GET c/o"] = answer{err: errDisk}
	s.refused("PUT", 503, "GET c/o")
	s.answers["GET c/o"] = answer{status: 500}
	s.refused("PUT", 503, "GET c/o")
	s.answers["GET c/o"] = answer{status: 403}
	s.refused("PUT", 412, "GET c/o")
	s.answers["GET c/o"] = current(brokenReader{})
	s.refused("PUT", 503, "GET c/o", version)
	for status, want := range map[int]int{404: 412, 413: 412, 507: 503} {
		s.answers["GET c/o"] = current(nil)
		s.answers[version] = answer{err: web.Status(status)}
		s.refused("PUT", want, "GET c/o", version)
	}
}

func TestPushRefusals(t *testing.T) {
	s := newSite(t, historyMode)
	s.answers["GET c/o"] = answer{err: errDisk}
	s.refused("DELETE", 503, "GET c/o")
	s.answers["GET c/o"] = answer{status: 404}
	_, err := s.do("DELETE")
	require.NoError(t, err)
	require.Len(t, s.asked, 3)
	require.True(t, strings.HasPrefix(s.asked[1], "PUT old/001o/"))
	require.Equal(t, markerType, s.sent[1].Header.Get("Content-Type"))
	require.Equal(t, "DELETE c/o", s.asked[2])

	// The marker is newer than a version whose time is ahead of the clock.
	ahead := "9402464677.04188"
	s.answers["GET c/o"] = answer{status: 200, header: web.Header{{Name: "X-Timestamp", Value: ahead}}}
	s.done("DELETE", "GET c/o", "PUT old/001o/"+ahead, "PUT old/001o/9402464677.04189", "DELETE c/o")
	s.answers["PUT old/001o/9402464677.04189"] = answer{status: 404}
	s.refused("DELETE", 412, "GET c/o", "PUT old/001o/"+ahead, "PUT old/001o/9402464677.04189")
}

func TestPop(t *testing.T) {
	s := newSite(t, stackMode, "1", "2", "3", "4", "5", "6 "+markerType, "7", "8", "9", "91", "92", "93")
	gone := answer{err: web.Status(404)}
	s.done("DELETE", "GET old/001o/93", "PUT c/o", "DELETE old/001o/93")
	s.answers["GET old/001o/93"] = answer{err: errDisk}
	s.refused("DELETE", 503, "GET old/001o/93")
	s.answers["GET old/001o/93"] = answer{body: brokenReader{}}
	s.refused("DELETE", 503, "GET old/001o/93", "PUT c/o")

	// Versions that vanish are passed over, beyond the page.
	for _, v := range []string{"93", "92", "91", "9", "8"} {
		s.answers["GET old/001o/"+v] = gone
	}
	s.done("DELETE", "GET old/001o/93", "GET old/001o/92", "GET old/001o/91", "GET old/001o/9", "GET old/001o/8",
		"GET old/001o/7", "PUT c/o", "DELETE old/001o/7")

	s.answers["GET old/001o/7"] = gone
	_, err := s.do("DELETE")
	require.NoError(t, err)
	require.Equal(t, []string{"HEAD c/o", "DELETE c/o"}, s.asked[6:], "the marker is what is below the current object")
	s.answers["HEAD c/o"] = gone
	s.answers["GET old/001o/5"] = gone
	s.answers["DELETE old/001o/4"] = gone
	_, err = s.do("DELETE")
	require.NoError(t, err)
	require.Equal(t, []string{"HEAD c/o", "GET old/001o/5", "GET old/001o/4", "PUT c/o", "DELETE old/001o/4", "DELETE old/001o/6"}, s.asked[6:])
	s.answers["DELETE old/001o/4"] = answer{err: errDisk}
	_, err = s.do("DELETE")
	require.ErrorIs(t, err, errDisk)
	s.answers["HEAD c/o"] = answer{err: errDisk}
	_, err = s.do("DELETE")
	require.ErrorIs(t, err, errDisk)

	s = newSite(t, stackMode, "1")
	s.answers["GET old/001o/1"] = gone
	s.done("DELETE", "GET old/001o/1", "DELETE c/o")
	s = newSite(t, stackMode)
	s.done("DELETE", "DELETE c/o")
	require.Equal(t, "version-id=null", s.sent[0].RawQuery)
	require.NoError(t, s.store.DeleteContainer(context.Background(), objstore.ContainerID{Account: "a", Container: "old"}))
	s.done("DELETE", "DELETE c/o")
}

func TestStoreFails(t *testing.T) {
	s := newSite(t, stackMode)
	require.NoError(t, s.store.Close())
	for _, method := range []string{"PUT", "DELETE"} {
		_, err := s.do(method)
		require.ErrorIs(t, err, objstore.KindClosed)
		require.Empty(t, s.asked)
	}
}

func TestVersionName(t *testing.T) {
	require.Equal(t, "004ü x/1402464677.04188", versionName("ü x", 140246467704188))
	require.Equal(t, "400", versionPrefix(strings.Repeat("n", 1024))[:3])
}

// Where the feature is disabled nobody can ask for an archive, and one that a
// container has is left alone.
func TestDisabled(t *testing.T) {
	s := newSite(t, stackMode, "1402464677.04188 a/b")
	s.disabled = true
	s.done("PUT", "PUT c/o")
	s.done("DELETE", "DELETE c/o")
	for line, status := range map[string]int{versionsLocation: 412, historyLocation: 412, removeHistory: 204} {
		r := &swift.Request{Request: &web.Request{Method: "POST", Path: "/v1/a/c", Body: web.NoBody}, Authorizer: owner{}}
		r.Header.Set(line, "old")
		res, err := New(Options{}, s.store)(s).Serve(r)
		if err != nil {
			res = web.ErrorResponse(err)
		}
		require.Equal(t, status, res.Status, line)
	}
}
