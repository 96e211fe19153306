// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/cluster/wire/wiretest"
	"needletail/objstore/storetest"
)

func sealKeys(t testing.TB, o swiftcrypto.KeyOptions) *swiftcrypto.Keys {
	t.Helper()
	if o.Secrets == nil {
		o.Secrets = map[string][]byte{}
	}
	if _, ok := o.Secrets[o.Active]; !ok {
		o.Secrets[o.Active] = bytes.Repeat([]byte("s"+o.Active), 32)
	}
	k, err := swiftcrypto.NewKeys(o)
	require.NoError(t, err)
	return k
}

// The contract holds with encryption, also by whole names of Swift's features.
func TestSealedStore(t *testing.T) {
	keys := sealKeys(t, swiftcrypto.KeyOptions{})
	storetest.Run(t, func(t *testing.T) objstore.Store {
		return newFake(t, 4, 3).open(t, Options{Keys: keys})
	})
}

// sealedParts are texts that no server may get to see.
var sealedParts = []string{"plaintext", "blue", "listed-etag", "extra-value"}

func sealedPut(t testing.TB, body []byte) objstore.PutOptions {
	return objstore.PutOptions{SizeBytes: int64(len(body)), SHA512: true, ContentType: "text/plain",
		Metadata: fields("Content-Encoding", "x", "X-Object-Meta-Color", "blue", "X-Object-Meta-Empty", "", "X-Object-Sysmeta-Own", "kept"),
		Listing:  objstore.ListingOverride{ETag: "listed-etag", Extra: fields("slo_etag", `"extra-value"`), SizeBytes: sizeOf(77)}}
}

// The servers see nothing of the body, of its digests and of the user metadata.
func TestSealedOnTheServers(t *testing.T) {
	e := newMix(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{})})
	body := bytes.Repeat([]byte("plaintext"), 20_000)
	o := sealedPut(t, body)
	put, err := e.s.PutObject(context.Background(), e.id, bytes.NewReader(body), o)
	require.NoError(t, err)
	_, err = e.s.PostObject(context.Background(), e.id, objstore.PostOptions{Metadata: fields("X-Object-Meta-Color", "blue", "Content-Encoding", "x")})
	require.NoError(t, err)
	hidden := append([]string{put.ETag, put.SHA512}, sealedParts...)
	for _, n := range e.f.nodes {
		for _, r := range n.Requests() {
			text := string(r.Body)
			for _, f := range r.Header {
				text += f.Value + "\n"
			}
			for _, value := range r.Footer {
				text += value + "\n"
			}
			for _, part := range hidden {
				require.NotContains(t, text, part, "%s %s", r.Method, r.Path)
			}
		}
	}
	head, err := e.s.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
	require.NoError(t, err)
	require.Equal(t, put.ETag, head.ETag)
	require.Equal(t, put.SHA512, head.SHA512)
	require.Equal(t, o.Listing, head.Listing)
	require.Equal(t, fields("Content-Encoding", "x", "X-Object-Meta-Color", "blue", "X-Object-Sysmeta-Own", "kept"), head.Metadata)
	require.Equal(t, []objstore.ObjectEntry{{Name: "o", SizeBytes: 77, ETag: "listed-etag", ContentType: "text/plain",
		Extra: o.Listing.Extra, Modified: head.Modified}}, e.listed())
}

func (e *mixEnv) listed() (all []objstore.ObjectEntry) {
	require.NoError(e, e.s.ListObjects(context.Background(), e.c, objstore.ListOptions{Limit: 100}, func(o *objstore.ObjectEntry) error {
		all = append(all, *o)
		return nil
	}))
	return all
}

