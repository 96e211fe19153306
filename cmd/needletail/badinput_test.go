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
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"
)

// badInput is a request that is refused. token is sent unless anonymous.
type badInput struct {
	what         string
	anonymous    bool
	method, path string // below the account
	lines        []string
	body         string
	status       int
	text         string // in the answer
}

// TestBadInput sends all that is wrong to a real server: each gets Swift's status
// and text (cmd/harness/oracle compares the same with Swift itself), and in the end
// nothing is stored.
func TestBadInput(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	config := "[limits]\nmax_file_size = 100000\n[filter.bulk]\nmax_deletes_per_request = 3\nmax_containers_per_extraction = 2\nmax_failed_extractions = 2\n" +
		"[filter.slo]\nmax_manifest_segments = 2\nmax_manifest_size = 1000\n" +
		"[[container_sync.realm]]\nname = \"US\"\nkey = \"realm-key\"\nclusters = { one = \"http://one.example/v1/\" }\n"
	p := testserver.Start(t, data, "--tempauth-user", "bad:user=key,.admin,.reseller_admin", "--config", testserver.WriteConfig(t, config))
	c := client{t, p.URL}
	_, h := c.do(200, "GET", "/auth/v1.0", "", "X-Auth-User", "bad:user", "X-Auth-Key", "key")
	token := h.Get("X-Auth-Token")
	c.do(201, "PUT", "/v1/AUTH_bad/c", "", "X-Auth-Token", token, "X-Container-Meta-Temp-Url-Key", badKey, "X-Container-Sync-Key", "user-key", "X-Container-Sync-To", "//US/one/AUTH_b/c")
	before := dataFiles(t, data)
	var table strings.Builder
	for _, in := range badInputs() {
		status, text := in.send(t, p.URL, token)
		fmt.Fprintf(&table, "%-58s %d %.70q\n", in.what, status, text)
		if status != in.status || !strings.Contains(text, in.text) {
			t.Errorf("%s: %d %q, want %d %q", in.what, status, text, in.status, in.text)
		}
	}
	t.Logf("%d requests\n%s", len(badInputs()), table.String())
	if list, _ := c.do(200, "GET", "/v1/AUTH_bad", "", "X-Auth-Token", token); list != "c\n" {
		t.Errorf("the account has the containers %q", list)
	}
	_, h = c.do(204, "HEAD", "/v1/AUTH_bad", "", "X-Auth-Token", token)
	if h.Get("X-Account-Object-Count") != "0" || h.Get("X-Account-Bytes-Used") != "0" || h.Get("X-Account-Container-Count") != "1" || h.Get("X-Account-Meta-A") != "" {
		t.Errorf("the account is %v", h)
	}
	_, h = c.do(204, "GET", "/v1/AUTH_bad/c", "", "X-Auth-Token", token)
	if h.Get("X-Container-Object-Count") != "0" || h.Get("X-Container-Read") != "" || h.Get("X-Container-Meta-A") != "" {
		t.Errorf("the container is %v", h)
	}
	if after := dataFiles(t, data); after != before {
		t.Errorf("the data folder has %d files, and had %d", after, before)
	}
}

