// SPDX-License-Identifier: Apache-2.0

//go:build openstack

package harness

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

// count reads how often something is done.
func count(t *testing.T, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q", variable, text)
	}
	return n
}

// stored lists what the account of the project "service" holds, as
// container/object.
func (x *topology) stored() []string {
	x.t.Helper()
	token, project := login(x.t, x.keystone, "glance-swift", "service")
	return storedIn(x.t, x.swift+"/v1/AUTH_"+project, token)
}

func storedIn(t *testing.T, account, token string) []string {
	t.Helper()
	list := func(url string) []string {
		res, body := testserver.Answer(t, "GET", url, "", "X-Auth-Token", token)
		if res.StatusCode != 200 && res.StatusCode != 204 && res.StatusCode != 404 {
			t.Fatalf("GET %s: %d %s", url, res.StatusCode, body)
		}
		if res.StatusCode == 404 {
			return nil
		}
		return strings.Fields(body)
	}
	var all []string
	for _, container := range list(account) {
		for _, object := range list(account + "/" + url.PathEscape(container)) {
			all = append(all, container+"/"+object)
		}
	}
	return all
}

// matrix is what every topology has to do.
func (x *topology) matrix() {
	x.run("openstack", "token", "issue")
	x.knownSize()
	x.chunked()
	if x.glance != nil {
		x.containerQuota()
	} else {
		x.imageQuota(x.keystone == x.swift+"/identity")
	}
	x.killedUpload()
	x.trickledUpload(count(x.t, "NEEDLETAIL_TRICKLE_SECONDS", 10))
}

// knownSize creates, shows, saves and deletes an image with `openstack`.
func (x *topology) knownSize() {
	t := x.t
	t.Helper()
	dir := t.TempDir()
	file, saved := filepath.Join(dir, "f"), filepath.Join(dir, "saved")
	randomFile(t, file, 3<<20)
	image := x.show("openstack", "image", "create", "--disk-format", "raw", "--container-format", "bare", "--file", file, "known")
	id := fmt.Sprint(image["id"])
	image = x.show("openstack", "image", "show", id)
	if image["checksum"] != fileMD5(t, file) || image["size"] != float64(3<<20) || image["status"] != "active" {
		t.Errorf("image show: checksum %v size %v status %v", image["checksum"], image["size"], image["status"])
	}
	if got := len(x.stored()); x.glance != nil && got != 1 {
		t.Errorf("an image of 3 MB is %d objects", got)
	}
	x.run("openstack", "image", "save", "--file", saved, id)
	sameFiles(t, file, saved)
	x.resumedDownload(id, file)
	x.run("openstack", "image", "delete", id)
	x.wantNothing("after delete")
}

// chunked does the same with `glance`, which does not say how long an image is.
func (x *topology) chunked() {
	t := x.t
	t.Helper()
	dir := t.TempDir()
	file, saved := filepath.Join(dir, "f"), filepath.Join(dir, "saved")
	randomFile(t, file, 12<<20)
	out := x.run("glance", "image-create", "--name", "chunked", "--disk-format", "raw", "--container-format", "bare", "--file", file)
	id := tableValue(out, "id")
	if tableValue(out, "status") != "active" || tableValue(out, "checksum") != fileMD5(t, file) {
		t.Errorf("image-create printed\n%s", out)
	}
	// Segments of 5 MB and the manifest.
	if got := x.stored(); x.glance != nil && len(got) != 4 {
		t.Errorf("an image of 12 MB in segments of 5 MB is %q", got)
	}
	x.run("glance", "image-download", "--file", saved, id)
	sameFiles(t, file, saved)
	x.resumedDownload(id, file)
	x.run("glance", "image-delete", id)
	x.wantNothing("after the delete of segments")
}

func (x *topology) wantNothing(when string) {
	x.t.Helper()
	if got := x.stored(); len(got) != 0 {
		x.t.Errorf("%s the account holds %q", when, got)
	}
}