// Bodies of all lengths, and of both kinds of policies, read from anywhere.
func TestSealedBodies(t *testing.T) {
	keys := sealKeys(t, swiftcrypto.KeyOptions{Active: "2"})
	e := newMix(t, Options{Keys: keys})
	f := newECFake(t, Options{Keys: keys})
	for _, size := range []int{0, 1, 16, ecSegment - 1, ecSegment, 5*ecSegment + 500, chunkBytes + 1} {
		body := seededBody(t, size)
		sealed := sealedPut(t, body)
		for name, at := range map[string]struct {
			s  *Store
			id objstore.ObjectID
		}{"copies": {e.s, e.id}, "coded": {f.store, ecID}} {
			put, err := at.s.PutObject(t.Context(), at.id, bytes.NewReader(body), sealed)
			require.NoError(t, err, name)
			ob, err := at.s.OpenObject(t.Context(), at.id, objstore.OpenOptions{})
			require.NoError(t, err, name)
			require.Equal(t, put.ETag, ob.Info().ETag)
			require.Equal(t, put.SHA512, ob.Info().SHA512)
			for _, f := range sealed.Metadata {
				if f.Name != "Content-Encoding" { // the fake of coded objects keeps no headers
					require.Equal(t, f.Value, ob.Info().Metadata.Get(f.Name), "%s: %s", name, f.Name)
				}
			}
			for _, first := range []int{0, 1, 15, size / 2, size - 1, size} {
				if first < 0 || first > size {
					continue
				}
				want := body[first:]
				require.NoError(t, iotest.TestReader(ob.Range(int64(first), int64(len(want))), want), "%s %d of %d", name, first, size)
				var b bytes.Buffer
				_, err := ob.Range(int64(first), int64(len(want))).(io.WriterTo).WriteTo(&b)
				require.NoError(t, err)
				require.True(t, bytes.Equal(want, b.Bytes()), name)
			}
			require.NoError(t, ob.Close())
			readSealedRanges(t, at.s, at.id, body)
		}
	}
}

// readSealedRanges reads two ranges that the opening told of, in one answer of the
// servers.
func readSealedRanges(t *testing.T, s *Store, id objstore.ObjectID, body []byte) {
	if len(body) < 50 {
		return
	}
	first, last := len(body)/3, len(body)-7
	ob, err := s.OpenObject(t.Context(), id, objstore.OpenOptions{Ranges: fmt.Sprintf("bytes=%d-%d,%d-", first, first+9, last)})
	require.NoError(t, err)
	for at, n := range map[int]int{first: 10, last: 7} {
		got, err := io.ReadAll(ob.Range(int64(at), int64(n)))
		require.NoError(t, err)
		require.Equal(t, body[at:at+n], got)
	}
	require.NoError(t, ob.Close())
}

// A body that breaks goes on at another node, by the ETag of the ciphertext.
func TestSealedFailover(t *testing.T) {
	e := newMix(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{})})
	body := seededBody(t, 300_000)
	e.putBody(body)
	set(e.objectWalk(), cut(100_001), cut(50_000))
	ob := e.open(objstore.OpenOptions{})
	got, err := io.ReadAll(ob.Range(0, 300_000))
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
}

// An ETag that the client states is that of the plaintext.
func TestSealedWrongETag(t *testing.T) {
	e := newMix(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{})})
	_, err := e.s.PutObject(context.Background(), e.id, strings.NewReader("plaintext"), objstore.PutOptions{SizeBytes: 9, ETag: etagX})
	wantKind(t, err, objstore.KindETagMismatch)
	_, err = e.s.PutObject(context.Background(), e.id, strings.NewReader("x"), objstore.PutOptions{SizeBytes: 1, ETag: etagX})
	require.NoError(t, err)
}

