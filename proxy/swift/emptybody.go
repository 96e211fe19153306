// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"io"

	"needletail/proxy/web"
)

// RefuseBody answers a request with a body with 400 and the text, as
// text/plain. The length of a chunked body is unknown before reading. Therefore
// RefuseBody first asks h for the right to send a body.
func (r *Request) RefuseBody(h Handler, text string) error {
	withBody := r.ContentLength > 0
	if r.ContentLength == -1 {
		if err := r.CheckAuthorized(h, r.Stored); err != nil {
			return err
		}
		n, err := io.ReadFull(r.Body, make([]byte, 1))
		if err != nil && err != io.EOF {
			return err
		}
		withBody = n > 0
	}
	if withBody {
		return web.Textf(400, "%s", text)
	}
	return nil
}
