// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package cluster

import (
	"bytes"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/cmd/harness/swiftcluster"
	"needletail/objstore"
	"needletail/objstore/cluster/swiftconf"
)

// swiftProxy is a client of Swift's own proxy.
type swiftProxy struct {
	*swiftcluster.Client
	t *testing.T
}

func (p *swiftProxy) do(method, path string, body []byte, headers ...string) *swiftcluster.Answer {
	p.t.Helper()
	got, err := p.Do(p.t.Context(), swiftcluster.ProxyAddr, method, path, body, headers...)
	require.NoError(p.t, err)
	return got
}

// realCluster starts a Swift, and a Store over its servers.
func realCluster(t *testing.T, o swiftcluster.Options) (*swiftcluster.Cluster, *swiftProxy, *Store) {
	t.Helper()
	o.Dir = t.TempDir()
	c, err := swiftcluster.Start(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop()) })
	client, err := c.Login(t.Context(), swiftcluster.ProxyAddr, "test:tester", "testing")
	require.NoError(t, err)
	p := &swiftProxy{client, t}

	dir, err := swiftconf.Open(c.Path("/etc/swift"), swiftconf.DirOptions{})
	require.NoError(t, err)
	s, err := Open(Options{Dir: dir, dial: func(ctx context.Context, addr string) (net.Conn, error) { return c.Dial(ctx, "tcp", addr) }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return c, p, s
}

func readRange(t *testing.T, o objstore.Object, offset, length int64) []byte {
	t.Helper()
	b, err := io.ReadAll(o.Range(offset, length))
	require.NoError(t, err)
	return b
}

// several reads several ranges of an object out of multipart answers.
func several(t *testing.T, s *Store, id objstore.ObjectID, body []byte) {
	t.Helper()
	n := int64(len(body))
	if n < 4096 {
		return
	}
	ob, err := s.OpenObject(t.Context(), id, objstore.OpenOptions{Ranges: fmt.Sprintf("bytes=1-10,%d-%d,-7", n/2, n/2+99)})
	require.NoError(t, err)
	head, err := s.HeadObject(t.Context(), id, objstore.OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, head, *ob.Info())
	for _, span := range [][2]int64{{1, 10}, {n / 2, 100}, {n - 7, 7}} {
		require.True(t, bytes.Equal(body[span[0]:span[0]+span[1]], readRange(t, ob, span[0], span[1])), "of %d: %v", n, span)
	}
	require.NoError(t, ob.Close())
}

// TestErasureWithSwift writes with each proxy and reads with the other, over a
// real Swift.
func TestErasureWithSwift(t *testing.T) {
	for _, ecType := range []string{"liberasurecode_rs_vand", "isa_l_rs_vand"} {
		t.Run(ecType, func(t *testing.T) { erasureWithSwift(t, ecType) })
	}
}

func erasureWithSwift(t *testing.T, ecType string) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	c, p, s := realCluster(t, swiftcluster.Options{ECType: ecType})
	ctx := t.Context()
	res := p.do("PUT", "/v1/AUTH_test/ec", nil, "X-Storage-Policy", "ec42")
	require.Equal(t, 201, res.Status)
	id := func(name string) objstore.ObjectID {
		return objstore.ObjectID{Account: "AUTH_test", Container: "ec", Object: objstore.ObjectName(name)}
	}

	bodies := map[string][]byte{}
	check := func(t *testing.T, name string) {
		body := bodies[name]
		etag := fmt.Sprintf("%x", md5.Sum(body))
		res := p.do("GET", "/v1/AUTH_test/ec/"+name, nil)
		require.Equal(t, 200, res.Status)
		require.Equal(t, etag, res.Header.Get("Etag"))
		require.True(t, bytes.Equal(body, res.Body), "Swift reads other bytes")

		info, err := s.HeadObject(ctx, id(name), objstore.OpenOptions{})
		require.NoError(t, err)
		require.Equal(t, etag, info.ETag)
		require.EqualValues(t, len(body), info.SizeBytes)
		require.Equal(t, objstore.Metadata{{Name: "X-Object-Meta-A", Value: name}}, info.Metadata)
		ob, err := s.OpenObject(ctx, id(name), objstore.OpenOptions{})
		require.NoError(t, err)
		require.Equal(t, info, *ob.Info())
		require.True(t, bytes.Equal(body, readRange(t, ob, 0, int64(len(body)))), "other bytes")
		require.NoError(t, ob.Close())
		for range 3 {
			first := r.IntN(len(body) + 1)
			length := r.IntN(len(body) - first + 1)
			hint := ""
			if length > 0 {
				hint = []string{"", fmt.Sprintf("bytes=%d-%d", first, first+length-1), fmt.Sprintf("bytes=%d-", first),
					fmt.Sprintf("bytes=-%d", len(body)-first)}[r.IntN(4)]
			}
			ob, err := s.OpenObject(ctx, id(name), objstore.OpenOptions{Ranges: hint})
			require.NoError(t, err, hint)
			require.Equal(t, info, *ob.Info())
			require.True(t, bytes.Equal(body[first:first+length], readRange(t, ob, int64(first), int64(length))), "%s: %d bytes at %d", hint, length, first)
			require.NoError(t, ob.Close())
		}
		several(t, s, id(name), body)
	}
	sizes := []int{0, 1, 4096, 1<<20 - 1, 1 << 20, 1<<20 + 1, 2_500_000, 8<<20 + 7}
	for _, size := range sizes {
		ours, swifts := fmt.Sprintf("ours%d", size), fmt.Sprintf("swifts%d", size)
		bodies[ours], bodies[swifts] = ecBody(r, size), ecBody(r, size)
		stated := int64(size)
		if r.IntN(2) == 0 {
			stated = -1
		}
		info, err := s.PutObject(ctx, id(ours), bytes.NewReader(bodies[ours]), objstore.PutOptions{
			SizeBytes: stated, ContentType: "text/plain", Metadata: objstore.Metadata{{Name: "X-Object-Meta-A", Value: ours}}})
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%x", md5.Sum(bodies[ours])), info.ETag)
		res := p.do("PUT", "/v1/AUTH_test/ec/"+swifts, bodies[swifts], "X-Object-Meta-A", swifts)
		require.Equal(t, 201, res.Status)
		check(t, ours)
		check(t, swifts)
	}
	_, err := s.PutObject(ctx, id("bad"), bytes.NewReader(bodies["ours1"]), objstore.PutOptions{SizeBytes: 1, ETag: fmt.Sprintf("%032x", 0)})
	require.ErrorIs(t, err, objstore.KindETagMismatch)
	res = p.do("GET", "/v1/AUTH_test/ec/bad", nil)
	require.Equal(t, 404, res.Status)
	_, err = s.OpenObject(ctx, id("bad"), objstore.OpenOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound)

	// Copies.
	res = p.do("PUT", "/v1/AUTH_test/gold", nil)
	require.Equal(t, 201, res.Status)
	copied := objstore.ObjectID{Account: "AUTH_test", Container: "gold", Object: "o"}
	_, err = s.PutObject(ctx, copied, bytes.NewReader(bodies["ours4096"]), objstore.PutOptions{SizeBytes: 4096, ContentType: "text/plain"})
	require.NoError(t, err)
	several(t, s, copied, bodies["ours4096"])

	// Metadata and deletion.
	_, err = s.PutObject(ctx, id("posted"), bytes.NewReader(bodies["ours1"]), objstore.PutOptions{SizeBytes: 1})
	require.NoError(t, err)
	_, err = s.PostObject(ctx, id("posted"), objstore.PostOptions{Metadata: objstore.Metadata{{Name: "X-Object-Meta-B", Value: "2"}}})
	require.NoError(t, err)
	res = p.do("HEAD", "/v1/AUTH_test/ec/posted", nil)
	require.Equal(t, "2", res.Header.Get("X-Object-Meta-B"))
	require.Empty(t, res.Header.Get("X-Object-Meta-A"))
	_, err = s.DeleteObject(ctx, id("posted"), objstore.DeleteOptions{})
	require.NoError(t, err)
	res = p.do("GET", "/v1/AUTH_test/ec/posted", nil)
	require.Equal(t, 404, res.Status)
	_, err = s.OpenObject(ctx, id("posted"), objstore.OpenOptions{})
	require.ErrorIs(t, err, objstore.KindNotFound)

	// A node with two of the eight devices is gone.
	require.NoError(t, c.StopServer(ctx, "object-server/2"))
	for _, size := range sizes {
		check(t, fmt.Sprintf("ours%d", size))
		name := fmt.Sprintf("degraded%d", size)
		bodies[name] = ecBody(r, size)
		_, err := s.PutObject(ctx, id(name), bytes.NewReader(bodies[name]), objstore.PutOptions{
			SizeBytes: int64(size), Metadata: objstore.Metadata{{Name: "X-Object-Meta-A", Value: name}}})
		require.NoError(t, err)
		check(t, name)
	}
	require.NoError(t, c.StartServer(ctx, "object-server/2"))
	for _, size := range sizes {
		check(t, fmt.Sprintf("degraded%d", size))
	}
}
