// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"errors"
	"io"
	"strings"
	"testing"

	"needletail/proxy/web"
)

type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }

func TestRefuseBody(t *testing.T) {
	f := func(length int64, body io.Reader, want int) {
		t.Helper()
		err := (&Request{Request: &web.Request{ContentLength: length, Body: body}}).RefuseBody(allowing, "100% no body")
		var se *web.StatusError
		switch {
		case want == 0 && err == nil:
		case want != 0 && errors.As(err, &se) && se.Status == want:
			if want == 400 && se.Body != "100% no body" {
				t.Errorf("the text is %q", se.Body)
			}
		default:
			t.Errorf("length %d: %v, want status %d", length, err, want)
		}
	}
	f(web.NoLength, web.NoBody, 0)
	f(0, web.NoBody, 0)
	f(3, strings.NewReader("abc"), 400)
	f(-1, strings.NewReader(""), 0)
	f(-1, strings.NewReader("a"), 400)
	f(-1, brokenBody{web.Status(499)}, 499)
}

// allowing allows everything.
var allowing = HandlerFunc(func(*Request) (*web.Response, error) { return web.NewResponse(204), nil })
