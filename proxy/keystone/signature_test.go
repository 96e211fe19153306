// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestOldSignaturesAreRefused on both routes, although the signatures are right.
func TestOldSignaturesAreRefused(t *testing.T) {
	c := newCloud(t)
	admin, service := c.login("admin", onAdmin), c.login("glance", onService)
	key := c.ec2Key(admin, adminUser)
	s3 := func(at time.Time) string {
		day := at.UTC().Format("20060102")
		toSign := "AWS4-HMAC-SHA256\n" + at.UTC().Format("20060102T150405Z") + "\n" + day + "/r/s3/aws4_request\nhash"
		k := []byte("AWS4" + key.Secret)
		for part := range strings.SplitSeq(day+" r s3 aws4_request", " ") {
			k = mac(sha256.New, k, part)
		}
		return fmt.Sprintf(`{"credentials": {"access": %q, "token": %q, "signature": %q}}`, key.Access,
			base64.URLEncoding.EncodeToString([]byte(toSign)), hex.EncodeToString(mac(sha256.New, k, toSign)))
	}
	for ago, want := range map[time.Duration][2]int{0: {200, 200}, time.Hour: {401, 200}, 8 * 24 * time.Hour: {401, 401}, -time.Hour: {401, 401}} {
		at := time.Now().Add(-ago)
		c.as(service, "POST", "/ec2tokens", signedEC2(key, at), want[0])
		c.as(service, "POST", "/s3tokens", s3(at), want[1])
	}
}

// TestEC2RequestHeaders: names of headers have no case.
func TestEC2RequestHeaders(t *testing.T) {
	for _, name := range []string{"X-Amz-Date", "x-AMZ-date"} {
		o := must[object](t)(parseObject([]byte(`{"headers": {"` + name + `": "today"}, "params": {"a": "b"}}`)))
		r, err := parseEC2Request(o)
		if err != nil || r.Headers["x-amz-date"] != "today" || r.Params["a"] != "b" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}
