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

// listing is the answer to GET with what list adds to l (swift.ListingResponse),
// to HEAD without it: 204.
func listing(r *swift.Request, l *swift.Listing, format swift.ListingFormat, vary bool, list func() error) (*swift.Response, error) {
	res := swift.NewBytes(204, format.ContentType(), nil)
	if r.Method == "GET" {
		var err error
		if res, err = swift.ListingResponse(r, l, list); err != nil {
			return nil, err
		}
	}
	res.Header.Add("Accept-Ranges", "bytes")
	if vary {
		res.Header.Add("Vary", "Accept")
	}
	return res, nil
}

// after lets the next piece of a page begin behind the entry of that name, and
// says when this one is full.
func after(o *objstore.ListOptions, l *swift.Listing, name string) error {
	o.Limit--
	if !l.Full() {
		return nil
	}
	o.Marker = strings.Clone(name)
	return swift.ErrPieceFull
}
