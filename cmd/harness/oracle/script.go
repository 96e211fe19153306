// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// step is a request of the script.
type step struct {
	name, user, method, path string
	header                   []string // "Name: value" lines
	body                     string
	noLength                 bool // the header lines frame the body
}

// group numbers the steps of one subject.
type group struct {
	name  string
	steps []step
}

// do adds a request of the first user, to a path below the user's account.
func (g *group) do(method, path string, header ...string) *step {
	return g.as("tester", method, "/v1/AUTH_test"+path, header...)
}

// put adds a PUT with a body.
func (g *group) put(path, body string, header ...string) {
	g.do("PUT", path, header...).body = body
}

// as adds a request of any user to any path.
func (g *group) as(user, method, path string, header ...string) *step {
	g.steps = append(g.steps, step{
		name: fmt.Sprintf("%s/%d", g.name, len(g.steps)+1), user: user, method: method, path: path, header: header,
	})
	return &g.steps[len(g.steps)-1]
}

// script returns the steps of all groups.
func script() []step {
	var all []step
	for _, make := range []struct {
		name string
		fill func(*group)
	}{
		{"front", frontSteps}, {"account", accountSteps}, {"container", containerSteps}, {"metadata", metadataSteps},
		{"object", objectSteps}, {"range", rangeSteps}, {"condition", conditionSteps}, {"listing", listingSteps},
		{"expiry", expirySteps}, {"acl", aclSteps}, {"copy", copySteps}, {"dlo", dloSteps}, {"slo", sloSteps},
		{"symlink", symlinkSteps}, {"versions", versionSteps}, {"history", historySteps}, {"bulk", bulkSteps},
		{"quota", quotaSteps}, {"staticweb", staticwebSteps}, {"tempurl", tempurlSteps}, {"cors", corsSteps},
		{"restore", restoreSteps}, {"formpost", formpostSteps}, {"archive", archiveSteps}, {"quoter", quoterSteps}, {"static", staticLinkSteps},
		{"containers", accountListingSteps}, {"odd", oddSteps}, {"endpoints", endpointSteps}, {"sync", syncSteps}, {"versionid", versionIDSteps},
		{"badarchive", badArchiveSteps}, {"badmanifest", badManifestSteps}, {"badsignature", badSignatureSteps}, {"overlong", overlongSteps},
	} {
		g := &group{name: make.name}
		make.fill(g)
		all = append(all, g.steps...)
	}
	return all
}

func frontSteps(g *group) {
	for _, path := range []string{
		"/", "/v1", "/v1/", "/v2/AUTH_test", "/v1//c/o", "//v1/AUTH_test", "/v1/AUTH_test//o", "/v1/AUTH_test/%00",
		"/v1/AUTH_test/%FF", "/info%20asdf", "/healthcheck", "/crossdomain.xml", "/v1.0/AUTH_test", "/v1/AUTH_nobody",
		"/v1/AUTH_test/" + strings.Repeat("c", 257), "/v1/AUTH_test/c/" + strings.Repeat("o", 1025),
	} {
		g.as("tester", "GET", path)
	}
	for _, method := range []string{"LICK", "GETorHEAD_base", "PATCH", "TRACE"} {
		g.do(method, "")
		g.do(method, "/c")
		g.do(method, "/c/o")
	}
	for _, user := range []string{anonymous, "tester3", "tester2"} {
		for _, path := range []string{"", "/c", "/c/o"} {
			for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"} {
				g.as(user, method, "/v1/AUTH_test"+path)
			}
		}
	}
	g.as(anonymous, "GET", "/v1/AUTH_test", "X-Auth-Token: AUTH_tkunknown")
	g.as(anonymous, "GET", "/v1/AUTH_test/c", "X-Auth-Token: nonsense")
	g.as(anonymous, "GET", "/auth/v1.0", "X-Auth-User: test:tester", "X-Auth-Key: wrong")
	g.as(anonymous, "GET", "/auth/v1.0", "X-Auth-User: nobody", "X-Auth-Key: wrong")
	g.as(anonymous, "GET", "/auth/v1.0")
	g.as(anonymous, "POST", "/auth/v1.0", "X-Auth-User: test:tester", "X-Auth-Key: testing")
	g.as(anonymous, "GET", "/v1/AUTH_%22%0d%0aX:y%3Cscript%3E")
}

