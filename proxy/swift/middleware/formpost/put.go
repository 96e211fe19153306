// SPDX-License-Identifier: Apache-2.0

package formpost

import (
	"errors"
	"io"
	"strings"

	"needletail/auth/signing"
	"needletail/proxy/web"
)

var errFileSize = errors.New("max_file_size exceeded")

// capped fails when there is more than a file may have.
type capped struct {
	file      io.Reader
	bytesLeft int64
	exceeded  bool
}

func (c *capped) Read(p []byte) (int, error) {
	if c.exceeded {
		return 0, errFileSize
	}
	n, err := c.file.Read(p)
	if c.bytesLeft -= int64(n); c.bytesLeft < 0 {
		c.exceeded = true
		return 0, errFileSize
	}
	return n, err
}

// put stores a file if the form may. A refusal of the PUT is a response. An
// error is an error of the form, of the client's connection, or of the server.
func (f *form) put(filename string, h header, file *multipart) (*web.Response, error) {
	u, err := f.check()
	if err != nil {
		return nil, err
	}
	path := f.r.Path
	if f.path.Object == "" && !strings.HasSuffix(path, "/") {
		path += "/"
	}
	put := f.r.Subrequest("PUT", path+filename, source)
	put.Identity, put.Authorizer = nil, signing.Scope{Account: f.path.Account, Container: f.path.Container}
	put.Header = u.header
	if origin, ok := f.r.Header.Lookup("Origin"); ok {
		put.Header.Set("Origin", origin)
	}
	for _, name := range []string{"Content-Type", "Content-Encoding"} {
		value, there := f.fields[strings.ToLower(name)]
		if !there {
			value, there = h[strings.ToLower(name)]
		}
		if there && value == "" && name == "Content-Type" {
			value = "application/octet-stream"
		}
		if there {
			put.Header.Set(name, value)
		}
	}
	body := &capped{file: file, bytesLeft: u.maxFileBytes}
	put.Body, put.ContentLength = body, -1
	res, err := f.m.next.Serve(put)
	switch {
	case body.exceeded:
		return nil, errors.Join(invalid(errFileSize), res.Close())
	case file.err != nil:
		return nil, errors.Join(readError(file.err), res.Close())
	case err == nil:
		return res, nil
	}
	if refusal := web.ErrorResponse(err); refusal.Status < 500 {
		return refusal, nil
	}
	return nil, err
}
