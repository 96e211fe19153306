// SPDX-License-Identifier: Apache-2.0

package formpost

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"needletail/auth/signing"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// maxValueBytes is how much of a field's value counts; the rest is read over.
const maxValueBytes = 4096

// partCostBytes is the cost of a field beside its value, so that empty fields
// come to an end too.
const partCostBytes = 512

// maxFieldBytes bounds all the fields before a file together. The memory keeps
// maxValueBytes of each known field and nothing else.
const maxFieldBytes = 1 << 20

var knownFields = map[string]bool{
	"redirect": true, "max_file_size": true, "max_file_count": true, "expires": true, "signature": true,
	"x_delete_at": true, "x_delete_after": true, "content-type": true, "content-encoding": true,
}

// fields are a form's known fields so far.
type fields map[string]string

// add reads a field's value. A newline at the end does not count, as in Swift.
func (f fields) add(name string, value io.Reader) (bytesRead int64, err error) {
	kept, err := io.ReadAll(io.LimitReader(value, maxValueBytes))
	if err != nil {
		return 0, err
	}
	rest, err := io.Copy(io.Discard, io.LimitReader(value, maxFieldBytes))
	if name = strings.ToLower(name); knownFields[name] {
		f[name] = strings.TrimRight(string(kept), "\r\n")
	}
	return int64(len(kept)) + rest, err
}

// number returns a field as a number, 0 for a missing field.
func (f fields) number(name, complaint string) (int64, error) {
	if f[name] == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(f[name], 10, 64)
	if err != nil {
		return 0, errors.New(complaint)
	}
	return n, nil
}

// invalid is the error of a form without sense: 400.
func invalid(err error) error { return web.Textf(400, "FormPost: %s", err) }

// unauthorized is the error of a form not allowed, or no longer allowed. The
// realm is "unknown", as in Swift, where the answer does not know the request.
func unauthorized(why string) error {
	err := swift.Unauthorized("")
	var refusal *web.StatusError
	if errors.As(err, &refusal) {
		refusal.Body = "FormPost: " + why
	}
	return err
}

// form is a form on its way.
type form struct {
	m       *middleware
	r       *swift.Request
	path    swift.Path // zero if no keys can be for it
	keys    []string
	fields  fields
	files   int64
	message string // what Swift calls the message of the answer
}

// upload has the arguments of a file's PUT.
type upload struct {
	maxFileBytes int64
	header       web.Header
}

// check makes the checks of FormPost._perform_subrequest, in the same order.
func (f *form) check() (u upload, err error) {
	if len(f.keys) == 0 {
		return u, unauthorized("Invalid Signature")
	}
	if u.maxFileBytes, err = f.fields.number("max_file_size", "max_file_size not an integer"); err != nil {
		return u, invalid(err)
	}
	for _, e := range []struct{ field, header, complaint string }{
		{"x_delete_at", "X-Delete-At", "x_delete_at not an integer: Unix timestamp required."},
		{"x_delete_after", "X-Delete-After", "x_delete_after not an integer: Number of seconds required."},
	} {
		value, there := f.fields[e.field]
		if !there {
			continue
		}
		if _, err := strconv.ParseInt(value, 10, 64); err != nil {
			return u, invalid(errors.New(e.complaint))
		}
		u.header.Set(e.header, value)
	}
	expires, err := f.fields.number("expires", "expired not an integer")
	switch {
	case err != nil:
		return u, invalid(err)
	case expires < time.Now().Unix():
		return u, unauthorized("Form Expired")
	case !f.verify():
		return u, unauthorized("Invalid Signature")
	case !leadsOn(f.fields["redirect"]):
		return u, invalid(errors.New("redirect is neither an http or https URL nor relative to one"))
	}
	return u, nil
}

// verify says whether the fields are signed. No field of a signed form has a
// control character: see signing.Form.
func (f *form) verify() bool {
	for _, name := range []string{"redirect", "max_file_size", "max_file_count", "expires"} {
		if strings.ContainsFunc(f.fields[name], func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return false
		}
	}
	sig, err := f.m.Digests.ParseSignature(f.fields["signature"])
	if err != nil {
		return false
	}
	return sig.MatchesAny(f.keys, signing.Form{
		Path: f.r.Path, Redirect: f.fields["redirect"],
		MaxFileSize: f.fields["max_file_size"], MaxFileCount: f.fields["max_file_count"],
		Expires: f.fields["expires"],
	}.Message())
}