func accountSteps(g *group) {
	for _, format := range []string{"", "?format=json", "?format=xml", "?format=plain", "?format=foo"} {
		g.do("HEAD", format)
		g.do("GET", format)
	}
	for _, accept := range []string{"application/json", "text/xml", "application/xml", "text/plain", "image/png", "*/*", "application/*", "bad"} {
		g.do("GET", "", "Accept: "+accept)
	}
	g.do("POST", "", "X-Account-Meta-Color: blue", "X-Account-Meta-Empty: ")
	g.do("HEAD", "")
	g.do("POST", "", "X-Remove-Account-Meta-Color: x")
	g.do("HEAD", "")
	g.do("PUT", "")
	g.do("DELETE", "")
	g.do("DELETE", "?x=y")
	for _, query := range []string{"limit=0", "limit=1", "limit=10000", "limit=10001", "limit=-1", "limit=5000.0", "limit=x", "prefix=%FF"} {
		g.do("GET", "?"+query)
	}
}

func containerSteps(g *group) {
	g.do("GET", "/box")
	g.do("HEAD", "/box")
	g.do("POST", "/box")
	g.do("DELETE", "/box")
	g.do("PUT", "/box", "X-Container-Meta-Color: red")
	g.do("PUT", "/box", "X-Container-Meta-Size: big")
	g.do("HEAD", "/box")
	for _, format := range []string{"", "?format=json", "?format=xml", "?format=plain"} {
		g.do("GET", "/box"+format)
		g.do("HEAD", "/box"+format)
	}
	g.do("POST", "/box", "X-Container-Meta-Color: ")
	g.do("POST", "/box", "X-Remove-Container-Meta-Size: x")
	g.do("HEAD", "/box")
	g.do("PUT", "/box2", "X-Storage-Policy: nonsense")
	g.do("PUT", "/box2", "X-Storage-Policy: silver")
	g.do("PUT", "/box2", "X-Storage-Policy: Policy-0")
	g.do("PUT", "/box2", "X-Storage-Policy: SILVER")
	g.do("HEAD", "/box2")
	g.do("POST", "/box2", "X-Storage-Policy: Policy-0")
	g.put("/box/o", "body")
	g.do("DELETE", "/box")
	g.do("DELETE", "/box/o")
	g.do("DELETE", "/box")
	g.do("GET", "/box")
	g.do("PUT", "/na%2Fme")
	for _, acl := range []string{".r:*", ".r:*,.rlistings", "bob , sue", ".r:-x,.ref:*.y", ".x", ".r:", ".r:,a", "test:tester3,", "a:b:c"} {
		g.do("PUT", "/acl", "X-Container-Read: "+acl)
		g.do("HEAD", "/acl")
		g.do("POST", "/acl", "X-Container-Write: "+acl)
		g.do("HEAD", "/acl")
	}
}

func metadataSteps(g *group) {
	g.do("PUT", "/meta")
	for _, kind := range []struct{ path, prefix, method string }{
		{"", "X-Account-Meta-", "POST"}, {"/meta", "X-Container-Meta-", "POST"}, {"/meta/o", "X-Object-Meta-", "PUT"},
	} {
		for _, n := range []int{128, 129} {
			g.do(kind.method, kind.path, kind.prefix+strings.Repeat("k", n)+": v")
		}
		for _, n := range []int{256, 257} {
			g.do(kind.method, kind.path, kind.prefix+"K: "+strings.Repeat("v", n))
		}
		g.do(kind.method, kind.path, kind.prefix+": v")
		for _, n := range []int{90, 91} {
			var lines []string
			for i := range n {
				lines = append(lines, fmt.Sprintf("%sN%02d: v", kind.prefix, i))
			}
			g.do(kind.method, kind.path, lines...)
		}
		var lines []string
		for i := range 17 {
			lines = append(lines, fmt.Sprintf("%sL%02d: %s", kind.prefix, i, strings.Repeat("v", 250)))
		}
		g.do(kind.method, kind.path, lines...)
		g.do(kind.method, kind.path, kind.prefix+"Utf8: grüße", kind.prefix+"Under_Score: v", strings.ToLower(kind.prefix)+"foo2bar-BAZ: v")
		g.do("HEAD", kind.path)
	}
	g.do("POST", "", "X-Account-Meta-Bad: \xff\xfe")
	g.do("POST", "/meta", "X-Container-Meta-Bad: \xff\xfe")
}

