// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// matrixRoutes are the rows: "METHOD path[?query] [Name:value…] [form]". A, C, O
// stand for the account, its container and an object there, S for the service
// account beside it, V for an object with a version ID, H for a hidden account,
// and OWNER for the id of the account's owner.
var matrixRoutes = []string{
	"GET /info", "HEAD /info", "OPTIONS /info", "GET /healthcheck", "HEAD /healthcheck", "GET /healthcheck/live", "GET /healthcheck/ready", "GET /crossdomain.xml", "GET /endpoints/C/o",
	"GET A", "HEAD A", "POST A", "PUT A", "DELETE A", "OPTIONS A", "PATCH A", "COPY A",
	"GET C", "HEAD C", "POST C", "PUT C", "DELETE C", "OPTIONS C", "PATCH C", "COPY C", "GET C?versions", "PUT A/made",
	"GET O", "HEAD O", "POST O", "PUT O", "DELETE O", "OPTIONS O", "PATCH O", "COPY O", "PUT C/copied X-Copy-From:c/o", "PUT C/into X-Copy-From:d/o",
	"GET O?multipart-manifest=get", "PUT O?multipart-manifest=put", "DELETE C/slo?multipart-manifest=delete", "GET O?version-id=null", "DELETE O?version-id=null",
	"GET C/link", "GET C/dlo", "GET C/missing", "DELETE C/missing", "PUT C/link2 X-Symlink-Target:d/o", "GET A/none", "GET A/none/o", "PUT A/none/o",
	"GET A/open", "HEAD A/open", "GET A/open/o", "PUT A/open/o", "GET A/listed", "GET A/listed/o", "POST A/listed/o",
	"POST A?bulk-delete", "DELETE A?bulk-delete", "PUT A?extract-archive=tar", "POST C/ form",
	"GET S", "HEAD S", "PUT S/c", "GET S/c", "PUT S/c/o", "OPTIONS S/c",
	"GET V", "GET V?version-id=ID", "HEAD V?version-id=ID", "PUT V?version-id=ID", "POST V?version-id=ID", "DELETE V?version-id=ID",
	"GET H", "HEAD H", "PUT H", "POST H", "DELETE H", "OPTIONS H", "GET H/images", "PUT H/images", "GET H/images/x", "PUT H/images/x", "DELETE H/images/x", "COPY H/images/x",
	"PUT C/copied X-Copy-From:images/x X-Copy-From-Account:.glance", "COPY O Destination-Account:.glance", "PUT H?extract-archive=tar", "GET /endpoints/v2/.glance/images",
	"GET /image/v2/images", "POST /image/v2/images", "GET /image/versions",
	"GET /identity/v3", "GET /identity/v3/users", "POST /identity/v3/users", "GET /identity/v3/auth/catalog", "GET /identity/v3/auth/tokens", "GET /identity/v3/services",
	"GET /identity/v3/users/OWNER/application_credentials", "POST /identity/v3/users/OWNER/application_credentials", "DELETE /identity/v3/users/OWNER/application_credentials/x",
	"GET /identity/v3/users/OWNER/access_rules", "GET /identity/v3/credentials", "POST /identity/v3/credentials",
	"GET /identity/v3/users/OWNER/credentials/OS-EC2", "POST /identity/v3/users/OWNER/credentials/OS-EC2", "POST /identity/v3/OS-TRUST/trusts",
}

// matrixColumns are who asks. Those before the gap hold tokens, those behind it
// temporary URLs, which are forms in the row of forms. "trust" to "ec2" are
// delegations of the owner; "narrow" is one whose access rules allow GET of O. A
// service token comes along behind a "+": that of a service, of the other user, or
// the same token again.
var matrixColumns = strings.Fields("none garbage cut expired revoked disabled other member racl wacl owner owner+svc other+svc reseller reader service" +
	" trust appcred ec2 narrow narrow+svc narrow+other narrow+self" +
	" tu-valid tu-prefix tu-expired tu-method tu-object tu-scope tu-key")

// matrixFile has the table: a heading for each kind of users, the columns, and a
// line for each row.
const matrixFile = "testdata/authmatrix.txt"

