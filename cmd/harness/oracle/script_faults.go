// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"
)

// endpointSteps asks /endpoints for the places of accounts, containers and objects.
func endpointSteps(g *group) {
	g.do("PUT", "/ends", "X-Storage-Policy: silver")
	for _, path := range []string{
		"", "/", "/AUTH_test", "/AUTH_test/", "/AUTH_test/ends", "/AUTH_test/ends/o", "/AUTH_test/ends/a/b", "/AUTH_test/ends/%C3%BC", "/AUTH_test/none/o",
		"/v1/AUTH_test/ends/o", "/v1.0/AUTH_test/ends", "/v2/AUTH_test", "/v2/AUTH_test/ends", "/v2/AUTH_test/ends/o", "/v2/AUTH_test/none/o", "/v2.0/AUTH_test/ends/o",
		"/v1", "/v2/", "/v3/AUTH_test", "/v/AUTH_test", "/v_3/ends", "/vx/AUTH_test/c/o", "/1/AUTH_test", "//c/o", "/AUTH_test//o",
	} {
		g.as(anonymous, "GET", "/endpoints"+path)
	}
	for _, method := range []string{"HEAD", "PUT", "POST", "DELETE", "OPTIONS"} {
		g.as(anonymous, method, "/endpoints/AUTH_test/ends/o")
	}
}

// syncSteps are requests of another cluster, with right and with wrong signatures.
func syncSteps(g *group) {
	g.do("PUT", "/sync", "X-Container-Sync-Key: user-key", "X-Container-Sync-To: //US/one/AUTH_b/c")
	g.do("HEAD", "/sync")
	for _, to := range []string{"http://h/v1/a/c", "//US/one", "//US/one/a/c/d", "//NO/one/a/c", "//US/no/a/c", "/US/one/a/c", "x"} {
		g.do("POST", "/sync", "X-Container-Sync-To: "+to)
	}
	const path, nonce, at = "/v1/AUTH_test/sync/o", "nonce", "1402464677.04188"
	sign := func(method, path, at, nonce, realmKey, userKey string) string {
		mac := hmac.New(sha1.New, []byte(realmKey))
		fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n%s", method, path, at, nonce, userKey)
		return hex.EncodeToString(mac.Sum(nil))
	}
	good := sign("PUT", path, at, nonce, "realm-key", "user-key")
	for _, auth := range []string{
		"", "x", "US nonce", "US nonce " + good + " x", "NO nonce " + good, "US other " + good, "US nonce " + good[1:], "US nonce " + strings.ToUpper(good),
		"US nonce " + sign("PUT", path, at, nonce, "wrong", "user-key"), "US nonce " + sign("PUT", path, at, nonce, "realm-key", "wrong"),
		"US nonce " + sign("DELETE", path, at, nonce, "realm-key", "user-key"), "US nonce " + sign("PUT", path+"x", at, nonce, "realm-key", "user-key"),
		"US nonce " + sign("PUT", path, "1402464677.04189", nonce, "realm-key", "user-key"),
	} {
		g.as(anonymous, "PUT", path, "X-Container-Sync-Auth: "+auth, "X-Timestamp: "+at).body = "bad"
	}
	g.do("GET", "/sync")
	for _, key := range []string{"realm-key", "realm-key2"} {
		g.as(anonymous, "PUT", path, "X-Container-Sync-Auth: US nonce "+sign("PUT", path, at, nonce, key, "user-key"), "X-Timestamp: "+at).body = "synced"
	}
	g.do("GET", "/sync/o")
	g.as(anonymous, "DELETE", path, "X-Container-Sync-Auth: US nonce "+sign("DELETE", path, "1402464678.00000", nonce, "realm-key", "user-key"), "X-Timestamp: 1402464678.00000")
	g.do("GET", "/sync")
}

// member is an entry of a tarball. The content of a file is the file's name.
func member(kind byte, name, link string) *tar.Header {
	h := &tar.Header{Name: name, Mode: 0o644, ModTime: time.Unix(1, 0), Typeflag: kind, Linkname: link}
	if kind == tar.TypeReg {
		h.Size = int64(len(name))
	}
	return h
}

func tarOf(members ...*tar.Header) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range members {
		_ = w.WriteHeader(h)
		if h.Typeflag == tar.TypeReg {
			_, _ = w.Write([]byte(h.Name))
		}
	}
	_ = w.Close()
	return b.String()
}

func gzipOf(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(s))
	_ = w.Close()
	return b.String()
}

