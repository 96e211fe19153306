// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
	"time"
)

var someReceipt = Receipt{UserID: "f7a842b4104247debd7589051c5321fc", Methods: []string{"password", "totp"}, Expires: time.Unix(1672371339, 0).UTC()}

// receiptPayload is what msgpack.packb gives for Keystone's ReceiptPayload of
// someReceipt: ((True, 16 bytes), 66, 1672371339.0).
const receiptPayload = "9392c3c410f7a842b4104247debd7589051c5321fc42cb41d8eb9722c00000"

func TestReceipt(t *testing.T) {
	b, err := encodeReceipt(someReceipt)
	if err != nil || hex.EncodeToString(b) != receiptPayload {
		t.Errorf("payload %x, %v", b, err)
	}
	r := openRepository(t)
	text, err := r.IssueReceipt(someReceipt, time.Unix(1672371039, 0))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.ParseReceipt(text); err != nil || !reflect.DeepEqual(got, someReceipt) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, _, err := r.Parse(text); err == nil {
		t.Error("a receipt is a token")
	}
	token, err := r.Issue(vectors[0].p, time.Unix(1672371039, 0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.ParseReceipt(token); err == nil {
		t.Error("a token is a receipt")
	}
	if _, err := r.ParseReceipt(text[:len(text)-2] + "AA"); err == nil {
		t.Error("a changed receipt opens")
	}
	for _, bad := range []Receipt{{UserID: "u"}, {UserID: strings.Repeat("u", maxString+1), Methods: []string{"token"}}} {
		if _, err := r.IssueReceipt(bad, time.Unix(0, 0)); err == nil {
			t.Errorf("%.20s…: issued", bad.UserID)
		}
	}
}

func FuzzDecodeReceipt(f *testing.F) {
	raw, _ := hex.DecodeString(receiptPayload)
	f.Add(raw)
	f.Add([]byte{0x93, 0x92})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeReceipt(b)
		if err != nil {
			return
		}
		again, err := encodeReceipt(r)
		if err != nil {
			t.Fatalf("%+v cannot be encoded: %v", r, err)
		}
		if back, err := decodeReceipt(again); err != nil || !reflect.DeepEqual(back, r) {
			t.Fatalf("%+v became %+v, %v", r, back, err)
		}
	})
}
