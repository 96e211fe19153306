// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

func expirySteps(g *group) {
	g.do("PUT", "/exp")
	for _, h := range []string{
		"X-Delete-After: x", "X-Delete-After: -5", "X-Delete-After: 0", "X-Delete-At: x", "X-Delete-At: 1", "X-Delete-At: 4102444800",
		"X-Delete-At: " + strings.Repeat("1", 100), "X-Delete-After: 1.5",
	} {
		g.put("/exp/o", "x", h)
		g.do("HEAD", "/exp/o")
	}
	g.do("POST", "/exp/o", "X-Delete-At: 4102444801")
	g.do("HEAD", "/exp/o")
	g.do("POST", "/exp/o", "X-Object-Meta-A: b")
	g.do("HEAD", "/exp/o")
	g.do("POST", "/exp/o", "X-Delete-At: 1")
}

func aclSteps(g *group) {
	g.do("PUT", "/shared")
	g.put("/shared/o", "shared body")
	probe := func() {
		for _, user := range []string{anonymous, "tester3", "tester2"} {
			for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
				g.as(user, method, "/v1/AUTH_test/shared/o2")
			}
			g.as(user, "GET", "/v1/AUTH_test/shared/o")
			g.as(user, "GET", "/v1/AUTH_test/shared")
			g.as(user, "GET", "/v1/AUTH_test/shared/o", "Referer: http://www.good.example/x")
		}
	}
	for _, acl := range [][]string{
		{"X-Container-Read: .r:*"}, {"X-Container-Read: .r:*,.rlistings"}, {"X-Container-Read: .r:.good.example,.r:-www.good.example"},
		{"X-Container-Read: test:tester3", "X-Container-Write: test:tester3"}, {"X-Container-Read: test2", "X-Container-Write: "},
		{"X-Remove-Container-Read: x", "X-Container-Write: test2:tester2"},
	} {
		g.do("POST", "/shared", acl...)
		probe()
	}
	g.do("POST", "", `X-Account-Access-Control: {"read-only":["test:tester3"]}`)
	g.do("HEAD", "")
	g.as("tester3", "GET", "/v1/AUTH_test")
	g.as("tester3", "HEAD", "/v1/AUTH_test/shared")
	g.as("tester3", "PUT", "/v1/AUTH_test/shared/x")
	for _, bad := range []string{"yuck", `{"foo":["a"]}`, `{"admin":"a"}`, `{"admin":[1]}`, "{}"} {
		g.do("POST", "", "X-Account-Access-Control: "+bad)
	}
	g.do("HEAD", "")
}

func copySteps(g *group) {
	g.do("PUT", "/src")
	g.do("PUT", "/dst")
	g.put("/src/o", "copied body", "X-Object-Meta-A: 1", "Content-Type: text/x", "Content-Disposition: inline")
	for _, h := range [][]string{
		{"Destination: dst/n"}, {"Destination: /dst/n"}, {"Destination: dst"}, {"Destination: "}, {}, {"Destination: //n"},
		{"Destination: nobox/n"}, {"Destination: dst/%C3%BC%20x"}, {"Destination: dst/n", "X-Fresh-Metadata: true"},
		{"Destination: dst/n", "X-Object-Meta-B: 2", "Content-Type: a/b"}, {"Destination: dst/n", "Range: bytes=0-3"},
		{"Destination: dst/n", "Destination-Account: AUTH_test2"}, {"Destination: dst/n", "Destination-Account: a/b"},
	} {
		g.do("COPY", "/src/o", h...)
		g.do("HEAD", "/dst/n")
	}
	for _, h := range []string{"src/o", "/src/o", "src", "/", "src/missing", "nobox/o", "src%2Fo"} {
		g.do("PUT", "/dst/from", "X-Copy-From: "+h)
		g.do("HEAD", "/dst/from")
	}
	g.do("PUT", "/dst/from", "X-Copy-From: src/o", "X-Copy-From-Account: AUTH_test2")
	g.put("/dst/from", "body", "X-Copy-From: src/o")
	g.do("COPY", "/src/missing", "Destination: dst/n")
}