// badArchiveSteps uploads archives that are broken or name paths outside the account.
func badArchiveSteps(g *group) {
	g.do("PUT", "/bad")
	extract := func(kind, path, body string, header ...string) {
		g.do("PUT", path+"?extract-archive="+kind, append(header, "Accept: application/json")...).body = body
	}
	whole := tarOf(member(tar.TypeReg, "bad/first", ""), member(tar.TypeReg, "bad/second", ""))
	for _, n := range []int{0, 1, 100, 511, 512, 515, 521, 600, 1023, 1024, 1100, 1536, 1540, 2047, 2048, 2560, 3071} {
		extract("tar", "", whole[:n])
	}
	damaged := []byte(whole)
	damaged[150] ^= 1
	extract("tar", "", string(damaged))
	damaged[150] = 'x'
	extract("tar", "", string(damaged))
	extract("tar", "", strings.Repeat("junk", 500))
	extract("tar", "", strings.Repeat("\x00", 2048))
	packed := gzipOf(whole)
	extract("tar.gz", "", packed)
	for _, n := range []int{0, 1, 5, 20, len(packed) / 2} {
		extract("tar.gz", "", packed[:n])
	}
	extract("tar.gz", "", "x"+packed)
	extract("tar.gz", "", packed[:15]+"\xff\xff\xff\xff"+packed[19:])
	extract("tar.gz", "", gzipOf("junk"))
	extract("tar.bz2", "", whole)
	extract("tar.bz2", "", "BZh9junkjunk")
	extract("tar.bz2", "", "")
	extract("tar.xz", "", whole)
	extract("", "", whole)
	for _, name := range []string{"/bad/absolute", "//bad/twice", "../bad/up", "bad/../up", "bad/a/../../../up", "./bad/dot", "././bad/dots", "bad//empty", "bad/", "bad", "..", "/", "bad/n\nl"} {
		extract("tar", "", tarOf(member(tar.TypeReg, name, "")))
		extract("tar", "/bad/below", tarOf(member(tar.TypeReg, name, "")))
	}
	for _, kind := range []byte{tar.TypeLink, tar.TypeSymlink, tar.TypeChar, tar.TypeBlock, tar.TypeDir, tar.TypeFifo} {
		extract("tar", "", tarOf(member(kind, "bad/special", "/etc/passwd")))
	}
	extract("tar", "", tarOf(member(tar.TypeReg, "bad/\xff\xfe", "")))
	extract("tar", "", tarOf(member(tar.TypeReg, "bad/"+strings.Repeat("n", 1024), ""), member(tar.TypeReg, "bad/"+strings.Repeat("n", 1025), "")))
	extract("tar", "", tarOf(member(tar.TypeReg, strings.Repeat("c", 257)+"/o", "")))
	large := member(tar.TypeReg, "bad/large", "")
	large.Size = 5368709123
	extract("tar", "", tarOf(large))
	extract("tar", "", whole, "X-Delete-At: x")
	extract("tar", "/nobox", tarOf(member(tar.TypeReg, "a", "")))
	g.as("tester3", "PUT", "/v1/AUTH_test/bad?extract-archive=tar", "Accept: application/json").body = whole
	g.as(anonymous, "PUT", "/v1/AUTH_test/bad?extract-archive=tar", "Accept: application/json").body = whole
	for _, path := range []string{"/bad", "/..", "/nobox"} {
		g.do("GET", path)
	}
}

