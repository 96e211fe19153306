// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func FuzzReadNames(f *testing.F) {
	f.Add("c/o\n/c\n\n%41%zz \n")
	f.Add(strings.Repeat("x", 100))
	f.Fuzz(func(t *testing.T, body string) {
		const maxPath, maxNames = 20, 5
		limits := swift.Limits{ObjectNameBytes: 9, ContainerNameBytes: maxPath - 11}
		m := New(Options{MaxDeletesPerRequest: maxNames}, limits, nil)(nil).(*middleware)
		objects, containers, err := m.readNames(&swift.Request{Request: &web.Request{Body: strings.NewReader(body)}})
		if err != nil {
			require.Contains(t, []int{400, 413}, web.ErrorResponse(err).Status)
			return
		}
		require.LessOrEqual(t, len(objects)+len(containers), maxNames)
		for _, name := range append(objects, containers...) {
			require.NotEmpty(t, name)
			require.LessOrEqual(t, len(name), 2*maxPath)
		}
	})
}

// FuzzExtract: whatever an archive says, what is put lies below the account and
// has headers that cannot split an answer.
func FuzzExtract(f *testing.F) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(f, w.WriteHeader(&tar.Header{Name: "c/../o", Size: 3, Mode: 0o600, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"SCHILY.xattr.user.meta.a": "b"}}))
	_, err := w.Write([]byte("abc"))
	require.NoError(f, err)
	require.NoError(f, w.Close())
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:1500])
	f.Add([]byte("junk"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		next := swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			require.True(t, strings.HasPrefix(r.Path, "/v1/AUTH_a/"), r.Path)
			for _, h := range r.Header {
				require.False(t, strings.ContainsFunc(h.Name+h.Value, isControl), "%q", h)
			}
			n, err := io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
			if r.Method == "PUT" && err == nil && n < 1<<20 {
				require.Equal(t, max(r.ContentLength, 0), n)
			}
			return web.NewResponse(201), err
		})
		m := New(Options{MaxFailedExtractions: 10}, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(next).(*middleware)
		r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/AUTH_a", Body: bytes.NewReader(archive), ContentLength: int64(len(archive))}}
		o := &outcome{}
		if err := m.extract(context.Background(), r, formats["tar"], o); err != nil {
			m.fail(r, o, err)
		}
		require.NotNil(t, o.values("extract"))
	})
}

func TestClientThatLeavesStopsTheWork(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	served := 0
	m := New(Options{DeleteConcurrency: 1}, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(swift.HandlerFunc(
		func(*swift.Request) (*web.Response, error) {
			if served++; served == 2 {
				leave()
			}
			return web.NewResponse(204), nil
		})).(*middleware)
	r := &swift.Request{Request: &web.Request{Method: "POST", Path: "/v1/a", Body: strings.NewReader(strings.Repeat("c/o\n", 100)), ContentLength: 400}}
	err := m.delete(ctx, r, &outcome{})
	require.Equal(t, 499, web.ErrorResponse(err).Status)
	require.Equal(t, 2, served)
}

func TestPanicOfAPartReachesTheFront(t *testing.T) {
	m := New(Options{}, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(swift.HandlerFunc(
		func(*swift.Request) (*web.Response, error) { panic("bug") }))
	r := &swift.Request{Request: &web.Request{Method: "POST", Path: "/v1/a", RawQuery: "bulk-delete", Body: strings.NewReader("c/o"), ContentLength: 3}}
	require.PanicsWithValue(t, "bug", func() { _, _ = m.Serve(r) })
}

func TestServerFaultsAre502(t *testing.T) {
	m := New(Options{}, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(swift.HandlerFunc(
		func(*swift.Request) (*web.Response, error) { return nil, web.Status(507) }))
	r := &swift.Request{Request: &web.Request{Method: "POST", Path: "/v1/a", RawQuery: "bulk-delete", Body: strings.NewReader("c/o"), ContentLength: 3}}
	res, err := m.Serve(r)
	require.NoError(t, err)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Contains(t, string(b), "Response Status: 502 Bad Gateway\nErrors:\nc/o, 507 Insufficient Storage\n")
}
