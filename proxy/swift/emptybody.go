package swift

import "io"

// RefuseBody answers a request that has a body with 400 and the text, as
// text/plain. Of a chunked body the length is only known by reading.
func (r *Request) RefuseBody(text string) error {
	withBody := r.ContentLength > 0
	if r.ContentLength == -1 {
		n, err := io.ReadFull(r.Body, make([]byte, 1))
		if err != nil && err != io.EOF {
			return err
		}
		withBody = n > 0
	}
	if withBody {
		return Textf(400, "%s", text)
	}
	return nil
}
