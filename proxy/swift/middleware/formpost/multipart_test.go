// SPDX-License-Identifier: Apache-2.0

package formpost

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
)

// part is a name and a body.
type part struct{ name, body string }

func encode(boundary string, parts []part) string {
	s := ""
	for _, p := range parts {
		s += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + p.name + "\"\r\n\r\n" + p.body + "\r\n"
	}
	return s + "--" + boundary + "--\r\n"
}

// decode reads all parts, with reads of n bytes.
func decode(src io.Reader, boundary string, n int) (parts []part, err error) {
	m := newMultipart(src, boundary)
	for {
		h, err := m.next()
		if err == io.EOF {
			return parts, nil
		}
		if err != nil {
			return parts, err
		}
		_, attributes := parseDisposition(h["content-disposition"])
		var body bytes.Buffer
		if _, err := io.CopyBuffer(&body, struct{ io.Reader }{m}, make([]byte, n)); err != nil {
			return parts, err
		}
		parts = append(parts, part{attributes["name"], body.String()})
	}
}

func TestMultipartGoesRound(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	// Bodies are made of pieces of a boundary, and some are longer than the
	// buffer.
	pieces := []string{"\r", "\n", "-", "--", "b", "\r\n", "\r\n-", "\r\n--", "\r\n--b", "x", "--bo"}
	for range 200 {
		var parts []part
		for i := range rnd.IntN(4) {
			var body strings.Builder
			if rnd.IntN(20) == 0 {
				body.WriteString(strings.Repeat("0123456789", bufferBytes/10+rnd.IntN(10)))
			}
			for range rnd.IntN(30) {
				body.WriteString(pieces[rnd.IntN(len(pieces))])
			}
			parts = append(parts, part{fmt.Sprint(i), body.String()})
		}
		text := encode("boundary", parts)
		for _, src := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text)), iotest.DataErrReader(strings.NewReader(text))} {
			got, err := decode(src, "boundary", 1+rnd.IntN(40000))
			if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", parts) {
				t.Fatalf("%q, %v; of %q", got, err, text)
			}
		}
	}
}

// A form that ends anywhere but behind its closing boundary is not whole.
func TestMultipartCutAnywhere(t *testing.T) {
	text := encode("bound", []part{{"a", "1"}, {"b", "some\r\n--bou"}})
	whole := len(text) - 2 // the last newline is not needed
	for n := range whole {
		if got, err := decode(strings.NewReader(text[:n]), "bound", 100); err == nil {
			t.Errorf("cut at %d: %q", n, got)
		}
		broken := io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(errBroken))
		if _, err := decode(broken, "bound", 100); !errors.Is(err, errBroken) && !errors.Is(err, errStart) {
			t.Errorf("broken at %d: %v", n, err)
		}
	}
	if got, err := decode(strings.NewReader(text[:whole]), "bound", 100); err != nil || len(got) != 2 {
		t.Error(got, err)
	}
}

var errBroken = errors.New("connection")

func TestMultipartErrors(t *testing.T) {
	const head = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"
	for _, c := range []struct {
		text, boundary string
		want           error
	}{
		{"", "b", errStart}, {"x", "b", errStart}, {"--c\r\n", "b", errStart}, {"--bc\r\n", "b", errStart}, {"-b\r\n\r\n", "b", errStart},
		{"preamble\r\n" + head + "x\r\n--b--", "b", errStart},
		{head + "x\r\n--b--", "", errStart},
		{head + "x\r\n--b--", strings.Repeat("b", maxBoundaryBytes+1), errStart},
		{strings.Repeat("\r\n", maxLeadingBytes) + head + "x\r\n--b--", "b", errStart},
		{"\r\n\r\n" + head + "x\r\n--b--", "b", nil},
		{"--b--", "b", nil},
		{head + "x\r\n--bx\r\n--b--", "b", errForm},
		{"--b\r\nno: end\r\n--b--", "b", errForm},
		{"--b\r\nlong: " + strings.Repeat("x", maxHeaderBytes) + "\r\n\r\n\r\n--b--", "b", errForm},
		{"--b\r\n\r\nno head\r\n--b--", "b", nil},
		{head + "x", "b", errCut}, {head, "b", errCut}, {"--b\r\n", "b", errCut}, {head + "x\r\n--b", "b", errCut},
	} {
		m := newMultipart(strings.NewReader(c.text), c.boundary)
		var err error
		for err == nil {
			_, err = m.next()
		}
		if c.want == nil && err != io.EOF || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%.80q: %v, want %v", c.text, err, c.want)
		}
		if _, again := m.next(); again != err {
			t.Errorf("%.80q: %v after %v", c.text, again, err)
		}
		if n, readErr := m.Read(make([]byte, 1)); n != 0 || readErr == nil {
			t.Errorf("%.80q: a read after %v", c.text, err)
		}
	}
}

