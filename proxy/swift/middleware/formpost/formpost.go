// SPDX-License-Identifier: Apache-2.0

// Package formpost lets a browser upload files by a signed HTML form, without a
// token (swift/common/middleware/formpost.py).
//
// # The form
//
//	<form action="/v1/ACCOUNT/CONTAINER/PREFIX" method="POST" enctype="multipart/form-data">
//	  redirect         where the browser goes in the end; may be missing
//	  max_file_size    bytes of the largest file
//	  max_file_count   how many files there may be
//	  expires          the Unix second after which the form is dead
//	  signature        the MAC, in hex or as DIGEST:BASE64
//	  x_delete_at, x_delete_after, content-type, content-encoding
//	                   of the objects; may be missing, and are not signed
//	  file1 …          the files
//
// Fields count for the files after them. The signed text is signing.Form's
// Message; the key is one of the account's or the container's Temp-URL-Keys. A
// file's object is the path and the file's name; after a container alone comes
// a slash. A file's own Content-Type and Content-Encoding count where the form
// has no field for them.
//
// # The answer
//
// With a signed redirect the answer is 303 to
// REDIRECT?status=STATUS&message=MESSAGE: an unsigned form must not lead the
// browser astray. Otherwise the answer is the status of the last file, or of
// the first failed file. Files before a failed file are there.
//
//	400 FormPost: …   no boundary, a field that is no number, max_file_size
//	                  exceeded, a form that ends in the middle
//	400               max file count exceeded, no files to process
//	401 FormPost: …   Form Expired, Invalid Signature
//
// # Invariants
//
//   - Memory holds a single buffer and the known fields; a file streams.
//   - A file is stored only if its closing boundary has arrived.
//   - A PUT is allowed in the form's container alone, and carries no header of
//     the client's: a form cannot make a manifest or a link.
package formpost

import (
	"errors"
	"io"
	"slices"
	"strings"

	"needletail/auth/signing"
	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// source tags the subrequests in the access log, as Swift does.
const source = "FP"

// Config is what New needs.
type Config struct {
	Digests signing.Digests
	Keys    swift.KeyStore
}

// Info is the middleware's section of /info.
func Info(c Config) *swift.InfoSection {
	value := pyjson.Object{{Key: "allowed_digests", Value: c.Digests.Names()}}
	if old := c.Digests.Deprecated(); len(old) > 0 {
		value.Set("deprecated_digests", old)
	}
	return &swift.InfoSection{Name: "formpost", Value: value}
}

// New makes the middleware.
func New(c Config) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{Config: c, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	Config
	next swift.Handler
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	if r.Method != "POST" {
		return m.next.Serve(r)
	}
	kind, attributes := parseDisposition(r.Header.Get("Content-Type"))
	boundary, ok := attributes["boundary"]
	if !strings.EqualFold(kind, "multipart/form-data") || !ok {
		return m.next.Serve(r)
	}
	f := &form{m: m, r: r, fields: fields{}}
	if path, err := r.SplitPath(); err == nil && path.Container != "" {
		keys, err := r.ReadTempURLKeys(m.Keys, path)
		if err != nil {
			return nil, err
		}
		f.path, f.keys = path, slices.Concat(keys.Account, keys.Container)
	}
	return f.process(newMultipart(r.Body, boundary))
}

// maxEpilogueBytes are read over behind the form, so that the connection can go
// on.
const maxEpilogueBytes = 4096

// process goes through the parts until a part fails.
func (f *form) process(parts *multipart) (*web.Response, error) {
	var last *web.Response
	fieldBytes := int64(0)
	for {
		h, err := parts.next()
		if err == io.EOF {
			_, _ = io.CopyN(io.Discard, f.r.Body, maxEpilogueBytes) // what is wrong there is wrong with the next request
			return f.finish(last)
		}
		if err != nil {
			return nil, readError(err)
		}
		kind, attributes := parseDisposition(h["content-disposition"])
		if kind != "form-data" || attributes["filename"] == "" {
			n, err := f.fields.add(attributes["name"], parts)
			if fieldBytes += n + partCostBytes; err == nil && fieldBytes > maxFieldBytes {
				err = errForm
			}
			if err != nil {
				return nil, readError(err)
			}
			continue
		}
		fieldBytes = 0
		f.files++
		if most, err := f.fields.number("max_file_count", "max_file_count not an integer"); err != nil {
			return nil, invalid(err)
		} else if f.files > most {
			f.message = "max file count exceeded"
			return f.finish(web.StatusPage(400))
		}
		if last, err = f.put(attributes["filename"], h, parts); err != nil {
			return nil, err
		}
		if last.Status/100 != 2 {
			return f.finish(last)
		}
	}
}

// readError is an error of the form's own, or of reading the request.
func readError(err error) error {
	for _, own := range []error{errStart, errForm, errCut} {
		if errors.Is(err, own) {
			return invalid(own)
		}
	}
	return err
}