func dloSteps(g *group) {
	g.do("PUT", "/seg")
	for i := range 3 {
		g.put(fmt.Sprintf("/seg/part/%d", i), strings.Repeat(fmt.Sprint(i), 5))
	}
	g.do("PUT", "/dlo")
	for _, m := range []string{"seg/part/", "seg%2Fpart", "seg", "/seg/x", "seg/", "seg/x?y", "seg/x&y", "nobox/x"} {
		g.do("PUT", "/dlo/m", "X-Object-Manifest: "+m)
		g.do("HEAD", "/dlo/m")
	}
	g.do("PUT", "/dlo/m", "X-Object-Manifest: seg/part/", "Content-Type: text/m")
	g.do("GET", "/dlo/m")
	g.do("GET", "/dlo/m?multipart-manifest=get")
	for _, r := range []string{"bytes=3-7", "bytes=-2", "bytes=14-", "bytes=15-", "bytes=0-1,3-4"} {
		g.do("GET", "/dlo/m", "Range: "+r)
	}
	g.do("GET", "/dlo/m", "If-None-Match: \"x\"")
	g.do("COPY", "/dlo/m", "Destination: dlo/copy")
	g.do("GET", "/dlo/copy")
	g.do("POST", "/dlo/m", "X-Object-Meta-A: b")
	g.do("GET", "/dlo/m")
	g.do("GET", "/dlo?format=json")
}

func sloSteps(g *group) {
	g.do("PUT", "/slo")
	manifest := func(m string, header ...string) {
		g.put("/slo/m?multipart-manifest=put", m, header...)
	}
	for _, bad := range []string{
		"", "{}", "[]", "[1]", `[{"path": "x"}]`, `[{"path": "/seg/part/0", "size_bytes": "x"}]`, `[{"path": "/seg/part/0", "foo": 1}]`,
		`[{"path": "/seg/part/0", "range": "5-4"}]`, `[{"path": "/seg/part/0", "range": "1-2,3-4"}]`, `[{"path": "/seg/missing"}]`,
		`[{"path": "/seg/part/0", "etag": "wrong"}]`, `[{"path": "/seg/part/0", "size_bytes": 7}]`, `[{"data": "!"}]`, `[{"data": "YQ=="}]`, "nonsense",
		`[{"path": "/slo/m"}]`,
	} {
		manifest(bad)
		manifest(bad, "Accept: application/json")
	}
	manifest(`[{"path": "/seg/part/0"}, {"path": "/seg/part/1", "range": "1-3"}, {"data": "YWJj"}]`, "Content-Type: text/s")
	g.do("GET", "/slo/m")
	g.do("HEAD", "/slo/m")
	g.do("GET", "/slo/m?multipart-manifest=get")
	g.do("GET", "/slo/m?multipart-manifest=get&format=raw")
	for _, r := range []string{"bytes=0-2", "bytes=4-6", "bytes=-3", "bytes=0-0,7-7", "bytes=90-"} {
		g.do("GET", "/slo/m", "Range: "+r)
	}
	g.do("GET", "/slo?format=json")
	manifest(`[{"path": "/slo/m"}, {"path": "/seg/part/2"}]`)
	g.put("/slo/nested?multipart-manifest=put", `[{"path": "/slo/m"}, {"path": "/seg/part/2"}]`)
	g.do("GET", "/slo/nested")
	g.put("/slo/etag?multipart-manifest=put", `[{"path": "/seg/part/0"}]`, "Etag: 0000")
	g.put("/slo/fake", "x", "X-Static-Large-Object: true")
	g.do("POST", "/slo/m", "X-Object-Meta-A: b")
	g.do("HEAD", "/slo/m")
	g.do("DELETE", "/slo/plain?multipart-manifest=delete")
	g.do("DELETE", "/slo/nested?multipart-manifest=delete", "Accept: application/json")
	g.do("GET", "/slo?format=json")
}

func symlinkSteps(g *group) {
	g.do("PUT", "/ln")
	g.put("/ln/target", "target body", "X-Object-Meta-T: 1")
	for _, h := range [][]string{
		{"X-Symlink-Target: ln/target"}, {"X-Symlink-Target: /ln/target"}, {"X-Symlink-Target: ln"}, {"X-Symlink-Target: "},
		{"X-Symlink-Target: ln/link"}, {"X-Symlink-Target: ln/target", "X-Symlink-Target-Account: a/b"},
		{"X-Symlink-Target: ln/target", "X-Symlink-Target-Etag: wrong"}, {"X-Symlink-Target: ln/missing", "X-Symlink-Target-Etag: x"},
		{"X-Symlink-Target: ln/target", "X-Symlink-Target-Etag: a;b"},
	} {
		g.do("PUT", "/ln/link", h...)
		g.do("GET", "/ln/link")
		g.do("HEAD", "/ln/link?symlink=get")
	}
	g.put("/ln/link", "body", "X-Symlink-Target: ln/target")
	g.do("PUT", "/ln/link", "X-Symlink-Target: ln/target")
	g.do("POST", "/ln/link", "X-Object-Meta-A: b")
	g.do("GET", "/ln?format=json")
	g.do("PUT", "/ln/l1", "X-Symlink-Target: ln/l2")
	g.do("PUT", "/ln/l2", "X-Symlink-Target: ln/l3")
	g.do("PUT", "/ln/l3", "X-Symlink-Target: ln/l1")
	g.do("GET", "/ln/l1")
	g.do("GET", "/ln/link", "Range: bytes=0-2")
	g.do("COPY", "/ln/link?symlink=get", "Destination: ln/copied")
	g.do("HEAD", "/ln/copied?symlink=get")
	g.do("DELETE", "/ln/link")
	g.do("GET", "/ln/target")
}