// badManifestSteps uploads texts that are no valid manifest.
func badManifestSteps(g *group) {
	g.do("PUT", "/man")
	g.put("/man/seg", "segment")
	for _, m := range []string{
		"{", "null", "1", `"x"`, `[null]`, `["/man/seg"]`, `[[]]`, `[{}]`, `[{"path": 1}]`, `[{"path": ""}]`, `[{"path": "/man"}]`, `[{"path": "man/seg", "etag": 1}]`,
		`[{"path": "/man/seg", "size_bytes": -1}]`, `[{"path": "/man/seg", "size_bytes": 1.5}]`, `[{"path": "/man/seg", "size_bytes": "7"}]`, `[{"path": "/man/seg", "size_bytes": 0}]`,
		`[{"path": "/man/seg", "range": 1}]`, `[{"path": "/man/seg", "range": "x"}]`, `[{"path": "/man/seg", "range": ""}]`, `[{"path": "/man/seg", "range": "-"}]`,
		`[{"path": "/man/seg", "range": "7-"}]`, `[{"path": "/man/seg", "range": "0-6"}]`, `[{"path": "/man/seg", "range": "-0"}]`, `[{"path": "/man/seg", "range": "bytes=0-1"}]`,
		`[{"path": "/man/seg", "data": "YQ=="}]`, `[{"data": ""}]`, `[{"data": 1}]`, `[{"data": "YQ"}, {"path": "/man/seg"}]`, `[{"data": "YQ==", "etag": "x"}, {"path": "/man/seg"}]`,
		`[{"path": "/nobox/seg"}]`, `[{"path": "/man/none", "range": "0-1"}]`, `[{"path": "//man/seg"}]`, `[{"path": "/man/../seg"}]`, `[{"path": "/man/seg", "path": "/man/seg"}] x`,
		`[{"path": "/` + strings.Repeat("c", 257) + `/o"}]`, `[{"path": "/man/` + strings.Repeat("o", 1025) + `"}]`, "\xff", `[{"path": "/man/\ud800"}]`,
		`[{"path": "/man/seg", "sub_slo": true}]`, strings.Repeat("[", 5000), `[{"path": "/man/slo"}]`,
	} {
		g.put("/man/slo?multipart-manifest=put", m, "Accept: application/json")
	}
	const one = `{"path":"/man/seg"}`
	g.put("/man/n?multipart-manifest=put", "["+strings.Repeat(one+",", 1000)+one+"]")
	g.put("/man/n?multipart-manifest=put", "["+one+"]"+strings.Repeat(" ", 8<<20-len(one)-1))
	for _, h := range []string{"Etag: wrong", "X-Object-Manifest: man/s", "X-Static-Large-Object: true", "X-Delete-At: x", "Content-Type: a;swift_bytes=1"} {
		g.put("/man/n?multipart-manifest=put", "["+one+"]", h)
	}
	g.do("PUT", "/man/n?multipart-manifest=put").noLength = true
	for _, m := range []string{"", "/", "//", "man", "/man", "man?x/y", "man/a?b", "man/a&b", "%FF/x", strings.Repeat("c", 257) + "/p", "man/" + strings.Repeat("p", 1025), "man/%00", "man%00/x"} {
		g.do("PUT", "/man/dlo", "X-Object-Manifest: "+m)
		g.do("GET", "/man/dlo")
	}
	g.do("GET", "/man")
}

// badSignatureSteps uses temporary URLs and forms with wrong signatures.
func badSignatureSteps(g *group) {
	const key, path, future = "signing-key", "/v1/AUTH_test/sig/o", "4102444800"
	g.do("PUT", "/sig", "X-Container-Meta-Temp-URL-Key: "+key)
	g.put("/sig/o", "signed for")
	mac := func(h func() hash.Hash, key, text string) string {
		m := hmac.New(h, []byte(key))
		m.Write([]byte(text))
		return hex.EncodeToString(m.Sum(nil))
	}
	good := mac(sha256.New, key, "GET\n"+future+"\n"+path)
	ask := func(sig, more string) {
		g.as(anonymous, "GET", path+"?temp_url_sig="+sig+"&temp_url_expires="+future+more)
	}
	for _, sig := range []string{
		good, strings.ToUpper(good), good[:63], good + "0", "g" + good[1:], "", "sha256:" + good, "sha1:" + good, "sha256%3A" + good,
		mac(sha1.New, key, "GET\n"+future+"\n"+path), mac(sha256.New, "other", "GET\n"+future+"\n"+path), mac(sha256.New, "", "GET\n"+future+"\n"+path),
	} {
		ask(sig, "")
	}
	for _, ip := range []string{"127.0.0.1", "10.0.0.0/8", "x", "127.0.0.1/33", "::1"} {
		ask(mac(sha256.New, key, "ip="+ip+"\nGET\n"+future+"\n"+path), "&temp_url_ip_range="+ip)
	}
	for _, prefix := range []string{"", "o", "x", "o/"} {
		ask(mac(sha256.New, key, "GET\n"+future+"\nprefix:/v1/AUTH_test/sig/"+prefix), "&temp_url_prefix="+prefix)
	}
	for _, at := range []string{"2100-01-01T00:00:00Z", "2100-01-01T00:00:00", "2100-01-01", "2100-13-01T00:00:00Z", "-1", "0", "1e12", "99999999999999999999"} {
		g.as(anonymous, "GET", path+"?temp_url_expires="+at+"&temp_url_sig="+mac(sha256.New, key, "GET\n"+at+"\n"+path))
		g.as(anonymous, "GET", path+"?temp_url_expires="+at+"&temp_url_sig="+mac(sha256.New, key, "GET\n4102444800\n"+path))
	}
	g.as(anonymous, "GET", "/v1/AUTH_test/sig?temp_url_sig="+good+"&temp_url_expires="+future)
	g.as(anonymous, "GET", path+"?temp_url_sig="+good+"&temp_url_sig="+good+"&temp_url_expires="+future)

	post := func(contentType, body string) {
		g.as(anonymous, "POST", "/v1/AUTH_test/sig/up/", "Content-Type: "+contentType).body = body
	}
	const multipart = "multipart/form-data; boundary=" + formBoundary
	fields := func(sig, size, count, expires string) []string {
		return []string{"redirect", "", "max_file_size", size, "max_file_count", count, "expires", expires, "signature", sig}
	}
	form256 := mac(sha256.New, key, "/v1/AUTH_test/sig/up/\n\n10\n1\n"+future)
	for _, sig := range []string{form256[:63], form256 + "0", strings.ToUpper(form256), "", "sha512:" + form256, mac(sha1.New, key, "/v1/AUTH_test/sig/up/\n\n10\n1\n"+future)} {
		post(multipart, form(fields(sig, "10", "1", future), "file"))
	}
	post(multipart, form(fields(form256, "11", "1", future), "file"))
	post(multipart, form(fields(form256, "10", "2", future), "file"))
	post(multipart, form(fields(form256, "10", "1", "4102444801"), "file"))
	whole := form(fields(form256, "10", "1", future), "0123456789")
	post(multipart, form(fields(form256, "10", "1", future), "0123456789a"))
	post(multipart, strings.ReplaceAll(whole, formBoundary, "other"))
	post(multipart, whole[:len(whole)/2])
	post("multipart/form-data; boundary=", whole)
	post("multipart/form-data", whole)
	post("application/x-www-form-urlencoded", "a=b")
	post(multipart, form(append([]string{"long", strings.Repeat("x", 4097)}, fields(form256, "10", "1", future)...), "file"))
	g.do("GET", "/sig")
	post(multipart, whole)
	g.do("GET", "/sig")
}

