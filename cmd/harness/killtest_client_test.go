// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	killTestUser        = "test:tester"
	killTestKey         = "testing"
	killVersionHeader   = "X-Object-Meta-Version"
	killPostedHeader    = "X-Object-Meta-Posted"
	killRequestDeadline = 60 * time.Second
)

// killClient speaks Swift to one run of the server.
type killClient struct {
	http    *http.Client
	account string // URL of the account
	token   string
}

// newKillClient logs in. The storage URL's host is not used: the server's port
// changes with each start. A nil dial is the net package's.
func newKillClient(server string, dial func(ctx context.Context, network, addr string) (net.Conn, error)) (*killClient, error) {
	c := &killClient{http: &http.Client{
		Timeout:   killRequestDeadline,
		Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16, DisableCompression: true},
	}}
	req, err := http.NewRequest("GET", server+"/auth/v1.0", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Auth-User", killTestUser)
	req.Header.Set("X-Auth-Key", killTestKey)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	resp.Body.Close()
	storage, err := url.Parse(resp.Header.Get("X-Storage-Url"))
	if err != nil || resp.StatusCode/100 != 2 || storage.Path == "" {
		return nil, fmt.Errorf("log in: status %d, storage URL %q, %w", resp.StatusCode, resp.Header.Get("X-Storage-Url"), err)
	}
	c.account, c.token = server+storage.Path, resp.Header.Get("X-Auth-Token")
	return c, nil
}

// killAnswer is a response whose body was read to its end.
type killAnswer struct {
	status int
	header http.Header
	body   []byte
}

// do sends one request. An error means that there is no whole answer.
func (c *killClient) do(ctx context.Context, method, path string, header http.Header, body io.Reader) (killAnswer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.account+path, body)
	if err != nil {
		return killAnswer{}, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("X-Auth-Token", c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		return killAnswer{}, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return killAnswer{resp.StatusCode, resp.Header, got}, err
}

func (k *killKey) path() string { return "/" + k.container + "/" + url.PathEscape(k.object) }

// killHeader is the metadata that tells a state from others.
func killHeader(s killState) http.Header {
	h := http.Header{"Content-Type": {"application/x-kill"}}
	h.Set(killVersionHeader, strconv.Itoa(s.version))
	h.Set(killPostedHeader, strconv.Itoa(s.posted))
	return h
}

// put uploads a version: with or without a length, with or without its MD5.
func (c *killClient) put(ctx context.Context, k *killKey, s killState, body []byte, chunked, etag bool) (killAnswer, error) {
	header := killHeader(s)
	if etag {
		header.Set("Etag", md5Hex(body))
	}
	var r io.Reader = bytes.NewReader(body)
	if chunked {
		r = struct{ io.Reader }{r} // hides the length from net/http
	}
	return c.do(ctx, "PUT", k.path(), header, r)
}

// killWrong is an answer that is whole, but not what it must be.
type killWrong struct{ text string }

func (e *killWrong) Error() string { return e.text }

func wrongf(format string, args ...any) error { return &killWrong{fmt.Sprintf(format, args...)} }

// get reads what the server has of a key, and checks it against its own
// headers; a *killWrong says what is wrong with it.
func (c *killClient) get(ctx context.Context, seed uint64, k *killKey) (killState, error) {
	a, err := c.do(ctx, "GET", k.path(), nil, nil)
	if err != nil {
		return killState{}, err
	}
	if a.status == http.StatusNotFound {
		return killState{}, nil
	}
	if a.status != http.StatusOK {
		return killState{}, wrongf("GET %s: status %d", k.path(), a.status)
	}
	s := killState{sizeBytes: int64(len(a.body))}
	if s.version, err = strconv.Atoi(a.header.Get(killVersionHeader)); err != nil || s.version < 1 {
		return s, wrongf("GET %s: version %q", k.path(), a.header.Get(killVersionHeader))
	}
	if s.posted, err = strconv.Atoi(a.header.Get(killPostedHeader)); err != nil {
		return s, wrongf("GET %s: post %q", k.path(), a.header.Get(killPostedHeader))
	}
	if !bytes.Equal(a.body, killBody(seed, k, s)) {
		return s, wrongf("GET %s: the body is not that of %v", k.path(), s)
	}
	if etag := strings.Trim(a.header.Get("Etag"), `"`); etag != md5Hex(a.body) {
		return s, wrongf("GET %s: Etag %s, but the body's MD5 is %s", k.path(), etag, md5Hex(a.body))
	}
	return s, nil
}
