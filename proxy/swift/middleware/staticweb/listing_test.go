// SPDX-License-Identifier: Apache-2.0

package staticweb

import (
	"testing"

	"needletail/objstore"
)

func TestHumanReadable(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0", 1: "1", 1023: "1023", 1024: "1Ki", 1535: "1Ki", 1536: "2Ki", 2560: "2Ki", 1048576: "1Mi",
		1<<20 - 1: "1Mi", 5 << 30: "5Gi", 1<<63 - 1: "8Ei",
	} {
		if got := humanReadable(bytes); got != want {
			t.Errorf("%d is %s, want %s", bytes, got, want)
		}
	}
}

func TestLinks(t *testing.T) {
	for _, c := range []struct{ name, query, want string }{
		{"a.html", "", "a.html"}, {"é b/", "", "%C3%A9%20b/"}, {"javascript:x", "", "javascript%3Ax"},
		{"/", "", ".//"}, {"/evil.example/", "", ".//evil%2Eexample/"}, {"../", "", "./%2E%2E/"},
		{"a.b", "?q", "./a%2Eb?q"}, {"a?b", "", "a%3Fb"}, {`"><script>`, "", "%22%3E%3Cscript%3E"},
	} {
		if got := href(c.name, c.query, false); got != c.want {
			t.Errorf("%q %q is %q, want %q", c.name, c.query, got, c.want)
		}
	}
	for name, want := range map[string]string{"a b": "./a%20b", "a.html": "./a%2Ehtml", "d/": "./d/", "/x": ".//x"} {
		if got := href(name, "", true); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
	for _, c := range []struct{ css, prefix, want string }{
		{"l.css", "", "l.css"}, {"l.css", "a/b/", "../../l.css"}, {"/v1/a/c/l.css", "a/", "/v1/a/c/l.css"},
		{"https://h:1/l.css", "a/", "https://h:1/l.css"}, {`x" onload="`, "", "x%22%20onload%3D%22"},
	} {
		if got := cssPath(c.css, c.prefix); got != c.want {
			t.Errorf("%q below %q is %q, want %q", c.css, c.prefix, got, c.want)
		}
	}
	if got := classes(`Text/"Plain`); got != "type-text type-&quot;plain" {
		t.Error(got)
	}
	if got := date(objstore.Timestamp(137665532612345)); got != "2013-08-16 12:15:26" {
		t.Error(got)
	}
}