// dataFiles counts the files of bodies, whole and begun.
func dataFiles(t *testing.T, data string) (n int) {
	t.Helper()
	for _, dir := range []string{"data", "tmp", "quarantine"} {
		err := filepath.WalkDir(filepath.Join(data, dir), func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				n++
			}
			return nil // a folder that is not there has nothing
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func (in badInput) send(t *testing.T, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(in.method, url+"/v1/AUTH_bad"+in.path, strings.NewReader(in.body))
	if err != nil {
		t.Fatal(err)
	}
	if !in.anonymous {
		req.Header.Set("X-Auth-Token", token)
	}
	for i := 0; i < len(in.lines); i += 2 {
		req.Header[in.lines[i]] = []string{in.lines[i+1]}
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", in.what, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

const badKey = "key-of-the-container"

// badInputs is the list.
func badInputs() []badInput {
	var all []badInput
	all = append(all, badACLs()...)
	all = append(all, badManifests()...)
	all = append(all, badArchives()...)
	all = append(all, badSignatures()...)
	return append(all, overlong()...)
}

func badACLs() (all []badInput) {
	for _, a := range []struct{ acl, text string }{
		{".r:", "No host/domain value after referrer designation"}, {".r:,a", "No host/domain"}, {".ref:*.", "No host/domain"}, {".unknown:*", "Unknown designator"},
		{".referrer:-", "No host/domain"},
	} {
		all = append(all,
			badInput{what: "read ACL " + a.acl, method: "POST", path: "/c", lines: []string{"X-Container-Read", a.acl}, status: 400, text: a.text},
			badInput{what: "read ACL of a new container " + a.acl, method: "PUT", path: "/new", lines: []string{"X-Container-Read", a.acl}, status: 400, text: a.text})
	}
	all = append(all, badInput{what: "referrers in a write ACL", method: "POST", path: "/c", lines: []string{"X-Container-Write", ".r:*"}, status: 400, text: "Referrers not allowed in write ACL"})
	for _, acl := range []string{"yuck", `{"foo": ["a"]}`, `{"admin": "a"}`, `{"admin": [1]}`, `[]`, `{`} {
		all = append(all, badInput{what: "account ACL " + acl, method: "POST", lines: []string{"X-Account-Access-Control", acl}, status: 400, text: "X-Account-Access-Control invalid"})
	}
	return all
}

func badManifests() (all []badInput) {
	for _, m := range []struct{ json, text string }{
		{"", "Manifest must be valid JSON."}, {"{", "Manifest must be valid JSON."}, {"nonsense", "Manifest must be valid JSON."}, {"{}", "Manifest must be a list."},
		{"[1]", "Index 0: not a JSON object"}, {`[{}]`, "Index 0: expected keys to include one of 'data' or 'path'"}, {`[{"path": "x"}]`, "Index 0: path does not refer to an object."}, {`[{"path": "/c/o", "foo": 1}]`, "Index 0: extraneous keys"},
		{`[{"path": "/c/o", "range": "5-4"}]`, "Index 0: "}, {`[{"path": "/c/o", "size_bytes": "x"}]`, "Index 0: invalid size_bytes"}, {`[{"data": "!"}]`, "Index 0: data must be valid base64"}, {`[{"data": "YQ=="}]`, "Inline data segments require at least one object-backed segment."},
		{`[{"path": "/c/missing"}]`, "404 Not Found"}, {`[{"path": "/c/` + strings.Repeat("o", 500) + `"}]`, "404 Not Found"},
	} {
		all = append(all, badInput{what: "SLO " + m.json[:min(40, len(m.json))], method: "PUT", path: "/c/m?multipart-manifest=put", lines: []string{"Accept", "text/plain"}, body: m.json, status: 400, text: m.text})
	}
	const one = `{"path": "/c/o"}`
	put := func(what, body string, status int, text string, lines ...string) {
		all = append(all, badInput{what: what, method: "PUT", path: "/c/m?multipart-manifest=put", lines: lines, body: body, status: status, text: text})
	}
	put("SLO of the most segments (missing ones)", "["+one+","+one+"]", 400, "404 Not Found")
	put("SLO of one segment more", "["+one+","+one+","+one+"]", 413, "Number of object-backed segments must be <= 2")
	put("SLO of the most bytes (a missing segment)", "["+one+strings.Repeat(" ", 1000-len(one)-2)+"]", 400, "404 Not Found")
	put("SLO of one byte more", "["+one+strings.Repeat(" ", 1000-len(one)-1)+"]", 413, "Manifest File > 1000 bytes")
	all = append(all, badInput{what: "X-Static-Large-Object by a client", method: "PUT", path: "/c/m", lines: []string{"X-Static-Large-Object", "true"}, status: 400, text: "X-Static-Large-Object is a reserved header."})
	for _, m := range []string{"", "/", "c", "/c", "c?x/y", "c/a?b", "c/a&b", "%2F"} {
		all = append(all, badInput{what: "DLO " + m, method: "PUT", path: "/c/m", lines: []string{"X-Object-Manifest", m}, status: 400, text: "X-Object-Manifest must be in the format container/prefix"})
	}
	return all
}

// archive is a tar of names: a kind and a name each, with a content of one byte.
func badTar(members ...string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Typeflag: m[0], Name: m[1:], Mode: 0o644, Linkname: "/etc/passwd"}
		if m[0] == tar.TypeReg {
			h.Size, h.Linkname = 1, ""
		}
		_ = w.WriteHeader(h)
		if m[0] == tar.TypeReg {
			_, _ = w.Write([]byte("x"))
		}
	}
	_ = w.Close()
	return b.String()
}

// bomb is a tar.gz of a file of so many zeros.
func bomb(sizeBytes int64) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "c/bomb", Mode: 0o644, Size: sizeBytes})
	_, _ = io.CopyN(w, zeros{}, sizeBytes)
	_ = w.Close()
	_ = z.Close()
	return b.String()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func badArchives() (all []badInput) {
	add := func(what, kind, path, body, text string) {
		all = append(all, badInput{what: "archive: " + what, method: "PUT", path: path + "?extract-archive=" + kind, lines: []string{"Accept", "application/json"}, body: body, status: 200, text: text})
	}
	none := `"Response Body": "Invalid Tar File: No Valid Files", "Number Files Created": 0`
	whole := badTar("0c/o")
	for n, text := range map[int]string{0: "empty file", 1: "truncated header", 511: "truncated header", 512: "unexpected end of data"} {
		add(fmt.Sprintf("cut after %d bytes", n), "tar", "", whole[:n], `"Response Status": "400 Bad Request", "Response Body": "Invalid Tar File: `+text+`", "Number Files Created": 0`)
	}
	add("junk", "tar", "", strings.Repeat("junk", 200), "Invalid Tar File: ")
	add("zeros", "tar", "", strings.Repeat("\x00", 2048), none)
	add("no gzip", "tar.gz", "", whole, "Invalid Tar File: not a gzip file")
	add("no bzip2", "tar.bz2", "", whole, "Invalid Tar File: invalid compressed data")
	for kind, what := range map[byte]string{tar.TypeLink: "hard link", tar.TypeSymlink: "symbolic link", tar.TypeChar: "character device", tar.TypeBlock: "block device", tar.TypeDir: "folder", tar.TypeFifo: "pipe"} {
		add(what, "tar", "", badTar(string(kind)+"c/special"), none)
	}
	add("a file outside of containers", "tar", "", badTar("0o"), none)
	add("absolute, outside of containers", "tar", "", badTar("0/etc"), none)
	add("a name that is no UTF-8", "tar", "/c", badTar("0\xff"), `"412 Precondition Failed"`)
	add("a name that is too long", "tar", "/c", badTar("0"+strings.Repeat("n", 1025)), `"400 Bad Request"`)
	add("a container's name that is too long", "tar", "", badTar("0"+strings.Repeat("n", 257)+"/o"), `"400 Bad Request"`)
	add("a bomb", "tar.gz", "", bomb(8<<20), `"413 Request Entity Too Large"`)
	add("more failures than allowed", "tar", "/c", badTar("0\xff1", "0\xff2", "0ok"), `"Number Files Created": 0`)
	all = append(all, badInput{what: "archive of an unknown kind", method: "PUT", path: "?extract-archive=zip", body: whole, status: 400, text: "Unsupported archive format"},
		badInput{what: "archive with a bad expiry", method: "PUT", path: "?extract-archive=tar", lines: []string{"X-Delete-At", "x", "Accept", "application/json"}, body: whole, status: 200, text: `"c/o", "400 Bad Request"`})
	return all
}

