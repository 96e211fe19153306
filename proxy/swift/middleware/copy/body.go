// SPDX-License-Identifier: Apache-2.0

package copy

import (
	"errors"
	"io"

	"needletail/proxy/web"
)

// errShortSource: the source gave fewer bytes than announced.
var errShortSource = errors.New("the source of a copy ended early")

// body is the source's body as the target's. An error of the source is the
// server's fault: without this type, a PUT would blame its client with 499.
type body struct {
	r    io.Reader
	left int64
}

func newBody(src *web.Response) io.Reader {
	if src.Body == nil {
		return web.NoBody
	}
	return &body{r: src.Body, left: src.ContentLength}
}

// Read reads on.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.left -= int64(n)
	if err == io.EOF && b.left > 0 {
		err = errShortSource
	}
	if err != nil && err != io.EOF {
		err = &web.StatusError{Status: 500, Err: err}
	}
	return n, err
}