// With encryption disabled objects are stored in clear, and read in both forms.
func TestSealingDisabled(t *testing.T) {
	secrets := map[string][]byte{"": bytes.Repeat([]byte("k"), 32)}
	e := newMix(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{Secrets: secrets})})
	e.putBody([]byte("plaintext"))
	off := e.f.open(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{Secrets: secrets, Disable: true}), shuffle: inOrder})
	clear := e.c.Object("clear")
	_, err := off.PutObject(context.Background(), clear, strings.NewReader("plaintext"), objstore.PutOptions{SizeBytes: 9})
	require.NoError(t, err)
	for _, r := range e.requestsOf("PUT") {
		require.Equal(t, strings.HasSuffix(r.Path, "/clear"), string(r.Body) == "plaintext", r.Path)
	}
	for _, s := range []*Store{e.s, off} {
		for _, id := range []objstore.ObjectID{e.id, clear} {
			ob, err := s.OpenObject(context.Background(), id, objstore.OpenOptions{})
			require.NoError(t, err)
			got, err := io.ReadAll(ob.Range(0, 9))
			require.NoError(t, err)
			require.Equal(t, "plaintext", string(got))
			require.NoError(t, ob.Close())
		}
	}
	// Metadata in clear over a sealed body, and sealed over a body in clear.
	for s, id := range map[*Store]objstore.ObjectID{e.s: clear, off: e.id} {
		_, err := s.PostObject(context.Background(), id, objstore.PostOptions{Metadata: fields("X-Object-Meta-Color", "blue")})
		require.NoError(t, err)
		for _, reader := range []*Store{e.s, off} {
			head, err := reader.HeadObject(context.Background(), id, objstore.OpenOptions{})
			require.NoError(t, err)
			require.Equal(t, "blue", head.Metadata.Get("X-Object-Meta-Color"))
			require.Equal(t, e.listed()[0].ETag, head.ETag)
		}
	}
}

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// What cannot be decrypted is refused with the text of Swift's filter and the name
// of the server. A listing has Swift's mark in the ETag's place.
func TestSealedUnderAnUnknownSecret(t *testing.T) {
	e := newMix(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{Active: "gone"})})
	e.putBody([]byte("plaintext"))
	link := e.c.Object("p")
	_, err := e.s.PutObject(context.Background(), link, strings.NewReader(""), objstore.PutOptions{Listing: objstore.ListingOverride{ETag: "listed-etag"}})
	require.NoError(t, err)
	var log lines
	other := e.f.open(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{}), shuffle: inOrder, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	_, err = other.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
	for range 2 {
		var failed *objstore.Error
		require.ErrorAs(t, err, &failed)
		require.Equal(t, objstore.KindInternal, failed.Kind)
		require.Equal(t, "Error decrypting object", failed.Text)
		require.ErrorContains(t, err, e.objectWalk()[0].Addr)
		require.ErrorContains(t, err, "gone")
		_, err = other.OpenObject(context.Background(), e.id, objstore.OpenOptions{})
	}
	head, err := other.HeadObject(context.Background(), link, objstore.OpenOptions{})
	require.NoError(t, err, "an empty body is in clear")
	require.Zero(t, head.Listing)

	e.s = other
	for _, row := range e.listed() {
		require.Equal(t, swiftcrypto.UnknownETag, row.ETag)
	}
	require.Equal(t, 1, strings.Count(log.String(), "an ETag of a listing cannot be decrypted"), log.String())
	require.Contains(t, log.String(), "127.0.0.1:")
	_, err = other.PostObject(context.Background(), e.id, objstore.PostOptions{Metadata: fields("X-Object-Meta-Color", "blue")})
	require.NoError(t, err, "a POST is done before the answer is read")
	_, err = other.DeleteObject(context.Background(), e.id, objstore.DeleteOptions{})
	require.NoError(t, err)
}

// spoil changes the answers of all nodes to reads of objects.
func (e *mixEnv) spoil(change func(h *wire.Header)) {
	for _, n := range e.f.nodes {
		n.mu.Lock()
		n.atEnd = func(r *wiretest.Request, a *wiretest.Answer) *wiretest.Answer {
			if r.Method == "GET" || r.Method == "HEAD" {
				change(&a.Header)
			}
			return a
		}
		n.mu.Unlock()
	}
}