func versionSteps(g *group) {
	g.do("PUT", "/ver", "X-Versions-Enabled: true")
	g.do("HEAD", "/ver")
	for i := range 3 {
		g.put("/ver/o", fmt.Sprint("version ", i))
	}
	g.do("GET", "/ver/o")
	g.do("GET", "/ver?format=json")
	g.do("GET", "/ver?versions&format=json")
	g.do("GET", "/ver?versions&format=xml")
	g.do("GET", "/ver/o?version-id=nonsense")
	g.do("GET", "/ver/o?version-id=null")
	g.do("POST", "/ver/o?version-id=null")
	g.do("DELETE", "/ver/o")
	g.do("GET", "/ver/o")
	g.do("GET", "/ver?versions")
	g.do("DELETE", "/ver")
	g.do("HEAD", "/ver")
	g.do("POST", "/ver", "X-Versions-Enabled: false")
	g.put("/ver/o", "null version")
	g.do("GET", "/ver/o?version-id=null")
	g.do("GET", "/ver?versions&version_marker=x")
	g.do("PUT", "/ver/o?version-id=1.2")
}

func historySteps(g *group) {
	for _, mode := range []string{"X-Versions-Location", "X-History-Location"} {
		c, archive := "/h"+mode[2:3], "/archive"+mode[2:3]
		g.do("PUT", archive)
		g.do("PUT", c, mode+": "+archive[1:])
		g.do("HEAD", c)
		for i := range 2 {
			g.put(c+"/o", fmt.Sprint("body ", i))
		}
		g.do("HEAD", archive)
		g.do("DELETE", c+"/o")
		g.do("GET", c+"/o")
		g.do("DELETE", c+"/o")
		g.do("GET", c+"/o")
		g.do("POST", c, mode+": a/b")
		g.do("POST", c, "X-Versions-Location: a", "X-History-Location: b")
		g.do("POST", c, "X-Remove-"+mode[2:]+": x")
		g.do("HEAD", c)
	}
}

func bulkSteps(g *group) {
	g.do("PUT", "/blk")
	for _, accept := range []string{"text/plain", "application/json", "application/xml", "image/png"} {
		g.put("/blk/a", "x")
		g.do("POST", "?bulk-delete", "Content-Type: text/plain", "Accept: "+accept).body = "blk/a\nblk/missing\n/nobox/x\n"
		g.do("DELETE", "?bulk-delete", "Content-Type: text/plain", "Accept: "+accept).body = "blk/%FF\n"
	}
	g.do("POST", "?bulk-delete", "Content-Type: text/plain").body = ""
	g.do("POST", "?bulk-delete", "Content-Type: text/html").body = "blk/a"
	g.put("/blk/a", "x")
	g.do("POST", "?bulk-delete", "Content-Type: text/plain", "Accept: application/json").body = "blk"
	g.do("PUT", "/blk?extract-archive=zip").body = "x"
	g.do("PUT", "/blk?extract-archive=tar", "Accept: application/json").body = "not a tar"
}