// resumedDownload reads half of an image, breaks off and gets the rest by range.
// A real glance-api over Swift has no ranges: it answers 400.
func (x *topology) resumedDownload(id, file string) {
	t := x.t
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	token, _ := login(t, x.keystone, "admin", "admin")
	res := x.open(token, id, "")
	got := make([]byte, len(want)/2)
	if _, err := io.ReadFull(res.Body, got); err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	res = x.open(token, id, fmt.Sprintf("bytes=%d-", len(got)))
	rest, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if x.glance != nil {
		if res.StatusCode != 400 {
			t.Errorf("a range of glance-api: %d", res.StatusCode)
		}
		return
	}
	if got = append(got, rest...); err != nil || res.StatusCode != 206 || !bytes.Equal(got, want) {
		t.Errorf("resumed: %d %v, %d bytes of %d", res.StatusCode, err, len(got), len(want))
	}
}

func (x *topology) open(token, id, byteRange string) *http.Response {
	x.t.Helper()
	req, err := http.NewRequestWithContext(x.t.Context(), "GET", x.image+"/v2/images/"+id+"/file", nil)
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	if byteRange != "" {
		req.Header.Set("Range", byteRange)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		x.t.Fatal(err)
	}
	return res
}

// newImage makes a queued image over HTTP and gives its id.
func (x *topology) newImage(token, name string) string {
	x.t.Helper()
	res, body := testserver.Answer(x.t, "POST", x.image+"/v2/images", `{"name": "`+name+`", "disk_format": "raw", "container_format": "bare", "visibility": "shared"}`,
		"X-Auth-Token", token, "Content-Type", "application/json")
	var image struct{ ID string }
	if err := json.Unmarshal([]byte(body), &image); err != nil || res.StatusCode != 201 {
		x.t.Fatalf("POST images: %d %s", res.StatusCode, body)
	}
	return image.ID
}

func (x *topology) status(token, id string) string {
	x.t.Helper()
	_, body := testserver.Answer(x.t, "GET", x.image+"/v2/images/"+id, "", "X-Auth-Token", token)
	var image struct{ Status string }
	if err := json.Unmarshal([]byte(body), &image); err != nil {
		x.t.Fatalf("%v in %s", err, body)
	}
	return image.Status
}

// beginUpload sends the head of an upload; chunked if size is -1.
func (x *topology) beginUpload(token, id string, size int) net.Conn {
	x.t.Helper()
	to, err := url.Parse(x.image + "/v2/images/" + id + "/file")
	if err != nil {
		x.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", to.Host)
	if err != nil {
		x.t.Fatal(err)
	}
	length := fmt.Sprint("Content-Length: ", size)
	if size < 0 {
		length = "Transfer-Encoding: chunked"
	}
	fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: %s\r\nX-Auth-Token: %s\r\nContent-Type: application/octet-stream\r\n%s\r\n\r\n",
		to.Path, to.Host, token, length)
	return conn
}

// containerQuota: an upload over the quota of bytes of the container that the
// images are in is 413, through glance-api too. (A quota of the account does not
// bind its user, who is a reseller.)
func (x *topology) containerQuota() {
	t := x.t
	t.Helper()
	reseller, service := login(t, x.keystone, "glance-swift", "service")
	container := x.swift + "/v1/AUTH_" + service + "/glance"
	x.mustPost(container, reseller, "X-Container-Meta-Quota-Bytes", "1000000")
	token, _ := login(t, x.keystone, "admin", "admin")
	x.wantRefused(token, 413)
	x.wantNothing("after an upload over the quota")
	x.mustPost(container, reseller, "X-Container-Meta-Quota-Bytes", "")
}

// accountQuota: with a multi-tenant store the quota of the owner's account binds.
// Glance leaves the container that it made for the image.
func (x *topology) accountQuota() {
	t := x.t
	t.Helper()
	reseller, _ := login(t, x.keystone, "glance-swift", "service")
	alpha, project := login(t, x.keystone, "alpha", "alpha")
	account := x.swift + "/v1/AUTH_" + project
	x.mustPost(account, reseller, "X-Account-Meta-Quota-Bytes", "1000000")
	x.wantRefused(alpha, 413)
	x.mustPost(account, reseller, "X-Account-Meta-Quota-Bytes", "")
}

