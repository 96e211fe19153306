// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"fmt"
	"math"
	"net/url"
	"strings"

	"needletail/auth/signing"
	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/listing"
	"needletail/proxy/web"
)

// listing answers with the listing of a folder: a single page of the container,
// first the folders, then the objects.
func (v *visit) listing(s site, prefix string) (*web.Response, error) {
	label := v.r.Path
	if s.label != "" {
		label = s.label + "/" + v.path.Object
	}
	if !s.listed() {
		page := web.NewBytes(404, web.HTMLType, []byte(disabledPage(s, label, prefix)))
		return v.fail(s, answer{page, nil})
	}
	query := url.Values{"delimiter": {"/"}}
	if prefix != "" {
		query.Set("prefix", prefix)
	}
	entries, other := v.entries(query)
	switch {
	case other != answer{}:
		return v.fail(s, other)
	case prefix != "" && len(entries) == 0:
		return v.fail(s, answer{nil, web.Status(404)})
	}
	linkQuery, reach := v.tempURL()
	var b strings.Builder
	fmt.Fprintf(&b, listingHead, escape(label), style(s, prefix, listingStyle), escape(label))
	href := func(name string) string { return href(name, linkQuery, v.m.DotSlashLinks) }
	if len(prefix) > len(reach) {
		fmt.Fprintf(&b, parentRow, linkQuery)
	}
	for _, folders := range []bool{true, false} {
		for _, e := range entries {
			before := b.Len()
			switch {
			case folders && e.Subdir:
				name := strings.TrimPrefix(e.Name, prefix)
				fmt.Fprintf(&b, folderRow, href(name), escape(name))
			case !folders && !e.Subdir:
				name := strings.TrimPrefix(e.Name, prefix)
				fmt.Fprintf(&b, objectRow, classes(listing.ContentType(e.ContentType)), href(name), escape(name),
					humanReadable(e.SizeBytes), date(e.Modified))
			}
			if err := v.r.Hold(pageFactor * int64(b.Len()-before)); err != nil {
				return v.fail(s, answer{nil, err})
			}
		}
	}
	b.WriteString(listingFoot)
	res := web.NewBytes(200, web.HTMLType, []byte(b.String()))
	res.Header.Add(swift.GeneratorHeader, swift.GeneratorStaticWeb)
	return res, nil
}

// pageFactor is how many copies of a page are in memory: the text, in a buffer
// of up to twice the length, and the answer.
const pageFactor = 3

// tempURL returns the query for links and the prefix of the signature, if the
// request came by a temporary URL with a prefix. Both are "" otherwise.
func (v *visit) tempURL() (linkQuery, reach string) {
	if _, ok := v.r.Authorizer.(signing.Scope); !ok {
		return "", ""
	}
	u, ok := signing.ParseTempURL(v.r.Query())
	if !ok || u.Prefix == nil {
		return "", ""
	}
	parts := []string{
		"temp_url_prefix=" + web.Quote(*u.Prefix),
		"temp_url_expires=" + web.Quote(u.Expires),
		"temp_url_sig=" + web.Quote(u.Signature),
	}
	if u.IPRange != "" {
		parts = append(parts, "temp_url_ip_range="+web.Quote(u.IPRange))
	}
	if u.Inline {
		parts = append(parts, "inline")
	}
	return "?" + strings.Join(parts, "&amp;"), *u.Prefix
}

// href returns a link to an entry. A link begins with "./" in three cases: with
// dotSlash, in a listing for a temporary URL (Swift has such listings only
// since all links begin so), and for a name that would lead elsewhere without
// "./".
func href(name, linkQuery string, dotSlash bool) string {
	quoted := web.Quote(name)
	if !dotSlash && linkQuery == "" && !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, ".") {
		return quoted
	}
	return "./" + strings.ReplaceAll(quoted, ".", "%2E") + linkQuery
}

// style returns a link to the site's style sheet, or the built-in style.
func style(s site, prefix, builtIn string) string {
	if s.css == "" {
		return builtIn
	}
	return fmt.Sprintf(styleLink, cssPath(s.css, prefix))
}

// cssPath returns the path from a folder to a style sheet in the root. A path
// with a leading slash or a scheme stays unchanged.
func cssPath(css, prefix string) string {
	for _, absolute := range []string{"/", "http://", "https://"} {
		if strings.HasPrefix(css, absolute) {
			return strings.ReplaceAll(web.Quote(css), "%3A", ":")
		}
	}
	return strings.Repeat("../", strings.Count(prefix, "/")) + web.Quote(css)
}

// classes returns "type-text type-plain" for text/plain.
func classes(contentType string) string {
	parts := strings.Split(contentType, "/")
	for i, p := range parts {
		parts[i] = "type-" + escape(strings.ToLower(p))
	}
	return strings.Join(parts, " ")
}

// date returns a time as 2000-01-02 03:04:05, without the fraction.
func date(modified objstore.Timestamp) string {
	seconds, _, _ := strings.Cut(string(modified.AppendISO(nil)), ".")
	return strings.Replace(seconds, "T", " ", 1)
}

// humanReadable returns 1Mi for 1048576 (swift/common/utils: human_readable).
func humanReadable(bytes int64) string {
	const suffixes = "KMGTPEZY"
	value, unit := float64(bytes), -1
	for value >= 1024 && unit+1 < len(suffixes) {
		value, unit = math.RoundToEven(value/1024), unit+1
	}
	if unit < 0 {
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.0f%ci", value, suffixes[unit])
}