func hexMAC(key, format string, args ...any) string {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, format, args...)
	return hex.EncodeToString(mac.Sum(nil))
}

func badSignatures() (all []badInput) {
	const path, future = "/v1/AUTH_bad/c/o", "4102444800"
	good := hexMAC(badKey, "PUT\n%s\n%s", future, path)
	for what, query := range map[string]string{
		"another key": "temp_url_sig=" + hexMAC("other", "PUT\n%s\n%s", future, path) + "&temp_url_expires=" + future, "an empty key": "temp_url_sig=" + hexMAC("", "PUT\n%s\n%s", future, path) + "&temp_url_expires=" + future,
		"cut": "temp_url_sig=" + good[1:] + "&temp_url_expires=" + future, "longer": "temp_url_sig=" + good + "0&temp_url_expires=" + future, "none": "temp_url_expires=" + future, "no expiry": "temp_url_sig=" + good,
		"expired": "temp_url_sig=" + hexMAC(badKey, "PUT\n1\n%s", path) + "&temp_url_expires=1", "another expiry": "temp_url_sig=" + good + "&temp_url_expires=4102444801", "a method": "temp_url_sig=" + hexMAC(badKey, "GET\n%s\n%s", future, path) + "&temp_url_expires=" + future,
		"another object": "temp_url_sig=" + hexMAC(badKey, "PUT\n%s\n%sx", future, path) + "&temp_url_expires=" + future, "a prefix unsaid": "temp_url_sig=" + hexMAC(badKey, "PUT\n%s\nprefix:/v1/AUTH_bad/c/", future) + "&temp_url_expires=" + future,
		"another prefix": "temp_url_sig=" + hexMAC(badKey, "PUT\n%s\nprefix:/v1/AUTH_bad/c/x", future) + "&temp_url_prefix=x&temp_url_expires=" + future, "an unknown digest": "temp_url_sig=md5:" + good + "&temp_url_expires=" + future,
		"another address": "temp_url_sig=" + hexMAC(badKey, "ip=10.0.0.0/8\nPUT\n%s\n%s", future, path) + "&temp_url_ip_range=10.0.0.0/8&temp_url_expires=" + future,
	} {
		all = append(all, badInput{what: "temporary URL: " + what, anonymous: true, method: "PUT", path: "/c/o?" + query, body: "x", status: 401, text: "Temp URL invalid"})
	}
	form := func(what, signature, expires string, status int, text string) {
		body := ""
		for _, f := range [][2]string{{"redirect", ""}, {"max_file_size", "10"}, {"max_file_count", "1"}, {"expires", expires}, {"signature", signature}} {
			body += "--b\r\nContent-Disposition: form-data; name=\"" + f[0] + "\"\r\n\r\n" + f[1] + "\r\n"
		}
		body += "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"o\"\r\n\r\nx\r\n--b--\r\n"
		all = append(all, badInput{what: "form: " + what, anonymous: true, method: "POST", path: "/c/", lines: []string{"Content-Type", "multipart/form-data; boundary=b"}, body: body, status: status, text: text})
	}
	signed := hexMAC(badKey, "/v1/AUTH_bad/c/\n\n10\n1\n%s", future)
	form("another key", hexMAC("other", "/v1/AUTH_bad/c/\n\n10\n1\n%s", future), future, 401, "FormPost: Invalid Signature")
	form("cut", signed[1:], future, 401, "FormPost: Invalid Signature")
	form("none", "", future, 401, "FormPost: Invalid Signature")
	form("another expiry", signed, "4102444801", 401, "FormPost: Invalid Signature")
	form("another size", hexMAC(badKey, "/v1/AUTH_bad/c/\n\n11\n1\n%s", future), future, 401, "FormPost: Invalid Signature")
	form("expired", hexMAC(badKey, "/v1/AUTH_bad/c/\n\n10\n1\n1"), "1", 401, "FormPost: Form Expired")
	form("no number", signed, "x", 400, "FormPost: expired not an integer")
	mac := hmac.New(sha1.New, []byte("wrong"))
	fmt.Fprintf(mac, "PUT\n%s\n1402464677.04188\nnonce\nuser-key", path)
	for what, auth := range map[string]string{"one word": "x", "an unknown realm": "NO nonce " + hex.EncodeToString(mac.Sum(nil)), "another key": "US nonce " + hex.EncodeToString(mac.Sum(nil)), "an empty one": "US nonce x"} {
		all = append(all, badInput{what: "container sync: " + what, anonymous: true, method: "PUT", path: "/c/o", lines: []string{"X-Container-Sync-Auth", auth, "X-Timestamp", "1402464677.04188"}, body: "x", status: 401,
			text: "X-Container-Sync-Auth header not valid; contact cluster operator for support."})
	}
	return all
}

