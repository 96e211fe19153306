// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"needletail/proxy/pyjson"
)

// replayer sends the requests of a trace and compares the answers.
type replayer struct {
	t    *testing.T
	addr string
	// ours maps what was recorded (tokens, the image's id) to what our server
	// gave in its place.
	ours  map[string]string
	image []byte
	// imageID and userToken are what the recorded client would ask with next.
	imageID, userToken string
}

// imageSizeBytes is the size of the image that was recorded; the trace shows
// its first bytes only.
const imageSizeBytes = 21233664

// traceImage is a body of the recorded size that begins as the recorded one. The
// rest of its header says that there are no incompatible features.
func traceImage() []byte {
	body := bytes.Repeat([]byte("needletail "), imageSizeBytes/11+1)[:imageSizeBytes]
	clear(body[:112])
	copy(body, "QFI\xfb\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x07\x00\x00\x00")
	return body
}

func TestReplayTraces(t *testing.T) {
	for _, name := range []string{"image-create-1.txt", "image-create-2.txt"} {
		t.Run(name, func(t *testing.T) {
			exchanges := readTrace(t, "testdata/traces/"+name)
			addr := startTraceSite(t)
			r := &replayer{t: t, addr: addr, ours: map[string]string{}, image: traceImage()}
			r.logInSwift(exchanges)
			for _, e := range exchanges {
				r.exchange(e)
			}
			r.checkImage()
		})
	}
}

// logInSwift gets the token with which the recorded Swift validated others: its
// own login lies before the traces.
func (r *replayer) logInSwift(exchanges []traceExchange) {
	for _, e := range exchanges {
		if e.request.from != "swift-proxy-server" {
			continue
		}
		login := `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "swift", "password": "asdf", "domain": {"id": "default"}}}}, "scope": {"project": {"name": "service", "domain": {"id": "default"}}}}}`
		res, _ := r.send("POST", "/identity/v3/auth/tokens", []traceField{
			{"Host", traceHost}, {"Content-Type", "application/json"},
			{"Content-Length", strconv.Itoa(len(login))},
		}, []byte(login))
		r.ours[e.request.get("X-Auth-Token")] = res.Header.Get("X-Subject-Token")
		return
	}
	r.t.Fatal("Swift validates no token in the trace")
}

// substitute replaces what was recorded by ours.
func (r *replayer) substitute(s string) string {
	for recorded, ours := range r.ours {
		s = strings.ReplaceAll(s, recorded, ours)
	}
	return s
}

func (r *replayer) exchange(e traceExchange) {
	r.t.Helper()
	body := r.requestBody(e)
	header := make([]traceField, 0, len(e.request.header))
	for _, f := range e.request.header {
		if !strings.HasPrefix(f.name, "X-Requestshook-") {
			header = append(header, traceField{f.name, r.substitute(f.value)})
		}
	}
	target := r.substitute(e.request.path)
	if strings.HasSuffix(target, "/auth/tokens") && e.response.status == 200 && !strings.Contains(e.response.body, `"catalog"`) {
		target += "?nocatalog" // the traces show paths without queries
	}
	res, got := r.send(e.request.method, target, header, body)
	what := fmt.Sprintf("line %d, %s %s", e.request.line, e.request.method, e.request.path)
	if res.StatusCode != e.response.status {
		r.t.Fatalf("%s: status %d, want %d: %s", what, res.StatusCode, e.response.status, got)
	}
	r.learn(e.request, e.response, res, got)
	if e.response.body != "" {
		r.compareBody(what, e.response, got)
	} else if len(got) != 0 {
		r.t.Errorf("%s: a body of %d bytes where none was recorded", what, len(got))
	}
	r.compareHeader(what, e.response, res, body)
}

func (r *replayer) requestBody(e traceExchange) []byte {
	r.t.Helper()
	length := e.request.get("Content-Length")
	switch {
	case e.request.body == "":
		return nil
	case strings.HasPrefix(e.request.body, "b'"):
		return r.image
	}
	text, err := pythonJSON(e.request.body)
	if err != nil {
		r.t.Fatal(err)
	}
	if strconv.Itoa(len(text)) != length {
		r.t.Fatalf("line %d: the request has %d bytes, Content-Length %s", e.request.line, len(text), length)
	}
	return []byte(text)
}

// send writes the request byte by byte as it was recorded: empty values too.
func (r *replayer) send(method, target string, header []traceField, body []byte) (*http.Response, []byte) {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	for _, f := range header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
	}
	b.WriteString("\r\n")
	b.Write(body)
	if _, err := c.Write(b.Bytes()); err != nil {
		r.t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatalf("%s %s: %v", method, target, err)
	}
	return res, got
}

// learn remembers what stands for a recorded token or image id from now on.
func (r *replayer) learn(request, recorded *traceMessage, res *http.Response, got []byte) {
	if token := recorded.get("X-Subject-Token"); token != "" && recorded.status == 201 {
		r.ours[token] = res.Header.Get("X-Subject-Token")
	}
	if recorded.status == 201 && strings.HasSuffix(recorded.path, "/v2/images") {
		id := regexp.MustCompile(`"id": "([0-9a-f-]{36})"`)
		r.imageID = id.FindStringSubmatch(string(got))[1]
		r.ours[id.FindStringSubmatch(recorded.body)[1]] = r.imageID
		r.userToken = r.ours[request.get("X-Auth-Token")]
	}
}

// maskedKeys are the JSON keys whose values cannot be equal, with the form
// that they must have.
var maskedKeys = map[string]*regexp.Regexp{
	"audit_ids":  regexp.MustCompile(`^[A-Za-z0-9_-]{22}$`),
	"expires_at": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$`),
	"issued_at":  regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$`),
	"created_at": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`),
	"updated_at": regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`),
}

