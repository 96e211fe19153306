// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// TempURL has the parameters of a temporary URL, as the client sent the query.
type TempURL struct {
	Signature string // temp_url_sig
	Expires   string // temp_url_expires: a Unix second or YYYY-MM-DDTHH:MM:SSZ
	// Prefix is temp_url_prefix: the URL is good for every object whose name
	// begins with the prefix. nil: the URL is good for one object.
	Prefix   *string
	IPRange  string // temp_url_ip_range: an address, or a network as ADDRESS/BITS
	Filename string // filename, for Content-Disposition
	Inline   bool   // inline, for Content-Disposition
}

// ParseTempURL reads a query. ok is false for a query with neither a signature
// nor an expiry: the URL is no temporary URL.
func ParseTempURL(q url.Values) (t TempURL, ok bool) {
	if !q.Has("temp_url_sig") && !q.Has("temp_url_expires") {
		return t, false
	}
	t = TempURL{
		Signature: q.Get("temp_url_sig"), Expires: q.Get("temp_url_expires"),
		IPRange:  q.Get("temp_url_ip_range"),
		Filename: q.Get("filename"), Inline: q.Has("inline"),
	}
	if q.Has("temp_url_prefix") {
		prefix := q.Get("temp_url_prefix")
		t.Prefix = &prefix
	}
	return t, true
}

const expiresLayout = "2006-01-02T15:04:05Z"

// MaxExpires is the last second of the year 9999, the last second that a date
// header can name. A later expiry is not valid.
const MaxExpires = 253402300799

// ExpiresUnix returns the Unix second after which the URL is dead. ok is false
// if the URL is dead at now, or has no valid expiry. The number is signed, in
// whichever form the URL has the time.
func (t TempURL) ExpiresUnix(now time.Time) (unixSeconds int64, ok bool) {
	at, err := strconv.ParseInt(strings.TrimSpace(t.Expires), 10, 64)
	if err != nil {
		parsed, err := time.Parse(expiresLayout, t.Expires)
		if err != nil || len(t.Expires) != len(expiresLayout) {
			return 0, false
		}
		at = parsed.Unix()
	}
	return at, at > 0 && at >= now.Unix() && at <= MaxExpires
}

// Message returns the signed text for a method and an object. The path of the
// object is /v1/ACCOUNT/CONTAINER/OBJECT without any encoding:
//
//	[ip=RANGE\n] METHOD\n EXPIRES\n [prefix:] PATH
//
// The range stands first because a path can contain a newline. A caller asks
// AllowsIP first: a range that passes AllowsIP contains no newline.
func (t TempURL) Message(method string, expiresUnix int64, account, container, object string) []byte {
	var m []byte
	if t.IPRange != "" {
		m = fmt.Appendf(m, "ip=%s\n", t.IPRange)
	}
	m = fmt.Appendf(m, "%s\n%d\n", method, expiresUnix)
	if t.Prefix != nil {
		m = append(m, "prefix:"...)
		object = *t.Prefix
	}
	return fmt.Appendf(m, "/v1/%s/%s/%s", account, container, object)
}

// AllowsIP says whether an address is in the range. Without a range every
// address is. A network with host bits is invalid, as in Python's ipaddress,
// and allows no address.
func (t TempURL) AllowsIP(remote string) bool {
	if t.IPRange == "" {
		return true
	}
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	if network, err := netip.ParsePrefix(t.IPRange); err == nil {
		return network == network.Masked() && network.Contains(addr)
	}
	only, err := netip.ParseAddr(t.IPRange)
	return err == nil && only.Zone() == "" && only == addr
}

// Query returns the query under which the request goes on: the signed
// parameters, the parameters for the form of the answer, and sig as the
// signature.
func (t TempURL) Query(sig Signature) string {
	q := "temp_url_sig=" + sig.Hex() + "&temp_url_expires=" + url.QueryEscape(t.Expires)
	add := func(name, value string) { q += "&" + name + "=" + url.QueryEscape(value) }
	if t.Prefix != nil {
		add("temp_url_prefix", *t.Prefix)
	}
	if t.IPRange != "" {
		add("temp_url_ip_range", t.IPRange)
	}
	if t.Filename != "" {
		add("filename", t.Filename)
	}
	if t.Inline {
		add("inline", "")
	}
	return q
}
