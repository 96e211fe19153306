package swift

import (
	"errors"
	"io"
	"strings"
	"testing"
)

type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }

func TestRefuseBody(t *testing.T) {
	f := func(length int64, body io.Reader, want int) {
		t.Helper()
		err := (&Request{ContentLength: length, Body: body}).RefuseBody(allowing, "100% no body")
		var se *StatusError
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
	f(NoLength, NoBody, 0)
	f(0, NoBody, 0)
	f(3, strings.NewReader("abc"), 400)
	f(-1, strings.NewReader(""), 0)
	f(-1, strings.NewReader("a"), 400)
	f(-1, brokenBody{Status(499)}, 499)
}

// A disk that is full is told in words, not in a template.
func TestStatusPagesAreFilledIn(t *testing.T) {
	for status, page := range statusPages {
		if strings.Contains(page.text, "%") {
			t.Errorf("the page of %d has a placeholder: %s", status, page.text)
		}
	}
}

// allowing allows everything.
var allowing = HandlerFunc(func(*Request) (*Response, error) { return NewResponse(204), nil })