// rewrite makes the tests of golden files write what they got in place of
// comparing it: go test ./cmd/needletail -run TestAuthMatrix -rewrite.
var rewrite = flag.Bool("rewrite", false, "write the golden files anew from what the tests get")

// TestAuthMatrix asks on every route as everybody: what comes back is in the
// table, a bad token is 401 and a missing right 403.
func TestAuthMatrix(t *testing.T) {
	s := newAuthSite(t)
	var got strings.Builder
	for _, kind := range []string{"tempauth", "keystone"} {
		s.reset(kind)
		s.wantRows(kind)
		fmt.Fprintf(&got, "%-60s %s\n", kind, strings.Join(matrixColumns, " "))
		for _, row := range matrixRoutes {
			fmt.Fprintf(&got, "%-60s", row)
			cells := map[string]string{}
			for _, column := range matrixColumns {
				cells[column] = s.cell(kind, row, column)
				fmt.Fprintf(&got, " %*s", len(column), cells[column])
			}
			got.WriteString("\n")
			wantKinds(t, kind+" "+row, cells)
		}
		got.WriteString("\n")
	}
	if *rewrite {
		if err := os.WriteFile(matrixFile, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() == string(want) {
		return
	}
	lines := strings.Split(string(want), "\n")
	for i, line := range strings.Split(got.String(), "\n") {
		if i >= len(lines) || line != lines[i] {
			t.Errorf("line %d is\n%s, and not in %s", i+1, line, matrixFile)
		}
	}
}

// wantKinds holds a row to the rule, whatever the table says: who has no valid
// token or signature gets 401, or what nobody at all gets too; who has one gets
// 401 only where tokens of this kind, or any tokens, mean nothing.
func wantKinds(t *testing.T, row string, cells map[string]string) {
	t.Helper()
	meaningless := strings.HasSuffix(row, " form") || strings.HasPrefix(row, "tempauth") && (strings.Contains(row, "/image") || strings.Contains(row, "/identity"))
	for i, column := range matrixColumns {
		switch cell := cells[column]; {
		case i < slices.Index(matrixColumns, "other"), strings.HasPrefix(column, "tu-") && column != "tu-valid" && column != "tu-prefix":
			if cell != "401" && cell != "-" && cell != cells["none"] {
				t.Errorf("%s as %s: %s", row, column, cell)
			}
		case strings.HasPrefix(column, "tu-"):
		case strings.HasPrefix(column, "narrow") && (column != "narrow+svc" || strings.Contains(row, "/identity")):
			allowed := strings.HasPrefix(row, "keystone GET O") || strings.Contains(row, "GET /identity/v3/auth/tokens")
			if !allowed && cell != "401" && cell != "-" && cell != cells["none"] && cell != cells["garbage"] {
				t.Errorf("%s as %s, whose rules do not allow it: %s", row, column, cell)
			}
		case cell == "401" && !meaningless:
			t.Errorf("%s as %s, who has a token: %s", row, column, cell)
		}
	}
}

// wantRows fails for a method of Swift's paths that is served and has no row: not
// 405, nor the 412 of what is no path of Swift. /healthcheck answers any method.
func (s *authSite) wantRows(kind string) {
	s.t.Helper()
	for _, path := range []string{"/info", "/crossdomain.xml", "/endpoints/C/o", "A", "C", "O"} {
		for _, method := range strings.Fields("GET HEAD POST PUT DELETE OPTIONS PATCH COPY MOVE LINK UNLINK TRACE SEARCH REPORT MERGE LOCK UNLOCK PROPFIND MKCOL REPLICATE UPDATE SSYNC") {
			res, _ := s.ask(method, place(kind, path), "", "X-Auth-Token", s.tokens[kind+" owner"])
			if res.StatusCode != 405 && res.StatusCode != 412 && !slices.Contains(matrixRoutes, method+" "+path) {
				s.t.Errorf("%s %s is %d and has no row", method, path, res.StatusCode)
			}
			s.reset(kind)
		}
	}
}

// reset makes what the rows are about, as the owner.
func (s *authSite) reset(kind string) {
	s.t.Helper()
	s.changed = false
	a, owner, service := "/v1/"+authAccounts[kind], s.tokens[kind+" owner"], s.tokens[kind+" service"]
	project := map[string]string{"tempauth": "other", "keystone": otherProjectID}[kind]
	for _, r := range []struct {
		method, path, body string
		lines              []string
	}{
		{"POST", a, "", []string{"X-Account-Meta-Temp-Url-Key", matrixKey}},
		{"PUT", a + "/c", "", []string{"X-Container-Read", project + ":racl", "X-Container-Write", project + ":wacl"}},
		{"PUT", a + "/c/o", "body", nil},
		{"PUT", a + "/c/link", "", []string{"X-Symlink-Target", "c/o"}},
		{"PUT", a + "/c/dlo", "", []string{"X-Object-Manifest", "c/o"}},
		{"PUT", a + "/c/slo?multipart-manifest=put", `[{"path": "/c/o"}]`, nil},
		{"PUT", a + "/d", "", nil},
		{"PUT", a + "/d/o", "body", nil},
		{"PUT", a + "/open", "", []string{"X-Container-Read", ".r:*"}},
		{"PUT", a + "/open/o", "body", nil},
		{"PUT", a + "/listed", "", []string{"X-Container-Read", ".r:*,.rlistings"}},
		{"PUT", a + "/listed/o", "body", nil},
		{"PUT", a + "/v", "", []string{"X-Versions-Enabled", "true", "X-Container-Read", project + ":racl," + project + ":wacl", "X-Container-Write", project + ":wacl"}},
		{"PUT", a + "/v/o", "old", nil},
		{"PUT", a + "/v/o", "new", nil},
		{"PUT", strings.Replace(a, "AUTH_", "SERVICE_", 1) + "/c", "", []string{"X-Service-Token", service}},
	} {
		res, header := s.ask(r.method, r.path, r.body, append(r.lines, "X-Auth-Token", owner)...)
		if res.StatusCode/100 != 2 {
			text, _ := io.ReadAll(res.Body)
			s.t.Fatalf("%s %s: %d %s", r.method, r.path, res.StatusCode, text)
		}
		if r.body == "old" {
			s.version = header.Get("X-Object-Version-Id")
		}
	}
	s.ask("DELETE", a+"/made", "", "X-Auth-Token", owner)
}

// place is a row's path.
func place(kind, name string) string {
	a := "/v1/" + authAccounts[kind]
	for _, p := range []struct{ name, path string }{
		{"/endpoints/C", "/endpoints/" + authAccounts[kind] + "/c"}, {"A", a}, {"C", a + "/c"}, {"O", a + "/c/o"}, {"V", a + "/v/o"}, {"H", "/v1/.glance"}, {"S", strings.Replace(a, "AUTH_", "SERVICE_", 1)},
	} {
		rest, ok := strings.CutPrefix(name, p.name)
		if ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
			return p.path + rest
		}
	}
	return name
}

// bodies are those of the rows that need one.
func matrixBody(row string) (body, contentType string) {
	switch {
	case strings.Contains(row, "multipart-manifest=put"):
		return `[{"path": "/c/dlo"}]`, ""
	case strings.Contains(row, "bulk-delete"):
		return "c/o\n", "text/plain"
	case strings.Contains(row, "extract-archive"):
		return tarOfOne("c/extracted"), ""
	case strings.Contains(row, "POST /image"), strings.Contains(row, "POST /identity"):
		return "{}", "application/json"
	case strings.Contains(row, "version-id="):
		return "", ""
	case strings.HasPrefix(row, "PUT O"), strings.HasPrefix(row, "PUT A/open/o"):
		return "new", ""
	}
	return "", ""
}

// cell asks one row as one column and gives the status, of a bulk request that
// of its part.
func (s *authSite) cell(kind, row, column string) string {
	s.t.Helper()
	if s.changed {
		s.reset(kind)
	}
	fields := strings.Fields(row)
	method, path := fields[0], strings.NewReplacer("=ID", "="+s.version, "OWNER", s.owner).Replace(place(kind, fields[1]))
	body, contentType := matrixBody(row)
	lines := []string{"Content-Type", contentType, "Accept", "application/json"}
	for _, line := range fields[2:] {
		if name, value, ok := strings.Cut(line, ":"); ok {
			lines = append(lines, name, value)
		}
	}
	if method == "COPY" {
		lines = append(lines, "Destination", "c/copied")
	}
	url, signed := strings.CutPrefix(column, "tu-")
	switch {
	case signed && row == "POST C/ form":
		body, contentType = matrixForm(path, url)
		lines = append(lines, "Content-Type", contentType)
	case signed:
		bare, query, _ := strings.Cut(path, "?")
		path = bare + "?" + strings.TrimPrefix(query+"&"+matrixURL(kind, method, bare, url), "&")
	default:
		if row == "POST C/ form" {
			body, contentType = matrixForm(path, "expired")
			lines = append(lines, "Content-Type", contentType)
		}
		who, with, _ := strings.Cut(column, "+")
		token, known := s.tokens[kind+" "+who]
		if !known {
			return "-" // there is no such token of this kind
		}
		beside := map[string]string{"": "", "svc": s.tokens[kind+" service"], "other": s.tokens[kind+" other"], "self": token}[with]
		lines = append(lines, "X-Auth-Token", token, "X-Service-Token", beside, "X-Subject-Token", token)
	}
	res, header := s.ask(method, path, body, lines...)
	if res.StatusCode == 401 && header.Get("Www-Authenticate") == "" {
		s.t.Errorf("%s as %s %s: 401 without a challenge", row, kind, column)
	}
	s.changed = s.changed || res.StatusCode/100 == 2 && method != "GET" && method != "HEAD" && method != "OPTIONS"
	if res.StatusCode == 200 && method != "GET" && method != "HEAD" && method != "OPTIONS" && strings.Contains(row, "?") {
		return statusOfPart(res)
	}
	return fmt.Sprint(res.StatusCode)
}

var partStatus = regexp.MustCompile(`"Errors": \[\["[^"]*", "(\d+)`)

func statusOfPart(res *http.Response) string {
	text, _ := io.ReadAll(res.Body)
	if part := partStatus.FindSubmatch(text); part != nil {
		return string(part[1])
	}
	var whole struct {
		Status string `json:"Response Status"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		return err.Error()
	}
	status, _, _ := strings.Cut(whole.Status, " ")
	return status
}

// matrixURL is a temporary URL of a kind for a path.
func matrixURL(kind, method, path, url string) string {
	const future, past = "4102444800", "1000000000"
	container := "/v1/" + authAccounts[kind] + "/c/"
	switch url {
	case "prefix":
		return signedQuery(matrixKey, method, future, "prefix:"+container, "&temp_url_prefix=")
	case "expired":
		return signedQuery(matrixKey, method, past, path, "")
	case "method":
		return signedQuery(matrixKey, map[bool]string{true: "DELETE", false: "GET"}[method == "GET" || method == "HEAD"]+"X", future, path, "")
	case "object":
		return signedQuery(matrixKey, method, future, path+"x", "")
	case "scope":
		return signedQuery(matrixKey, method, future, "prefix:"+container+"zzz", "&temp_url_prefix=zzz")
	case "key":
		return signedQuery("another key", method, future, path, "")
	}
	return signedQuery(matrixKey, method, future, path, "")
}

// matrixForm is a form of a kind for a path.
func matrixForm(path, kind string) (body, contentType string) {
	expires, key, signed := "4102444800", matrixKey, path
	switch kind {
	case "expired":
		expires = "1000000000"
	case "method", "object", "scope":
		signed += "x"
	case "key":
		key = "another key"
	}
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s\n\n10\n1\n%s", signed, expires)
	for _, f := range [][2]string{{"max_file_size", "10"}, {"max_file_count", "1"}, {"expires", expires}, {"signature", hex.EncodeToString(mac.Sum(nil))}} {
		body += "--b\r\nContent-Disposition: form-data; name=\"" + f[0] + "\"\r\n\r\n" + f[1] + "\r\n"
	}
	return body + "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"posted\"\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"
}

func tarOfOne(name string) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: 1, Typeflag: tar.TypeReg})
	_, _ = w.Write([]byte("x"))
	_ = w.Close()
	return b.String()
}