func (x *topology) mustPost(url, token, header, value string) {
	x.t.Helper()
	if res, body := testserver.Answer(x.t, "POST", url, "", "X-Auth-Token", token, header, value); res.StatusCode != 204 {
		x.t.Fatalf("POST %s: %d %s", url, res.StatusCode, body)
	}
}

// imageQuota: a project cannot upload over its image_size_total. Of needletail's
// own Keystone that is a limit there, made 13 MiB here, else it is in the
// configuration, with the same value.
func (x *topology) imageQuota(ownKeystone bool) {
	t := x.t
	t.Helper()
	token, _ := login(t, x.keystone, "admin", "admin")
	if ownKeystone {
		limit := x.show("openstack", "limit", "create", "--project", "admin", "--service", "glance", "--region", "RegionOne",
			"--resource-limit", "13", "image_size_total")
		defer x.run("openstack", "limit", "delete", fmt.Sprint(limit["id"]))
	}
	id := x.newImage(token, "first")
	if res, body := x.uploadZeros(token, id, 12<<20); res.StatusCode != 204 {
		t.Fatalf("PUT file: %d %s", res.StatusCode, body)
	}
	x.wantRefused(token, 413)
	x.run("openstack", "image", "delete", id)
	x.wantNothing("after an upload over the limit")
}

func (x *topology) uploadZeros(token, id string, sizeBytes int) (*http.Response, string) {
	x.t.Helper()
	return testserver.Answer(x.t, "PUT", x.image+"/v2/images/"+id+"/file", string(make([]byte, sizeBytes)),
		"X-Auth-Token", token, "Content-Type", "application/octet-stream")
}

// wantRefused uploads to a new image.
func (x *topology) wantRefused(token string, status int) {
	x.t.Helper()
	id := x.newImage(token, "refused")
	x.wantRefusedAt(token, id, status)
	x.run("openstack", "image", "delete", id)
}

// wantRefusedAt uploads 3 MB, which must be refused and leave the image queued.
func (x *topology) wantRefusedAt(token, id string, status int) {
	t := x.t
	t.Helper()
	if res, body := x.uploadZeros(token, id, 3<<20); res.StatusCode != status {
		t.Errorf("PUT file: %d %s, want %d", res.StatusCode, body, status)
	}
	if got := x.status(token, id); got != "queued" {
		t.Errorf("a refused image is %s", got)
	}
}

// fullDisk starts the server p again with a disk that counts as full, by start,
// and uploads through needletail's Image API and through a real glance-api, in
// one piece and in segments. The container is there already: where it cannot
// be made, glance-api answers 500 whatever Swift said.
func (c *cloud) fullDisk(t *testing.T, x *topology, p *testserver.Process, start func(config string) *testserver.Process) {
	t.Helper()
	x.imageAt(x.swift + "/image")
	token, _ := login(t, x.keystone, "admin", "admin")
	store, service := login(t, x.keystone, "glance-swift", "service")
	if res, body := testserver.Answer(t, "PUT", x.swift+"/v1/AUTH_"+service+"/glance", "", "X-Auth-Token", store); res.StatusCode/100 != 2 {
		t.Fatalf("PUT container: %d %s", res.StatusCode, body)
	}
	id := x.newImage(token, "refused") // a record is an object too
	p.Stop()
	start("[storage]\nreserve_bytes = 1000000000000000\n[swift]\nfull_disk_status = 413\n")
	x.wantRefusedAt(token, id, 413)
	x.run("openstack", "image", "delete", id)

	x.imageAt(c.glanceURL())
	glance := startGlance(t, c.db(), x.keystone, c.imagePort, false)
	x.wantRefused(token, 413)
	id = x.newImage(token, "refused in segments")
	if res, body := x.uploadZeros(token, id, 12<<20); res.StatusCode != 413 {
		t.Errorf("PUT file: %d %s", res.StatusCode, body)
	}
	x.run("openstack", "image", "delete", id)
	x.wantNothing("on a full disk")
	endDaemon(glance.cmd)
}