func objectSteps(g *group) {
	g.put("/nobox/o", "x")
	g.do("PUT", "/obj")
	for _, name := range []string{"plain", "a.txt", "b.wav", "c.zip", "d.html", "e.tar.gz", "f.unknown", "g.json", "h%2Fi", "j//k", "l/../m", "n%3Fo", "%C3%BC", "p%20q"} {
		g.put("/obj/"+name, "body of "+name)
		g.do("HEAD", "/obj/"+name)
		g.do("GET", "/obj/"+name)
	}
	g.put("/obj/t", "x", "Content-Type: ")
	g.do("HEAD", "/obj/t")
	g.put("/obj/t", "x", "Content-Type: text/x; charset=a", "Content-Disposition: inline", "Content-Encoding: gzip", "Cache-Control: no-cache", "Content-Language: en", "Expires: never", "X-Robots-Tag: none", "X-Object-Meta-A: 1")
	g.do("HEAD", "/obj/t")
	g.do("POST", "/obj/t", "X-Object-Meta-B: 2", "Content-Disposition: attachment")
	g.do("HEAD", "/obj/t")
	g.do("POST", "/obj/t", "Content-Type: text/y")
	g.do("HEAD", "/obj/t")
	g.do("POST", "/obj/missing", "X-Object-Meta-B: 2")
	g.put("/obj/t", "x", "Content-Type: a/b;swift_bytes=3")
	g.put("/obj/e", "body", "Etag: 841a2d689ad86bd1611447453c22c6fc")
	g.put("/obj/e", "body", "Etag: \"841a2d689ad86bd1611447453c22c6fc\"")
	g.put("/obj/e", "body", "Etag: 00000000000000000000000000000000")
	g.put("/obj/e", "body", "Etag: short")
	g.put("/obj/e", "body", "If-None-Match: *")
	g.put("/obj/new", "body", "If-None-Match: *")
	g.put("/obj/new", "body", "If-None-Match: abc")
	g.do("PUT", "/obj/n").noLength = true
	s := g.do("PUT", "/obj/n", "Content-Length: x")
	s.noLength = true
	s = g.do("PUT", "/obj/n", "Content-Length: 5368709123")
	s.noLength = true
	s = g.do("PUT", "/obj/n", "Transfer-Encoding: gzip,chunked")
	s.noLength = true
	s = g.do("PUT", "/obj/chunked", "Transfer-Encoding: chunked")
	s.noLength, s.body = true, "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
	g.do("GET", "/obj/chunked")
	g.put("/obj/ts", "x", "X-Timestamp: -1")
	g.put("/obj/ts", "x", "X-Object-Sysmeta-A: b", "X-Backend-Foo: c", "X-Object-Transient-Sysmeta-D: e")
	g.do("HEAD", "/obj/ts")
	g.do("DELETE", "/obj/ts")
	g.do("DELETE", "/obj/ts")
	g.do("GET", "/obj/ts")
	g.do("HEAD", "/obj/ts")
	g.do("DELETE", "/obj/t", "X-If-Delete-At: x")
	g.do("DELETE", "/obj/t", "X-If-Delete-At: 12345")
	g.do("GET", "/obj/plain", "X-Newest: true")
}

