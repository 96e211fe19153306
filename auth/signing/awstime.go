// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"strconv"
	"strings"
	"time"
)

// A signature is good for a while around the signed time, so that a stolen
// signature does not serve for ever. Keystone judges the time of ec2tokens only,
// and only the age.
const (
	// signatureLife is Keystone's [credential] auth_ttl. S3 allows clocks to
	// differ by as much, in both directions.
	signatureLife = 15 * time.Minute
	// presignedLife is the longest life of a URL signed with version 4. A string
	// to sign is the same for a URL and for a request.
	presignedLife = 7 * 24 * time.Hour
)

// isoTime is the time of version 4, httpTimes are the times of the header Date.
const isoTime = "20060102T150405Z"

var httpTimes = []string{time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC, isoTime}

// ec2Times are the layouts of the parameter Timestamp and of version 4.
var ec2Times = []string{isoTime, "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"}

// IsFresh says whether every time of signing in the request is within 15 minutes
// of now. Each time has to be: a client may have signed one and left a second
// unsigned. A request without a time is fresh, as in Keystone.
func (r *AWSRequest) IsFresh(now time.Time) bool {
	for _, stamp := range []string{r.Params["Timestamp"], r.Params["X-Amz-Date"], r.Headers["x-amz-date"]} {
		if stamp != "" && !isNow(stamp, ec2Times, now) {
			return false
		}
	}
	return true
}

// isNow says whether a time, in one of the layouts, is within signatureLife of
// now.
func isNow(stamp string, layouts []string, now time.Time) bool {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, stamp); err == nil {
			return now.Sub(t).Abs() <= signatureLife
		}
	}
	return false
}

// IsFresh says whether the text's time is good now: within 15 minutes for version
// 2, up to seven days old for version 4, and for a signed URL of version 2 at most
// 15 minutes after the end of the URL's life. A text without a time is not fresh: Swift's s3api refuses such a request
// before a question to Keystone.
func (s AWSStringToSign) IsFresh(now time.Time) bool {
	lines := strings.Split(string(s), "\n")
	if strings.HasPrefix(string(s), "AWS4") {
		if len(lines) < 2 {
			return false
		}
		t, err := time.Parse(isoTime, lines[1])
		age := now.Sub(t)
		return err == nil && age >= -signatureLife && age <= presignedLife+signatureLife
	}
	// Version 2 has the lines method, Content-MD5, Content-Type and Date. The
	// header x-amz-date replaces the date; in a signed URL the date is the end of
	// the URL's life, in seconds since 1970.
	if len(lines) < 4 {
		return false
	}
	stamp := lines[3]
	for _, line := range lines[4:] {
		if value, ok := strings.CutPrefix(line, "x-amz-date:"); ok {
			stamp = strings.TrimSpace(value)
		}
	}
	if end, err := strconv.ParseInt(stamp, 10, 64); err == nil {
		return now.Add(-signatureLife).Unix() <= end
	}
	return isNow(stamp, httpTimes, now)
}
