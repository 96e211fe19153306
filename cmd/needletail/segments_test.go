// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

// swiftClient is a user of TempAuth at a running server.
type swiftClient struct {
	t          *testing.T
	url, token string // of the account
}

func newSwiftClient(t *testing.T) *swiftClient {
	t.Helper()
	p := testserver.Start(t, t.TempDir()+"/data", "--tempauth-user", "seg:user=key,.admin")
	c := &swiftClient{t: t, url: p.URL}
	req, err := http.NewRequest("GET", p.URL+"/auth/v1.0", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-User", "seg:user")
	req.Header.Set("X-Auth-Key", "key")
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatalf("login: %v %v", res, err)
	}
	res.Body.Close()
	c.url, c.token = res.Header.Get("X-Storage-Url"), res.Header.Get("X-Auth-Token")
	return c
}

func (c *swiftClient) do(want int, method, path, body string, header ...string) []byte {
	c.t.Helper()
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", c.token)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		c.t.Fatalf("%s %s: status %d, want %d: %v %s", method, path, res.StatusCode, want, err, got)
	}
	return got
}

// A container whose segments were deleted a moment ago can be deleted: listing
// and objects cannot disagree.
func TestContainerGoesWithItsSegments(t *testing.T) {
	c := newSwiftClient(t)
	for range 1000 {
		c.do(201, "PUT", "/image", "")
		for n := range 3 {
			c.do(201, "PUT", fmt.Sprint("/image/seg-", n), "segment")
		}
		for n := range 3 {
			c.do(204, "DELETE", fmt.Sprint("/image/seg-", n), "")
		}
		c.do(204, "DELETE", "/image", "")
	}
}

// A thousand segments read as one object, whole and in part, static and dynamic.
func TestThousandSegments(t *testing.T) {
	c := newSwiftClient(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	c.do(201, "PUT", "/segments", "")
	var whole bytes.Buffer
	var manifest []string
	for n := range 1000 {
		segment := make([]byte, 1+rng.IntN(3000))
		for i := range segment {
			segment[i] = byte(rng.Uint32())
		}
		whole.Write(segment)
		path := fmt.Sprintf("/segments/%04d", n)
		c.do(201, "PUT", path, string(segment))
		manifest = append(manifest, fmt.Sprintf(`{"path": %q, "size_bytes": %d}`, path, len(segment)))
	}
	c.do(201, "PUT", "/large", "")
	c.do(201, "PUT", "/large/slo?multipart-manifest=put", "["+strings.Join(manifest, ",")+"]")
	c.do(201, "PUT", "/large/dlo", "", "X-Object-Manifest", "segments/0")
	for _, path := range []string{"/large/slo", "/large/dlo"} {
		if !bytes.Equal(c.do(200, "GET", path, ""), whole.Bytes()) {
			t.Errorf("%s read whole is not its segments", path)
		}
		for range 500 {
			from := rng.IntN(whole.Len())
			to := from + rng.IntN(min(50_000, whole.Len()-from))
			got := c.do(206, "GET", path, "", "Range", fmt.Sprintf("bytes=%d-%d", from, to))
			if !bytes.Equal(got, whole.Bytes()[from:to+1]) {
				t.Fatalf("%s bytes %d to %d differ", path, from, to)
			}
		}
	}
}