func overlong() (all []badInput) {
	add := func(what, method, path string, status int, text string, lines ...string) {
		all = append(all, badInput{what: "overlong: " + what, method: method, path: path, lines: lines, status: status, text: text})
	}
	long := strings.Repeat
	add("container's name", "PUT", "/"+long("c", 257), 400, "Container name length of 257 longer than 256")
	add("object's name", "PUT", "/c/"+long("o", 1025), 400, "Object name length of 1025 longer than 1024")
	for _, on := range []struct{ method, path, prefix string }{{"POST", "", "X-Account-Meta-"}, {"POST", "/c", "X-Container-Meta-"}, {"PUT", "/c/o", "X-Object-Meta-"}} {
		add(on.prefix+" name", on.method, on.path, 400, "Metadata name too long", on.prefix+long("k", 129), "v")
		add(on.prefix+" value", on.method, on.path, 400, "Metadata value longer than 256", on.prefix+"A", long("v", 257))
		var many, large []string
		for i := range 91 {
			many = append(many, fmt.Sprintf("%s%d", on.prefix, i), "v")
		}
		for i := range 17 {
			large = append(large, fmt.Sprintf("%sL%02d", on.prefix, i), long("v", 250))
		}
		add(on.prefix+" count", on.method, on.path, 400, "Too many metadata items; max 90", many...)
		add(on.prefix+" size", on.method, on.path, 400, "Total metadata too large; max 4096", large...)
	}
	add("listing", "GET", "/c?limit=10001", 412, "Maximum limit is 10000")
	add("listing of the account", "GET", "?limit=10001", 412, "Maximum limit is 10000")
	add("request line", "GET", "/c/"+long("o", 9000), 414, "")
	add("header", "GET", "/c", 400, "", "X-Long", long("x", 140_000))
	var head []string
	for i := range 20 {
		head = append(head, fmt.Sprintf("X-Long-%d", i), long("x", 8000))
	}
	add("head", "GET", "/c", 400, "", head...)
	all = append(all,
		badInput{what: "overlong: body", method: "PUT", path: "/c/o", body: long("x", 100_001), status: 413, text: "Your request is too large."},
		badInput{what: "overlong: list of names", method: "POST", path: "?bulk-delete", lines: []string{"Content-Type", "text/plain", "Accept", "application/json"}, body: long("c/o\n", 4), status: 200, text: "Maximum Bulk Deletes: 3 per request"},
		badInput{what: "overlong: name in a list", method: "POST", path: "?bulk-delete", lines: []string{"Content-Type", "text/plain", "Accept", "application/json"}, body: "c/" + long("n", 4000), status: 200, text: "400 Bad Request"})
	return all
}
