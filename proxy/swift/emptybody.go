package swift

import (
	"io"

	"needletail/proxy/web"
)

// RefuseBody answers a request that has a body with 400 and the text, as
// text/plain. Of a chunked body the length is only known by reading, so h is
// asked for the right to send one first.
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
