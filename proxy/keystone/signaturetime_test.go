package keystone

import (
	"encoding/base64"
	"fmt"
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
		for _, where := range []string{`"params": {"Timestamp": %q}`, `"headers": {"X-Amz-Date": %q}`, `"headers": {"x-AMZ-date": %q}`,
			`"params": {"X-Amz-Date": %q}`, `"params": {"Timestamp": "20260101T001500Z"}, "headers": {"X-Amz-Date": %q}`} {
			r := must[*ec2Request](t)(parseEC2Request(must[object](t)(parseObject(fmt.Appendf(nil, "{"+where+"}", stamp)))))
			if got := r.isFresh(signingTime); got != want {
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
		if got := isFreshS3(toSign, signingTime); got != want {
			t.Errorf("%q: %v", toSign, got)
		}
	}
}

// TestOldSignaturesAreRefused on both routes, although they are right.
func TestOldSignaturesAreRefused(t *testing.T) {
	c := newCloud(t)
	admin, service := c.login("admin", onAdmin), c.login("glance", onService)
	key := c.ec2Key(admin, adminUser)
	s3 := func(at time.Time) string {
		toSign := "AWS4-HMAC-SHA256\n" + at.UTC().Format(isoTime) + "\n" + at.UTC().Format("20060102") + "/r/s3/aws4_request\nhash"
		signature, _ := s3Signature([]byte(toSign), key.Secret)
		return fmt.Sprintf(`{"credentials": {"access": %q, "token": %q, "signature": %q}}`, key.Access,
			base64.URLEncoding.EncodeToString([]byte(toSign)), signature)
	}
	for ago, want := range map[time.Duration][2]int{0: {200, 200}, time.Hour: {401, 200}, 8 * 24 * time.Hour: {401, 401}, -time.Hour: {401, 401}} {
		at := time.Now().Add(-ago)
		c.as(service, "POST", "/ec2tokens", signedEC2(key, at), want[0])
		c.as(service, "POST", "/s3tokens", s3(at), want[1])
	}
}
