// SPDX-License-Identifier: Apache-2.0

package symlink

import (
	"strconv"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const (
	targetHeader  = "X-Symlink-Target"
	accountHeader = "X-Symlink-Target-Account"
	etagHeader    = "X-Symlink-Target-Etag"
	bytesHeader   = "X-Symlink-Target-Bytes"
)

// dynamicType is the Content-Type of a dynamic link without a type of its own.
const dynamicType = "application/symlink"

// put makes a link.
func (m *middleware) put(r *swift.Request, path swift.Path) (*web.Response, error) {
	if err := r.RefuseBody(m.next, "Symlink requests require a zero byte body"); err != nil {
		return nil, err
	}
	link, err := readLink(r.Header, path)
	if err != nil {
		return nil, err
	}
	if link.ETag != "" && r.Repeats {
		if err := repeated(r.Header, &link); err != nil {
			return nil, err
		}
	} else if link.ETag != "" {
		if err := m.lookUp(r, path, &link); err != nil {
			return nil, err
		}
	} else if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", dynamicType)
	}
	for _, name := range []string{targetHeader, accountHeader, etagHeader, bytesHeader} {
		r.Header.Del(name)
	}
	swift.SetSymlink(&r.Header, link)
	return m.next.Serve(r)
}

// readLink reads the headers of a PUT to path.
func readLink(h web.Header, path swift.Path) (link swift.Symlink, err error) {
	const form = "X-Symlink-Target header must be of the form <container name>/<object name>"
	target := web.Unquote(h.Get(targetHeader))
	if strings.HasPrefix(target, "/") {
		return link, web.Textf(412, form) // Swift's type differs with the fault
	}
	var ok bool
	link.Container, link.Object, ok = strings.Cut(target, "/")
	if !ok || link.Container == "" || link.Object == "" {
		return link, web.Statusf(412, form)
	}
	account := path.Account
	if v, ok := h.Lookup(accountHeader); ok {
		link.Account = web.Unquote(v)
		switch {
		case link.Account == "":
			return link, web.Statusf(412, "Account name cannot be empty")
		case strings.Contains(link.Account, "/"):
			return link, web.Statusf(412, "Account name cannot contain slashes")
		}
		account = link.Account
	}
	for _, name := range []string{link.Account, link.Container, link.Object} {
		if !swift.ValidText(name) { // no path to it would pass
			return link, web.Textf(412, "X-Symlink-Target must be UTF-8 without NUL")
		}
	}
	if account == path.Account && link.Container == path.Container && link.Object == path.Object {
		return link, web.Textf(400, "Symlink cannot target itself")
	}
	link.ETag = web.NormalizeETag(h.Get(etagHeader))
	if strings.ContainsAny(link.ETag, `;"\`) {
		return link, web.Textf(400, "Bad X-Symlink-Target-Etag format")
	}
	return link, nil
}

// repeated takes the target's length as the other cluster states the length
// (symlink.py: _validate_etag_and_update_sysmeta).
func repeated(h web.Header, link *swift.Symlink) (err error) {
	link.SizeBytes, err = strconv.ParseInt(h.Get(bytesHeader), 10, 64)
	if err != nil || link.SizeBytes < 0 {
		return web.Textf(400, "Bad %s format", bytesHeader)
	}
	return nil
}

// lookUp checks a static link against its target, with the rights of the
// client, and takes the values for the listing and the type from the target.
func (m *middleware) lookUp(r *swift.Request, path swift.Path, link *swift.Symlink) error {
	target := link.Path(path.Version, path.Account)
	w := &walk{m: m, location: web.Quote(target), wantETag: link.ETag}
	head := r.Subrequest("HEAD", target, source)
	if v, ok := r.Header.Lookup("Referer"); ok {
		head.Header.Set("Referer", v) // read ACLs look at it
	}
	res, err := w.follow(head, false)
	if err != nil {
		return err
	}
	defer res.Close()
	switch {
	case res.Status == 404:
		return w.conflict("X-Symlink-Target does not exist")
	case res.Status/100 != 2:
		return &web.StatusError{Status: res.Status, Header: authenticate(res.Header)}
	}
	carryOverride(&r.Header, res.Header)
	link.SizeBytes = res.ContentLength
	if n, err := strconv.ParseInt(res.Header.Get("X-Object-Sysmeta-Slo-Size"), 10, 64); err == nil {
		link.SizeBytes = n
	}
	if r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", res.Header.Get("Content-Type"))
	}
	return nil
}

// authenticate keeps the lines that make a 401 complete.
func authenticate(h web.Header) (kept web.Header) {
	if v, ok := h.Lookup("Www-Authenticate"); ok {
		kept.Add("Www-Authenticate", v)
	}
	return kept
}

// carryOverride hands on the target's listing values besides the ETag.
func carryOverride(to *web.Header, target web.Header) {
	if to.Has(swift.OverrideETag) {
		return
	}
	if v, ok := target.Lookup(swift.OverrideETag); ok {
		_, params, _ := strings.Cut(v, ";")
		to.Set(swift.OverrideETag, swift.EmptyETag+";"+params)
	} else if v, ok := target.Lookup("X-Object-Sysmeta-Slo-Etag"); ok {
		to.Set(swift.OverrideETag, swift.EmptyETag+"; slo_etag="+v)
	}
}
