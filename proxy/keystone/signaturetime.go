package keystone

import (
	"strconv"
	"strings"
	"time"
)

// A signature is good for a while around the time that was signed with it, so
// that whoever gets hold of one cannot use it for ever. Keystone looks at the
// time of ec2tokens only, and only at its age.
const (
	// signatureLife is Keystone's [credential] auth_ttl, and the skew that S3
	// allows to clocks, in both directions.
	signatureLife = 15 * time.Minute
	// presignedLife is the longest that a URL signed with version 4 is good for.
	// A string to sign does not tell a URL from a request.
	presignedLife = 7 * 24 * time.Hour
)

// isoTime is the time of version 4, httpTimes those of the header Date.
const isoTime = "20060102T150405Z"

var httpTimes = []string{time.RFC1123, time.RFC1123Z, time.RFC850, time.ANSIC, isoTime}

// ec2Times are those of the parameter Timestamp and of version 4.
var ec2Times = []string{isoTime, "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05"}

// isFresh looks at the times of signing of a request to EC2, if there are any.
// Each has to be right, since not all of them need be signed.
func (r *ec2Request) isFresh(now time.Time) bool {
	for _, stamp := range []string{r.params["Timestamp"], r.params["X-Amz-Date"], r.headers["x-amz-date"]} {
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

// isFreshS3 looks at the time in a string to sign of S3. Without one there is no
// such request: Swift's s3api refuses it before it asks.
func isFreshS3(stringToSign string, now time.Time) bool {
	lines := strings.Split(stringToSign, "\n")
	if strings.HasPrefix(stringToSign, "AWS4") {
		if len(lines) < 2 {
			return false
		}
		t, err := time.Parse(isoTime, lines[1])
		age := now.Sub(t)
		return err == nil && age >= -signatureLife && age <= presignedLife+signatureLife
	}
	// Version 2 has the method, Content-MD5, Content-Type and Date; a header
	// x-amz-date takes the place of the date, the end of a signed URL too.
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