func rangeSteps(g *group) {
	g.do("PUT", "/ranges")
	g.put("/ranges/o", "0123456789abcdefghij")
	g.do("PUT", "/ranges/empty")
	for _, r := range []string{
		"bytes=0-0", "bytes=0-4", "bytes=5-", "bytes=-5", "bytes=-0", "bytes=-100", "bytes=19-19", "bytes=20-", "bytes=19-100",
		"bytes=0-100", "0-4", "parsecs=1-2", "BYTES = 0 - 4", "bytes=5-4", "bytes=a-b", "bytes=", "bytes=-", "bytes=0-1,3-4",
		"bytes=0-1,30-40", "bytes=30-40,50-60", "bytes=0-1,0-1", "bytes=-1,0-0", "bytes=3-4,0-1", "bytes=0-1, 3-4 ,6-",
		"bytes=0-0,2-2,4-4,6-6,8-8,10-10", "bytes=0-5,2-7,4-9", "bytes=1-2,bytes=3-4",
	} {
		g.do("GET", "/ranges/o", "Range: "+r)
		g.do("GET", "/ranges/empty", "Range: "+r)
	}
	g.do("HEAD", "/ranges/o", "Range: bytes=0-4")
}

func conditionSteps(g *group) {
	g.do("PUT", "/cond")
	g.put("/cond/o", "body")
	const etag = "841a2d689ad86bd1611447453c22c6fc"
	for _, h := range []string{
		"If-Match: " + etag, "If-Match: \"" + etag + "\"", "If-Match: *", "If-Match: other", "If-Match: other, " + etag,
		"If-None-Match: " + etag, "If-None-Match: *", "If-None-Match: other", "If-None-Match: \"x\",\"" + etag + "\"",
		"If-Modified-Since: Thu, 01 Jan 2015 00:00:00 GMT", "If-Modified-Since: Thu, 01 Jan 2099 00:00:00 GMT", "If-Modified-Since: nonsense",
		"If-Unmodified-Since: Thu, 01 Jan 2015 00:00:00 GMT", "If-Unmodified-Since: Thu, 01 Jan 2099 00:00:00 GMT",
		"If-Unmodified-Since: Thursday, 01-Jan-99 00:00:00 GMT", "If-Modified-Since: Thu Jan  1 00:00:00 2015", "If-Match: ", "If-None-Match: W/\"" + etag + "\"",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			g.do(method, "/cond/o", h)
		}
		g.do("GET", "/cond/missing", h)
	}
	g.do("GET", "/cond/o", "If-None-Match: "+etag, "Range: bytes=0-1")
	g.do("GET", "/cond/o", "If-Match: "+etag, "Range: bytes=0-1")
}

func listingSteps(g *group) {
	g.do("PUT", "/list")
	for _, name := range []string{"a", "a/b", "a/b/c", "a//d", "b-1", "b-2", "b-2-x", "c%20d", "z%C3%BC", "/lead", "dir1/", "dir1/f"} {
		g.put("/list/"+name, name, "Content-Type: text/plain")
	}
	for _, prefix := range []string{"", "prefix=a", "prefix=a/", "prefix=b-2", "prefix=nothing"} {
		for _, delimiter := range []string{"", "delimiter=/", "delimiter=-", "delimiter=-2"} {
			for _, marker := range []string{"", "marker=a/b", "end_marker=b-2", "marker=a&end_marker=b-2&limit=2"} {
				query := strings.Trim(strings.Join([]string{prefix, delimiter, marker}, "&"), "&")
				g.do("GET", "/list?"+query)
				g.do("GET", "/list?format=json&reverse=true&"+query)
			}
		}
	}
	for _, query := range []string{"path=", "path=a", "path=a/", "path=dir1", "path=/", "format=xml", "format=xml&delimiter=/", "reverse=garbage", "reverse=1&limit=3", "limit=10001", "delimiter=%FF", "marker=a%00"} {
		g.do("GET", "/list?"+query)
	}
}