// killedUpload breaks uploads off half-way, of known and of unknown length. The
// image is queued again, and there is no object.
func (x *topology) killedUpload() {
	t := x.t
	t.Helper()
	token, _ := login(t, x.keystone, "admin", "admin")
	half := make([]byte, 6<<20)
	for _, size := range []int{12 << 20, -1} {
		id := x.newImage(token, "killed")
		conn := x.beginUpload(token, id, size)
		if size < 0 {
			fmt.Fprintf(conn, "%x\r\n", 12<<20)
		}
		if _, err := conn.Write(half); err != nil {
			t.Fatal(err)
		}
		until(t, "saving", func() bool { return x.status(token, id) == "saving" })
		_ = conn.Close()
		until(t, "queued", func() bool { return x.status(token, id) == "queued" })
		until(t, "no object", func() bool { return len(x.stored()) == 0 })
		x.run("openstack", "image", "delete", id)
	}
}

// trickledUpload sends an image in small pieces over some time.
func (x *topology) trickledUpload(seconds int) {
	t := x.t
	t.Helper()
	token, _ := login(t, x.keystone, "admin", "admin")
	id := x.newImage(token, "trickled")
	conn := x.beginUpload(token, id, -1)
	defer conn.Close()
	piece := make([]byte, 1000)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range seconds {
		<-tick.C
		if _, err := fmt.Fprintf(conn, "%x\r\n%s\r\n", len(piece), piece); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Fprint(conn, "0\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 204 {
		t.Fatalf("an upload of %d s: %v %v", seconds, res, err)
	}
	if status := x.status(token, id); status != "active" {
		t.Errorf("a trickled image is %s", status)
	}
	x.run("openstack", "image", "delete", id)
	x.wantNothing("after trickling")
}

// shareAndDelete: the project alpha keeps an image in its own account and shares
// it with beta, which reads it by the container's ACL; alpha deletes it.
func (x *topology) shareAndDelete(times int) {
	t := x.t
	t.Helper()
	alpha, alphaID := login(t, x.keystone, "alpha", "alpha")
	beta, betaID := login(t, x.keystone, "beta", "beta")
	start := time.Now()
	for i := range times {
		body := make([]byte, 300_000)
		_, _ = rand.Read(body) // crypto/rand.Read does not fail
		id := x.newImage(alpha, fmt.Sprint("shared", i))
		f := func(want int, token, method, path, body, contentType string) string {
			t.Helper()
			res, got := testserver.Answer(t, method, x.image+"/v2/images/"+id+path, body, "X-Auth-Token", token, "Content-Type", contentType)
			if res.StatusCode != want {
				t.Fatalf("round %d: %s %s: %d %s, want %d", i, method, path, res.StatusCode, got, want)
			}
			return got
		}
		f(204, alpha, "PUT", "/file", string(body), "application/octet-stream")
		f(404, beta, "GET", "/file", "", "")
		f(200, alpha, "POST", "/members", `{"member": "`+betaID+`"}`, "application/json")
		if got := f(200, beta, "GET", "/file", "", ""); sha256.Sum256([]byte(got)) != sha256.Sum256(body) {
			t.Fatalf("round %d: beta reads other bytes than alpha wrote", i)
		}
		f(204, alpha, "DELETE", "", "", "")
		res, left := testserver.Answer(t, "GET", x.swift+"/v1/AUTH_"+alphaID, "", "X-Auth-Token", alpha)
		if strings.TrimSpace(left) != "" || res.StatusCode >= 300 {
			t.Fatalf("round %d: after the delete, alpha's account: %d %q", i, res.StatusCode, left)
		}
	}
	t.Logf("%d images shared, read and deleted in %s", times, time.Since(start).Round(time.Millisecond))
}
