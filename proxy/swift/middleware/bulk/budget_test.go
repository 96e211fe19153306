// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Archives in bzip2 of one file with 100 MiB of zeros, "c/o" and "a".
const (
	bombInside  = "QlpoOTFBWSZTWY8Oe8kFfjvbgMgiQADVAAACaACeAAAIIAB1DaUTTTR6IPUE1VQwAQaeNOtLuqVASxolQEt/mHooSQACE2edVKtLWozso5dKJ3bX0d+zM3KlQEv5igrJMprIcE8W+Ar8cgAGAAAAQQABhAJqMhUBLUhUBLmKCskymspl9trQAyB2QAYAAAAIAEEAAYZgKU00qAi2FUBF4u5IpwoSDZKeOEA="
	bombOutside = "QlpoOTFBWSZTWaHF0IUFfjzbgMgiQABdAAAA4AAeAAAIIAB1CKKNGjEPUE1VRgATJ8150vVSoCWUJUBLjvHCkgKqiRD3LMBrOM7lyMTbbV3H2qquBBUBL+YoKyTKayHBPFvgK/HIABgAAAEEAAYQCajIVAS1IVAS5igrJMprOroTsIAMgckAGAAAACABBAAGGYClNMVARbEqAi8XckU4UJBO1Bos"
)

func unbase64(t *testing.T, s string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(s)
	require.NoError(t, err)
	return string(b)
}

// extractAs serves an archive whose parts are all answered by part, and gives the
// report.
func extractAs(t *testing.T, ctx context.Context, kind string, archive io.Reader, length int64, part swift.HandlerFunc) (string, error) {
	t.Helper()
	m := New(Options{}, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(part)
	r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a", RawQuery: "extract-archive=" + kind, Body: archive, ContentLength: length}}
	r.SetContext(ctx)
	res, err := m.Serve(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body), res.Close()
}

// taking is a site that stores everything.
func taking(stored *int64) swift.HandlerFunc {
	return func(r *swift.Request) (*web.Response, error) {
		if r.Method == "PUT" && strings.Count(r.Path, "/") > 3 && !r.AuthorizeOnly {
			n, err := io.Copy(io.Discard, r.Body)
			*stored += n
			if err != nil {
				return nil, err
			}
			return web.NewResponse(201), nil
		}
		return web.NewResponse(204), nil
	}
}

func TestArchiveOfZerosIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ bomb, want string }{
		"stored": {bombInside, "the archive unpacks to too much for its length"},
		"passed": {bombOutside, "the archive unpacks to too much for its length"},
	} {
		t.Run(name, func(t *testing.T) {
			var stored int64
			bomb := unbase64(t, c.bomb)
			report, err := extractAs(t, t.Context(), "tar.bz2", strings.NewReader(bomb), int64(len(bomb)), taking(&stored))
			require.NoError(t, err)
			require.Contains(t, report, "413 Request Entity Too Large")
			require.Contains(t, report, c.want)
			require.LessOrEqual(t, stored, int64(unpackFloorBytes))
		})
	}
}

func TestBudget(t *testing.T) {
	ctx := t.Context()
	b := &budget{ctx: ctx, storing: true}
	require.NoError(t, b.unpack(unpackFloorBytes))
	require.ErrorIs(t, b.unpack(1), errRatio)
	b = &budget{ctx: ctx, storing: true, received: unpackFloorBytes}
	require.NoError(t, b.unpack(unpackFloorBytes*maxUnpackRatio))
	require.ErrorIs(t, b.unpack(1), errRatio)
	b = &budget{ctx: ctx, received: unpackFloorBytes}
	require.NoError(t, b.unpack(unpackFloorBytes*maxPassRatio))
	require.ErrorIs(t, b.unpack(1), errPassed)
	holes := &stored{io.LimitReader(endless{}, unpackFloorBytes+1), &budget{ctx: ctx}}
	n, err := io.Copy(io.Discard, holes)
	require.ErrorIs(t, err, errRatio)
	require.LessOrEqual(t, n, int64(unpackFloorBytes))
}

// endless gives zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestUnpackingEndsWithTheClient(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	var b bytes.Buffer
	require.NoError(t, tar.NewWriter(&b).WriteHeader(&tar.Header{Name: "outside", Size: 1 << 40, Mode: 0o600, Format: tar.FormatGNU}))
	read := int64(0)
	body := io.MultiReader(&b, readerFunc(func(p []byte) (int, error) {
		if read += int64(len(p)); read > 1<<20 {
			leave()
		}
		return len(p), nil
	}))
	report, err := extractAs(t, ctx, "tar", body, -1, taking(new(int64)))
	require.NoError(t, err)
	require.Contains(t, report, "499")
	require.Less(t, read, int64(2<<20))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestStrangersBodyIsNotRead(t *testing.T) {
	for _, refusal := range []struct {
		path   string
		status int
		want   bool // whether the body is left alone
	}{
		{"/v1/a", 401, true}, {"/v1/a/c", 401, true}, {"/v1/a/c/prefix", 403, true}, {"/v1/a", 403, false},
	} {
		for _, of := range []struct{ method, query string }{{"PUT", "extract-archive=tar"}, {"POST", "bulk-delete"}, {"DELETE", "bulk-delete"}} {
			if of.method != "PUT" && refusal.status == 403 {
				continue // names in the list may be of any container
			}
			touched := false
			m := New(Options{}, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(swift.HandlerFunc(
				func(*swift.Request) (*web.Response, error) { return nil, web.Status(refusal.status) }))
			body := readerFunc(func([]byte) (int, error) { touched = true; return 0, io.EOF })
			_, err := m.Serve(&swift.Request{Request: &web.Request{Method: of.method, Path: refusal.path, RawQuery: of.query, Body: body, ContentLength: 1000}})
			require.Equal(t, refusal.want, !touched, "%s %s?%s with %d", of.method, refusal.path, of.query, refusal.status)
			if refusal.want {
				require.Equal(t, refusal.status, web.ErrorResponse(err).Status)
			}
		}
	}
}

func TestGlobalHeadersOfAnArchiveAreBounded(t *testing.T) {
	for bytesOfValue, want := range map[int]string{maxGlobalBytes - len(globalKey): "201", maxGlobalBytes - len(globalKey) + 1: "400"} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		require.NoError(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeXGlobalHeader, PAXRecords: map[string]string{globalKey: strings.Repeat("v", bytesOfValue)}}))
		require.NoError(t, w.WriteHeader(&tar.Header{Name: "c/o", Mode: 0o600}))
		require.NoError(t, w.Close())
		report, err := extractAs(t, t.Context(), "tar", &b, int64(b.Len()), taking(new(int64)))
		require.NoError(t, err)
		require.Contains(t, report, "Response Status: "+want, "%d bytes", bytesOfValue)
	}
}

const globalKey = "SCHILY.xattr.user.meta.color"

// A list of names, and the report about it, are on the account of memory.
func TestNamesAreHeld(t *testing.T) {
	list := strings.Repeat("c/"+strings.Repeat("o", 998)+"\n", 1000)
	var held web.Held
	memory := web.NewMemory(1 << 20)
	held.Use(memory)
	held.SetKnown()
	r := &swift.Request{Request: &web.Request{Body: strings.NewReader(list), ContentLength: int64(len(list))}}
	r.SetHeld(&held)
	m := New(Options{}, swift.DefaultLimits(), slog.New(slog.DiscardHandler))(nil).(*middleware)
	_, _, err := m.readNames(r)
	require.ErrorIs(t, err, web.ErrNoMemory)
	held.End()
	require.Zero(t, memory.Used())
}