func TestParseHeader(t *testing.T) {
	h := parseHeader("Content-Disposition: form-data;\r\n\tname=\"a\"\r\nnonsense\r\n more\r\nCONTENT-TYPE:text/plain \r\nX:1\r\nx: 2")
	if fmt.Sprint(h) != `map[content-disposition:form-data; name="a" content-type:text/plain x:2]` {
		t.Error(h)
	}
}

func TestParseDisposition(t *testing.T) {
	for text, want := range map[string]string{
		"":                          " map[]",
		"form-data":                 "form-data map[]",
		`form-data; name="a"`:       "form-data map[name:a]",
		`form-data;name=a;x=y`:      "form-data map[name:a x:y]",
		`form-data; name=a; "b"=c`:  "form-data map[name:a]",
		`form-data; filename="a;b"`: "form-data map[filename:a;b]",
		`form-data; name="f"; filename="a \"b\".txt"`:                   `form-data map[filename:a \"b\".txt name:f]`,
		`form-data; filename=""`:                                        "form-data map[filename:]",
		`form-data; filename*=UTF-8''x; name="a"`:                       "form-data map[]",
		`multipart/form-data; boundary=----WebKitFormBoundaryX; a=b`:    "multipart/form-data map[a:b boundary:----WebKitFormBoundaryX]",
		`multipart/form-data; boundary="=_a b"; charset=utf-8; x="y" z`: "multipart/form-data map[boundary:=_a b charset:utf-8]",
	} {
		kind, attributes := parseDisposition(text)
		if got := fmt.Sprint(kind, " ", attributes); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzMultipart(f *testing.F) {
	f.Add([]byte(encode("b", []part{{"a", "1"}, {"b", "\r\n--"}})), "b")
	f.Add([]byte("\r\n--b\r\n\r\n\r\n--b--"), "b")
	f.Add([]byte("--b\r\nA: b\r\n c\r\n\r\n"), "b")
	f.Fuzz(func(t *testing.T, text []byte, boundary string) {
		parts, err := decode(bytes.NewReader(text), boundary, 7)
		total := 0
		for _, p := range parts {
			total += len(p.body)
			if strings.Contains(p.body, "\r\n--"+boundary) {
				t.Errorf("a body has the boundary: %q", p.body)
			}
		}
		if total > len(text) {
			t.Error("more came out than went in")
		}
		slow, slowErr := decode(iotest.OneByteReader(bytes.NewReader(text)), boundary, 100)
		if fmt.Sprintf("%q", slow) != fmt.Sprintf("%q", parts) || !errors.Is(slowErr, err) {
			t.Errorf("%q %v, but a byte at a time %q %v", parts, err, slow, slowErr)
		}
	})
}

// attribute is ATTRIBUTES_RE of swift/common/utils.
var attribute = regexp.MustCompile(`^(\w+)=(".*?"|[^";]+)(; ?|$)`)

func FuzzParseHeader(f *testing.F) {
	f.Add("Content-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n c=d")
	f.Add("content-disposition:;;a=\"\"; b=c;d=\"e;f")
	f.Fuzz(func(t *testing.T, text string) {
		text = text[:min(len(text), maxHeaderBytes)]
		h := parseHeader(text)
		for name := range h {
			if name != strings.ToLower(name) {
				t.Errorf("%q is not lower case", name)
			}
		}
		kind, attributes := parseDisposition(h["content-disposition"])
		_, rest, _ := strings.Cut(h["content-disposition"], ";")
		rest = strings.TrimSpace(rest)
		for found := attribute.FindStringSubmatch(rest); found != nil; found = attribute.FindStringSubmatch(rest) {
			if name, value, after, ok := cutAttribute(rest); !ok || name != found[1] || value != found[2] || after != rest[len(found[0]):] {
				t.Fatalf("%q: %q %q %q %v, not %q", rest, name, value, after, ok, found)
			}
			rest = rest[len(found[0]):]
		}
		if name, value, _, ok := cutAttribute(rest); ok {
			t.Fatalf("%q: %q %q", rest, name, value)
		}
		total := len(kind)
		for name, value := range attributes {
			total += len(name) + len(value)
		}
		if total > len(text) {
			t.Errorf("%q %q of %q", kind, attributes, text)
		}
	})
}
