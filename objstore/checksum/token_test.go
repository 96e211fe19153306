// SPDX-License-Identifier: Apache-2.0

package checksum

import (
	"crypto/md5"
	"encoding/hex"
	"slices"
	"testing"
)

// TestWithoutMD5: another token each time, the same one at each Sum, all other
// digests as ever, and a pooled Hash forgets it.
func TestWithoutMD5(t *testing.T) {
	body := make([]byte, BlockBytes+5)
	want := md5.Sum(body)
	plain := New(true)
	plain.Write(body)
	all := plain.Sum()
	plain.Release()
	seen := map[string]bool{hex.EncodeToString(want[:]): true}
	for range 20 {
		h := NewWithoutMD5(true)
		h.Write(body)
		got := h.Sum()
		if again := h.Sum(); len(got.MD5) != 32 || seen[got.MD5] || again.MD5 != got.MD5 {
			t.Fatalf("tokens %q, %q", got.MD5, again.MD5)
		}
		if got.SHA512 != all.SHA512 || got.SizeBytes != all.SizeBytes || !slices.Equal(got.Blocks, all.Blocks) {
			t.Fatalf("digests %+v, want %+v", got, all)
		}
		seen[got.MD5] = true
		h.Release()
		h = New(false)
		h.Write(body)
		if got := h.Sum().MD5; got != hex.EncodeToString(want[:]) {
			t.Fatalf("after a token the MD5 is %s", got)
		}
		h.Release()
	}
}
