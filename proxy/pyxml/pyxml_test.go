// SPDX-License-Identifier: Apache-2.0

package pyxml

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestXMLText(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"plain":         "plain",
		`a&b<c>d"e'f`:   `a&amp;b&lt;c&gt;d"e'f`,
		"a\x01b\x1f":    "a\ufffdb\ufffd",
		"a\tb\nc\rd":    "a\tb\nc\rd",
		"\ufffe\uffff":  "\ufffd\ufffd",
		"\ufffd\ufdd0":  "\ufffd\ufdd0",
		"é€😀\x7f\u0080": "é€😀\x7f\u0080",
		"a\xff\xc3":     "a\ufffd\ufffd",
	} {
		require.Equal(t, want, string(AppendText(nil, in)), "%q", in)
	}
	require.Equal(t, "&quot;a&#10;b&#13;c&#09;d\ufffd&amp;", string(AppendAttr(nil, "\"a\nb\rc\td\x02&")))
}

// wellFormed parses a document to its end.
func wellFormed(document string) error {
	for d := xml.NewDecoder(strings.NewReader(document)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// FuzzXML: whatever bytes names and types have, the document parses.
func FuzzXML(f *testing.F) {
	f.Add("plain")
	f.Add("\x01\x00\x1f\ufffe\uffff\"&<>\xff]]>")
	f.Fuzz(func(t *testing.T, name string) {
		document := AppendAttr([]byte(`<?xml version="1.0" encoding="UTF-8"?><container name="`), name)
		document = AppendElement(append(document, `">`...), "name", name)
		document = append(AppendText(document, name), "</container>"...)
		if err := wellFormed(string(document)); err != nil {
			t.Errorf("%q: %v", document, err)
		}
	})
}
