package controllers

import (
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
)

// listOptions reads the parameters that accounts and containers share. HEAD
// lists nothing and takes any limit.
func listOptions(r *swift.Request, maxEntries int) (objstore.ListOptions, error) {
	o := objstore.ListOptions{Limit: maxEntries}
	var limit, reverse string
	for _, p := range []struct {
		name string
		to   *string
	}{
		{"marker", &o.Marker}, {"end_marker", &o.EndMarker}, {"prefix", &o.Prefix},
		{"delimiter", &o.Delimiter}, {"reverse", &reverse}, {"limit", &limit},
	} {
		value, err := r.QueryText(p.name)
		if err != nil {
			return o, err
		}
		*p.to = value
	}
	o.Reverse = isTrue(reverse)
	if r.Method == "HEAD" {
		return o, nil
	}
	n, err := swift.ListingLimit(limit, maxEntries)
	o.Limit = n
	return o, err
}

// isTrue is config_true_value of swift/common/utils.
func isTrue(s string) bool {
	switch strings.ToLower(s) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}

// listingResponse is the answer to GET with a listing, to HEAD with nil. A HEAD
// and a listing of no bytes are 204.
func listingResponse(l *swift.Listing, format swift.ListingFormat, vary bool) *swift.Response {
	var body []byte
	if l != nil {
		body = l.Bytes()
	}
	status := 200
	if len(body) == 0 {
		status = 204
	}
	res := swift.NewBytes(status, format.ContentType(), body)
	res.Header.Add("Accept-Ranges", "bytes")
	if vary {
		res.Header.Add("Vary", "Accept")
	}
	return res
}