func quotaSteps(g *group) {
	g.do("PUT", "/q", "X-Container-Meta-Quota-Bytes: x")
	g.do("PUT", "/q", "X-Container-Meta-Quota-Count: x")
	g.do("PUT", "/q", "X-Container-Meta-Quota-Bytes: 10", "X-Container-Meta-Quota-Count: 2")
	g.put("/q/a", "0123456789a")
	g.put("/q/a", "01234")
	g.put("/q/b", "01234")
	g.put("/q/c", "")
	g.put("/q/a", "01")
	g.do("HEAD", "/q")
	g.do("POST", "", "X-Account-Meta-Quota-Bytes: 5")
	g.as("admin", "POST", "/v1/AUTH_test2", "X-Account-Meta-Quota-Bytes: 5")
	g.as("admin", "POST", "/v1/AUTH_test2", "X-Account-Meta-Quota-Bytes: x")
	g.as("tester2", "PUT", "/v1/AUTH_test2/c")
	s := g.as("tester2", "PUT", "/v1/AUTH_test2/c/o")
	s.body = "0123456789"
	g.as("admin", "POST", "/v1/AUTH_test2", "X-Account-Meta-Quota-Bytes: ")
}

func staticwebSteps(g *group) {
	g.do("PUT", "/web", "X-Container-Read: .r:*,.rlistings")
	g.put("/web/index.html", "the index")
	g.put("/web/sub/page", "a page")
	get := func(paths ...string) {
		for _, path := range paths {
			g.as(anonymous, "GET", "/v1/AUTH_test/web"+path)
		}
	}
	get("", "/", "/sub", "/sub/", "/missing")
	g.do("POST", "/web", "X-Container-Meta-Web-Index: index.html")
	get("", "/", "/sub", "/missing")
	g.do("POST", "/web", "X-Container-Meta-Web-Error: error.html")
	g.put("/web/404error.html", "my 404")
	get("/missing", "/sub/")
	g.do("GET", "/web", "X-Web-Mode: true")
}

func tempurlSteps(g *group) {
	const key = "temp-url-key"
	g.do("POST", "", "X-Account-Meta-Temp-URL-Key: "+key)
	g.do("PUT", "/tmp")
	g.put("/tmp/o", "temporary", "X-Object-Meta-Hidden: x", "X-Object-Meta-Public-Shown: y")
	sign := func(method, path, expires string) string {
		mac := hmac.New(sha256.New, []byte(key))
		fmt.Fprintf(mac, "%s\n%s\n%s", method, expires, path)
		return "?temp_url_sig=" + hex.EncodeToString(mac.Sum(nil)) + "&temp_url_expires=" + expires
	}
	const path, future = "/v1/AUTH_test/tmp/o", "4102444800"
	for _, q := range []string{
		sign("GET", path, future), sign("GET", path, future) + "&inline", sign("GET", path, future) + "&filename=a%22b.txt",
		sign("PUT", path, future), sign("GET", path, "1"), sign("GET", path, "x"), sign("GET", "/v1/AUTH_test/tmp/x", future),
		"?temp_url_sig=abc", "?temp_url_expires=" + future, sign("DELETE", path, future), sign("HEAD", path, future),
	} {
		for _, method := range []string{"GET", "HEAD"} {
			g.as(anonymous, method, path+q)
		}
	}
	g.as(anonymous, "PUT", path+sign("PUT", path, future)).body = "written"
	g.as(anonymous, "PUT", path+sign("PUT", path, future), "X-Object-Manifest: a/b")
	g.as(anonymous, "POST", path+sign("POST", path, future), "X-Object-Meta-A: b")
	g.as(anonymous, "DELETE", path+sign("GET", path, future))
	g.as("tester3", "HEAD", "/v1/AUTH_test")
}

func corsSteps(g *group) {
	g.do("PUT", "/cors", "X-Container-Meta-Access-Control-Allow-Origin: http://a.example http://b.example", "X-Container-Meta-Access-Control-Max-Age: 60", "X-Container-Meta-Access-Control-Expose-Headers: X-Extra", "X-Container-Read: .r:*")
	g.put("/cors/o", "x", "X-Object-Meta-Color: red")
	for _, origin := range []string{"http://a.example", "http://evil.example"} {
		g.as(anonymous, "GET", "/v1/AUTH_test/cors/o", "Origin: "+origin)
		g.as(anonymous, "GET", "/v1/AUTH_test/cors/missing", "Origin: "+origin)
		g.as(anonymous, "OPTIONS", "/v1/AUTH_test/cors/o", "Origin: "+origin)
		g.as(anonymous, "OPTIONS", "/v1/AUTH_test/cors/o", "Origin: "+origin, "Access-Control-Request-Method: GET")
		g.as(anonymous, "OPTIONS", "/v1/AUTH_test/cors/o", "Origin: "+origin, "Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: x-a, x-b")
	}
	g.as(anonymous, "OPTIONS", "/v1/AUTH_test/cors/o")
	g.as(anonymous, "OPTIONS", "/v1/AUTH_test")
}
