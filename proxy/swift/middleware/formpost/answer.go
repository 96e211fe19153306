// SPDX-License-Identifier: Apache-2.0

package formpost

import (
	"html"
	"io"
	"net/url"
	"strconv"
	"strings"

	"needletail/proxy/web"
)

// maxReasonBytes is how much of the reason for a refused PUT is shown.
const maxReasonBytes = 64 << 10

// finish answers after the last file, or after the first failed file; nil for a
// form without files.
func (f *form) finish(last *web.Response) (*web.Response, error) {
	reason := []byte(nil)
	switch {
	case last == nil:
		last = web.StatusPage(400)
		f.message = "no files to process"
	case last.Status/100 != 2 && last.Body != nil && f.message == "":
		var err error
		if reason, err = io.ReadAll(io.LimitReader(last.Body, maxReasonBytes)); err != nil {
			return nil, err
		}
	}
	if err := last.Close(); err != nil {
		return nil, err
	}
	var res *web.Response
	if redirect := f.fields["redirect"]; redirect != "" && leadsOn(redirect) && f.verify() {
		res = f.redirect(redirect, last.Status)
	} else {
		res = f.plain(last.Status, reason)
	}
	for _, h := range last.Header {
		if _, cors := web.CutPrefix(h.Name, "Access-Control"); cors {
			res.Header.Add(h.Name, h.Value)
		}
	}
	return res, nil
}

// plain is the status in words.
func (f *form) plain(status int, reason []byte) *web.Response {
	body := strconv.Itoa(status) + " " + web.StatusText(status)
	if f.message != "" {
		body += "\r\nFormPost: " + title(f.message)
	}
	if len(reason) > 0 {
		body = string(reason)
	}
	return web.NewBytes(status, "text/plain", []byte(body))
}

// leadsOn says whether a redirect is the address of a page, whole or relative:
// the answer's link must not be a script ("javascript:").
func leadsOn(redirect string) bool {
	u, err := url.Parse(redirect)
	return err == nil && (u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https")
}

// redirect sends the browser on. The URL is signed, and so has no control
// character.
func (f *form) redirect(to string, status int) *web.Response {
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	to += separator + "status=" + strconv.Itoa(status) + "&message=" + web.Quote(f.message)
	body := `<html><body><p><a href="` + html.EscapeString(to) + `">Click to continue...</a></p></body></html>`
	res := web.NewBytes(303, web.HTMLType, []byte(body))
	res.Header.Add("Location", to)
	return res
}

// title is Python's str.title, for messages.
func title(message string) string {
	words := strings.Split(message, " ")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}