func TestSealedAndDamaged(t *testing.T) {
	e := newMix(t, Options{Keys: sealKeys(t, swiftcrypto.KeyOptions{})})
	_, err := e.s.PutObject(context.Background(), e.id, strings.NewReader("plaintext"), sealedPut(t, []byte("plaintext")))
	require.NoError(t, err)
	const bodyMeta = "X-Object-Sysmeta-Crypto-Body-Meta"
	for name, text := range map[string]string{
		bodyMeta: "Error decrypting object",
		"X-Object-Transient-Sysmeta-Crypto-Meta-Color": "Error decrypting header",
		"X-Object-Sysmeta-Crypto-Etag":                 "Error decrypting header",
		sha512Name + "; swift_meta":                    "",
	} {
		e.spoil(func(h *wire.Header) {
			if h.Get(name) != "" {
				h.Set(name, "x")
			}
		})
		_, err := e.s.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
		if text == "" {
			require.NoError(t, err)
			continue
		}
		var failed *objstore.Error
		require.ErrorAs(t, err, &failed, name)
		require.Equal(t, objstore.KindCorrupt, failed.Kind)
		require.Equal(t, text, failed.Text, name)
	}
	// Without a body key the head can be read, and the body cannot.
	e.spoil(func(h *wire.Header) {
		if h.Get(bodyMeta) != "" {
			h.Set(bodyMeta, `{"cipher":"AES_CTR_256","iv":"AAAAAAAAAAAAAAAAAAAAAA=="}`)
		}
	})
	_, err = e.s.HeadObject(context.Background(), e.id, objstore.OpenOptions{})
	require.NoError(t, err)
	for _, ranges := range []string{"", "bytes=0-1", "bytes=0-1,3-4"} {
		_, err = e.s.OpenObject(context.Background(), e.id, objstore.OpenOptions{Ranges: ranges})
		var failed *objstore.Error
		require.True(t, errors.As(err, &failed))
		require.Equal(t, "Error decrypting object", failed.Text)
		require.ErrorContains(t, err, "127.0.0.1:")
	}
}

// TestSwiftVectors puts what Swift's filters made on the servers, and reads the
// objects through the Store.
func TestSwiftVectors(t *testing.T) {
	text, err := os.ReadFile("swiftcrypto/testdata/swift_vectors.json")
	require.NoError(t, err)
	var vectors []struct {
		Account, Container, Object string
		Secrets                    map[string]string
		Active, Body, Listed       string
		Meta                       map[string]string
		Stored                     struct {
			Headers, Footers map[string]string
			Body             string
		}
	}
	require.NoError(t, json.Unmarshal(text, &vectors))
	decode := func(text string) []byte {
		b, err := base64.StdEncoding.DecodeString(text)
		require.NoError(t, err)
		return b
	}
	f := newFake(t, 4, 3)
	for i, v := range vectors {
		o := swiftcrypto.KeyOptions{Active: v.Active, Secrets: map[string][]byte{}}
		for id, secret := range v.Secrets {
			o.Secrets[id] = decode(secret)
		}
		s := f.open(t, Options{Keys: sealKeys(t, o)})
		id := objstore.ObjectID{Account: objstore.AccountName(v.Account), Container: objstore.ContainerName(v.Container), Object: objstore.ObjectName(v.Object)}
		_, err := s.PutContainer(t.Context(), id.ContainerID(), objstore.PutContainerOptions{})
		require.NoError(t, err)
		var h wire.Header
		for _, part := range []map[string]string{v.Stored.Headers, v.Stored.Footers} {
			for name, value := range part {
				h.Set(name, value)
			}
		}
		etag := h.Get("Etag")
		h.Del("Etag")
		for _, n := range f.nodes {
			n.mu.Lock()
			key := strings.TrimPrefix(id.String(), "/") + "#0"
			at := internaltime.Of(objstore.Timestamp(100_000 + i))
			n.objects[key] = &fakeObject{data: at, modified: at, header: h.Clone(), body: decode(v.Stored.Body), etag: etag}
			n.mu.Unlock()
		}
		ob, err := s.OpenObject(t.Context(), id, objstore.OpenOptions{})
		require.NoError(t, err, "%d", i)
		body := decode(v.Body)
		got, err := io.ReadAll(ob.Range(0, int64(len(body))))
		require.NoError(t, err)
		require.Equal(t, string(body), string(got))
		for name, value := range v.Meta {
			want := make([]byte, 0, len(value))
			for _, r := range value {
				want = append(want, byte(r))
			}
			require.Equal(t, string(want), ob.Info().Metadata.Get(objectMeta+name))
		}
		listed, extra := splitListed(v.Account, v.Listed)
		if listed != ob.Info().ETag && len(body) > 0 {
			require.Equal(t, listed, ob.Info().Listing.ETag)
		}
		require.Equal(t, extra, ob.Info().Listing.Extra, fmt.Sprint(i))
		require.NoError(t, ob.Close())
	}
}
