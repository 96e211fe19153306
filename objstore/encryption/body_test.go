// SPDX-License-Identifier: Apache-2.0

package encryption_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"needletail/objstore"
	"needletail/objstore/encryption"
	"needletail/objstore/engine"
)

func noise(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(b)
	return b
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// TestRangesAtAllAlignments compares each range with the slice.
func TestRangesAtAllAlignments(t *testing.T) {
	s := newSite(t)
	st := encryption.New(s.inner, one(t))
	body := noise(300)
	put(t, st, id, body)
	obj, err := st.OpenObject(ctx, id, objstore.OpenOptions{})
	s.ok(err)
	defer obj.Close()
	for from := range 70 {
		for _, n := range []int{0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 200, len(body) - from} {
			for name, wrap := range map[string]func(io.Reader) io.Reader{"whole": func(r io.Reader) io.Reader { return r }, "by bytes": iotest.OneByteReader} {
				got, err := io.ReadAll(wrap(obj.Range(int64(from), int64(n))))
				if err != nil || !bytes.Equal(got, body[from:from+n]) {
					t.Fatalf("%d bytes from %d, %s: differ, %v", n, from, name, err)
				}
			}
		}
	}
}

func TestETagIsThePlaintexts(t *testing.T) {
	s := newSite(t)
	st := encryption.New(s.inner, one(t))
	body := noise(70_000)
	info := put(t, st, id, body)
	if info.ETag != md5Hex(body) || listed(t, st)["o"] != info.ETag {
		t.Errorf("%q, listed %v", info.ETag, listed(t, st))
	}
	if again := put(t, st, container.Object("same"), body); again.ETag != info.ETag {
		t.Error("equal bodies differ")
	}
	a, infoA := s.stored(id)
	b, infoB := s.stored(container.Object("same"))
	if bytes.Equal(a, b) || bytes.Equal(a, body) || infoA.ETag == infoB.ETag || infoA.ETag == info.ETag {
		t.Error("equal bodies are stored as equal bytes, or in clear")
	}
}

// TestSHA512IsThePlaintexts: and the store below has none.
func TestSHA512IsThePlaintexts(t *testing.T) {
	s := newSite(t)
	st, body := encryption.New(s.inner, one(t)), noise(5000)
	sum := sha512.Sum512(body)
	_, err := st.PutObject(ctx, id, bytes.NewReader(body), objstore.PutOptions{SizeBytes: -1, SHA512: true})
	s.ok(err)
	info, err := st.HeadObject(ctx, id, objstore.OpenOptions{})
	s.ok(err)
	if _, stored := s.stored(id); info.SHA512 != hex.EncodeToString(sum[:]) || stored.SHA512 != "" {
		t.Errorf("%q, stored %q", info.SHA512, stored.SHA512)
	}
}

// TestNothingInClear scans the data folder of the real store for what was put,
// in a file and inline.
func TestNothingInClear(t *testing.T) {
	for _, o := range []encryption.KeyOptions{{}, {Secrets: map[string][]byte{"": secret(1)}}} {
		dir := t.TempDir()
		e, err := engine.Open(dir, engine.Options{})
		if err != nil {
			t.Fatal(err)
		}
		st := encryption.New(e, keys(t, o))
		if _, err := st.PutContainer(ctx, container, objstore.PutContainerOptions{}); err != nil {
			t.Fatal(err)
		}
		for name, size := range map[objstore.ObjectName]int{"small": 1000, "large": 1 << 20} {
			body := bytes.Repeat([]byte("MARK-body "), size/10)
			_, err := st.PutObject(ctx, container.Object(name), bytes.NewReader(body), objstore.PutOptions{SizeBytes: -1, SHA512: true,
				Metadata: objstore.Metadata{field("X-Object-Meta-Mark-Name", "MARK-value"), field("X-Object-Sysmeta-Slo", "MARK-sysmeta")},
				Listing:  objstore.ListingOverride{ETag: "MARK-etag", Extra: objstore.Metadata{field("slo_etag", "MARK-extra")}}})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := st.PostObject(ctx, container.Object("small"), objstore.PostOptions{Metadata: objstore.Metadata{field("X-Object-Meta-P", "MARK-posted")}}); err != nil {
			t.Fatal(err)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
		marks := []string{"MARK-body", "Mark-Name", "MARK-value", "MARK-sysmeta", "MARK-etag", "MARK-extra", "MARK-posted"}
		for _, mark := range marks {
			found := scan(t, dir, mark)
			if encrypted := len(o.Secrets) > 0; encrypted == found {
				t.Errorf("encrypted: %v, %q found: %v", encrypted, mark, found)
			}
		}
	}
}

// scan looks for a text in all files below dir.
func scan(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		found = found || strings.Contains(string(b), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// BenchmarkBody measures what encryption costs on the store on disk: a PUT and
// a GET of 64 MiB, off and on.
func BenchmarkBody(b *testing.B) {
	body := noise(64 << 20)
	for name, o := range map[string]encryption.KeyOptions{"off": {}, "on": {Secrets: map[string][]byte{"": secret(1)}}} {
		e, err := engine.Open(b.TempDir(), engine.Options{})
		if err != nil {
			b.Fatal(err)
		}
		st := encryption.New(e, keys(b, o))
		if _, err := st.PutContainer(ctx, container, objstore.PutContainerOptions{}); err != nil {
			b.Fatal(err)
		}
		b.Run("put-"+name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				put(b, st, id, body)
			}
		})
		b.Run("get-"+name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				obj, err := st.OpenObject(ctx, id, objstore.OpenOptions{})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, obj.Range(0, int64(len(body))), make([]byte, 256<<10)); err != nil {
					b.Fatal(err)
				}
				obj.Close()
			}
		})
		if err := st.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