// compareBody wants our bytes to be the recorded ones but for masked values and
// the order of roles, which the recorded Keystone did not keep itself.
func (r *replayer) compareBody(what string, recorded *traceMessage, got []byte) {
	r.t.Helper()
	want, err := parseOrdered(r.substitute(recorded.body))
	if err != nil {
		r.t.Fatal(err)
	}
	ours, err := parseOrdered(string(got))
	if err != nil {
		r.t.Fatalf("%s: %v in %q", what, err, got)
	}
	if !bytes.Equal(pyjson.Marshal(ours), got) {
		r.t.Errorf("%s: the body is not written as Python writes it: %s", what, got)
	}
	masked := pyjson.Marshal(mask(ours, want, ""))
	if !bytes.Equal(masked, pyjson.Marshal(want)) {
		r.t.Errorf("%s: %s", what, firstDifference(masked, pyjson.Marshal(want)))
	}
	if strconv.Itoa(len(got)) != recorded.get("Content-Length") {
		r.t.Errorf("%s: %d bytes, %s were recorded", what, len(got), recorded.get("Content-Length"))
	}
}

// firstDifference shows where two texts part.
func firstDifference(got, want []byte) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	around := func(b []byte) []byte { return b[max(0, min(i-60, len(b))):min(i+60, len(b))] }
	return fmt.Sprintf("at byte %d got …%s… want …%s…", i, around(got), around(want))
}

// mask gives ours with recorded values where they need not be equal.
func mask(ours, want any, key string) any {
	switch w := want.(type) {
	case pyjson.Object:
		o, ok := ours.(pyjson.Object)
		if !ok {
			return ours
		}
		o = slices.Clone(o)
		for i := range o {
			o[i].Value = mask(o[i].Value, w.Get(o[i].Key), o[i].Key)
		}
		return o
	case pyjson.Array:
		o, ok := ours.(pyjson.Array)
		if !ok || len(o) != len(w) {
			return ours
		}
		if key == "roles" {
			o = inOrderOf(o, w)
		}
		o = slices.Clone(o)
		for i := range o {
			o[i] = mask(o[i], w[i], key)
		}
		return o
	case string:
		if form := maskedKeys[key]; form != nil {
			if s, ok := ours.(string); ok && form.MatchString(s) {
				return w
			}
		}
	}
	return ours
}

func inOrderOf(roles, order pyjson.Array) pyjson.Array {
	position := func(role any) int {
		return slices.IndexFunc(order, func(o any) bool {
			return o.(pyjson.Object).Get("id") == role.(pyjson.Object).Get("id")
		})
	}
	sorted := slices.Clone(roles)
	slices.SortStableFunc(sorted, func(a, b any) int { return position(a) - position(b) })
	return sorted
}

// maskedHeaders cannot have the recorded value, but must have this form.
var maskedHeaders = map[string]*regexp.Regexp{
	"X-Subject-Token":          regexp.MustCompile(`^[A-Za-z0-9_-]{162}$|^[A-Za-z0-9_-]{183}$`),
	"X-Openstack-Request-Id":   regexp.MustCompile(`^req-[0-9a-f-]{36}$`),
	"X-Container-Object-Count": regexp.MustCompile(`^\d+$`),
	"X-Container-Bytes-Used":   regexp.MustCompile(`^\d+$`),
	"X-Timestamp":              regexp.MustCompile(`^\d{10}\.\d{5}$`),
	"Last-Modified":            regexp.MustCompile(`^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$`),
}

func (r *replayer) compareHeader(what string, recorded *traceMessage, res *http.Response, sent []byte) {
	r.t.Helper()
	for _, f := range recorded.header {
		if strings.HasPrefix(f.name, "X-Backend-") || strings.HasPrefix(f.name, "X-Requestshook-") {
			continue
		}
		values := res.Header.Values(f.name)
		if f.name == "Content-Length" && len(values) == 0 {
			values = []string{strconv.FormatInt(res.ContentLength, 10)}
		}
		if len(values) != 1 {
			r.t.Errorf("%s: header %s came %d times", what, f.name, len(values))
			continue
		}
		want := r.substitute(f.value)
		if f.name == "Etag" {
			sum := md5.Sum(sent)
			want = hex.EncodeToString(sum[:])
		}
		if form := maskedHeaders[http.CanonicalHeaderKey(f.name)]; form != nil {
			if !form.MatchString(values[0]) {
				r.t.Errorf("%s: header %s is %q", what, f.name, values[0])
			}
		} else if values[0] != want {
			r.t.Errorf("%s: header %s is %q, want %q", what, f.name, values[0], want)
		}
	}
}

// checkImage asks for the image after the last request: it must be active, with
// the MD5 that Swift gave as ETag.
func (r *replayer) checkImage() {
	r.t.Helper()
	res, body := r.send("GET", "/v2/images/"+r.imageID, []traceField{{"Host", traceHost}, {"X-Auth-Token", r.userToken}}, nil)
	sum := md5.Sum(r.image)
	for _, want := range []string{
		`"status": "active"`, `"size": 21233664`, `"virtual_size": 117440512`,
		`"checksum": "` + hex.EncodeToString(sum[:]) + `"`, `"os_hash_algo": "sha512"`,
	} {
		if !strings.Contains(string(body), want) {
			r.t.Errorf("after the replay (status %d) the image lacks %s: %s", res.StatusCode, want, body)
		}
	}
}
