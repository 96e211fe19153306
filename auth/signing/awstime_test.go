// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"strconv"
	"testing"
	"time"
)

var signingTime = time.Date(2026, 1, 1, 0, 15, 0, 0, time.UTC)

func TestSignaturesOfEC2GrowOld(t *testing.T) {
	for stamp, want := range map[string]bool{"": true, "yesterday": false,
		"20260101T000000Z": true, "20251231T235959Z": false, "2026-01-01T00:00:00Z": true, "2025-12-31T23:59:59Z": false,
		"20260101T003000Z": true, "20260101T003001Z": false, "2026-01-01T00:30:00": true, "2026-01-01T00:30:01Z": false, "2999-01-01T00:00:00Z": false,
	} {
		for where, r := range map[string]AWSRequest{
			"Timestamp":                {Params: map[string]string{"Timestamp": stamp}},
			"the header x-amz-date":    {Headers: map[string]string{"x-amz-date": stamp}},
			"the parameter X-Amz-Date": {Params: map[string]string{"X-Amz-Date": stamp}},
			"the second of two times":  {Params: map[string]string{"Timestamp": "20260101T001500Z"}, Headers: map[string]string{"x-amz-date": stamp}},
		} {
			if got := r.IsFresh(signingTime); got != want {
				t.Errorf("%q in %s: %v", stamp, where, got)
			}
		}
	}
}

func TestSignaturesOfS3GrowOld(t *testing.T) {
	v4 := func(stamp string) string { return "AWS4-HMAC-SHA256\n" + stamp + "\nscope\nhash" }
	v2 := func(date string) string { return "GET\n\n\n" + date + "\n/bucket" }
	ends := func(d time.Duration) string { return v2(strconv.FormatInt(signingTime.Add(d).Unix(), 10)) }
	amz := func(date, header string) string { return "GET\n\n\n" + date + "\nx-amz-date:" + header + "\n/bucket" }
	for toSign, want := range map[string]bool{
		v4("20260101T001500Z"): true, v4("20260101T003000Z"): true, v4("20260101T003001Z"): false,
		v4("20251225T000000Z"): true, v4("20251224T235959Z"): false, // the age of a signed URL
		v4(""): false, v4("now"): false, "AWS4": false, "AWS4-HMAC-SHA256\n": false,

		v2("Thu, 01 Jan 2026 00:15:00 GMT"): true, v2("Thu, 01 Jan 2026 00:00:00 +0000"): true, v2("Thu, 01 Jan 2026 01:30:01 +0100"): false,
		v2("Wed, 31 Dec 2025 23:59:59 GMT"): false, v2("Thu, 01 Jan 2026 00:30:01 GMT"): false,
		v2(""): false, v2("today"): false, "": false, "GET": false, "GET\n\n\n": false,
		amz("", "Thu, 01 Jan 2026 00:15:00 GMT"): true, amz("", "20260101T001500Z"): true,
		amz("Thu, 01 Jan 2026 00:15:00 GMT", "Wed, 31 Dec 2025 23:59:59 GMT"): false,
		ends(0): true, ends(time.Hour * 24 * 365): true, ends(-signatureLife): true, ends(-signatureLife - time.Second): false,
	} {
		if got := AWSStringToSign(toSign).IsFresh(signingTime); got != want {
			t.Errorf("%q: %v", toSign, got)
		}
	}
}