// overlongSteps goes beyond each limit by one.
func overlongSteps(g *group) {
	g.do("PUT", "/long")
	for _, n := range []int{256, 257} {
		g.as("admin", "GET", "/v1/AUTH_"+strings.Repeat("a", n-5))
		g.as("admin", "PUT", "/v1/AUTH_"+strings.Repeat("a", n-5)+"/c")
		g.do("PUT", "/"+strings.Repeat("c", n))
		g.do("PUT", "/"+strings.Repeat("c", n)+"/o")
	}
	for _, n := range []int{1024, 1025} {
		g.put("/long/"+strings.Repeat("o", n), "x")
		g.do("COPY", "/long/"+strings.Repeat("o", 1024), "Destination: long/"+strings.Repeat("p", n))
		g.do("DELETE", "/long/"+strings.Repeat("o", n))
		g.do("DELETE", "/long/"+strings.Repeat("p", n))
	}
	for _, kind := range []struct{ path, prefix, method string }{
		{"", "X-Account-Meta-", "POST"}, {"/long", "X-Container-Meta-", "POST"}, {"/long2", "X-Container-Meta-", "PUT"}, {"/long/o", "X-Object-Meta-", "PUT"}, {"/long/o", "X-Object-Meta-", "POST"},
	} {
		for _, lines := range [][]string{
			{kind.prefix + strings.Repeat("k", 128) + ": v"}, {kind.prefix + strings.Repeat("k", 129) + ": v"}, {kind.prefix + "K: " + strings.Repeat("v", 256)}, {kind.prefix + "K: " + strings.Repeat("v", 257)},
			{kind.prefix + "U: " + strings.Repeat("ü", 128)}, {kind.prefix + "U: " + strings.Repeat("ü", 129)},
		} {
			g.do(kind.method, kind.path, lines...)
		}
	}
	names := func(n int) string { return strings.Repeat("long/none\n", n) }
	for _, n := range []int{1, 10001} { // Swift takes minutes for 10000
		g.do("POST", "?bulk-delete", "Content-Type: text/plain", "Accept: application/json").body = names(n)
	}
	for _, n := range []int{1282, 1283, 1284, 4000} {
		g.do("POST", "?bulk-delete", "Content-Type: text/plain", "Accept: application/json").body = "long/" + strings.Repeat("n", n-5) + "\n"
	}
	for _, query := range []string{"limit=10000", "limit=10001", "prefix=" + strings.Repeat("p", 1025), "marker=" + strings.Repeat("m", 1025), "delimiter=" + strings.Repeat("d", 300)} {
		g.do("GET", "/long?"+query)
		g.do("HEAD", "/long?"+query)
		g.as("tester2", "HEAD", "/v1/AUTH_test2?"+query)
	}
	for _, h := range []string{"X-Object-Manifest: ", "X-Copy-From: ", "X-Symlink-Target: "} {
		g.do("PUT", "/long/o", h+"long/"+strings.Repeat("o", 1025))
		g.do("PUT", "/long/o", h+strings.Repeat("c", 257)+"/o")
	}
	g.do("PUT", "/long", "X-Versions-Location: "+strings.Repeat("c", 257))
	g.do("PUT", "/long", "X-Container-Read: "+strings.Repeat("a,", 2000))
	g.do("PUT", "/"+strings.Repeat("x", 9000))
	g.do("GET", "/long", "X-Long: "+strings.Repeat("x", 7000))
	g.do("HEAD", "/long")
	g.do("GET", "/long")
}
