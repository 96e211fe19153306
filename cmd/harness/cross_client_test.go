// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"needletail/cmd/harness/swiftcluster"
)

const (
	// crossRequestTimeout bounds a request with its whole body on a busy machine.
	crossRequestTimeout = 3 * time.Minute
	// crossKeptBytes is as much of a body as an answer keeps; a digest is of all.
	crossKeptBytes = 4 << 20
)

// crossProxy is a client of one of the two proxies, with the tester's token.
type crossProxy struct {
	name, addr string
	http       *http.Client
	token      string
	requests   atomic.Int64
}

// crossAnswer is an answer of a proxy.
type crossAnswer struct {
	status int
	header http.Header
	body   []byte // the beginning, of crossKeptBytes at most
	size   int64
	md5    string
}

func (a *crossAnswer) String() string {
	return fmt.Sprintf("%d %q", a.status, a.body[:min(len(a.body), 200)])
}

func newCrossProxy(c *swiftcluster.Cluster, name, addr string) *crossProxy {
	return &crossProxy{name: name, addr: addr, http: &http.Client{
		Transport: &http.Transport{
			DialContext: c.Dial, DisableCompression: true, MaxIdleConnsPerHost: crossWorkers,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// login takes a token.
func (p *crossProxy) login(ctx context.Context) error {
	got, err := p.send(ctx, "GET", "/auth/v1.0", nil, crossHeaders{"X-Auth-User": "test:tester", "X-Auth-Key": "testing"})
	if err != nil {
		return err
	}
	if p.token = got.header.Get("X-Auth-Token"); p.token == "" {
		return fmt.Errorf("%s gives no token: %s", p.name, got)
	}
	return nil
}

// crossHeaders are headers of a request.
type crossHeaders map[string]string

// crossBody is the body of a request; chunked hides the length.
type crossBody struct {
	bytes   []byte
	chunked bool
}

// do sends a request for a path below the account: crossPath makes paths.
func (p *crossProxy) do(ctx context.Context, method, path string, body *crossBody, h crossHeaders) (*crossAnswer, error) {
	return p.send(ctx, method, crossAccount+path, body, h)
}

const crossAccount = "/v1/AUTH_test"

func (p *crossProxy) send(ctx context.Context, method, target string, body *crossBody, h crossHeaders) (*crossAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, crossRequestTimeout)
	defer cancel()
	p.requests.Add(1)
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body.bytes)
		if body.chunked {
			reader = struct{ io.Reader }{reader}
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+p.addr, reader)
	if err != nil {
		return nil, err
	}
	// Opaque goes out as the target is: no client's cleaning of paths.
	path, query, _ := strings.Cut(target, "?")
	req.URL = &url.URL{Scheme: "http", Host: p.addr, Opaque: path, RawQuery: query}
	if p.token != "" {
		req.Header.Set("X-Auth-Token", p.token)
	}
	for name, value := range h {
		req.Header.Set(name, value)
	}
	res, err := p.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	defer res.Body.Close()
	got := &crossAnswer{status: res.StatusCode, header: res.Header}
	digest, kept := md5.New(), &bytes.Buffer{}
	first, err := io.Copy(io.MultiWriter(digest, kept), io.LimitReader(res.Body, crossKeptBytes))
	rest := int64(0)
	if err == nil {
		rest, err = io.Copy(digest, res.Body)
	}
	got.body, got.size, got.md5 = kept.Bytes(), first+rest, hex.EncodeToString(digest.Sum(nil))
	if err != nil {
		return got, fmt.Errorf("%s: body of %d after %d bytes: %w", p.name, got.status, got.size, err)
	}
	return got, nil
}

// want is do, and an error for another status.
func (p *crossProxy) want(ctx context.Context, status int, method, path string, body *crossBody, h crossHeaders) (*crossAnswer, error) {
	got, err := p.do(ctx, method, path, body, h)
	if err == nil && got.status != status {
		err = fmt.Errorf("%s: %s %s: want %d, got %s", p.name, method, path, status, got)
	}
	return got, err
}

// crossPath is the path of a container or an object below the account.
func crossPath(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteByte('/')
		b.WriteString(crossQuote(name))
	}
	return b.String()
}

// crossQuote keeps slashes, and writes each byte but those of RFC 3986's unreserved
// characters as %XX.
func crossQuote(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// crossSum is the MD5 of bytes, in hex.
func crossSum(data []byte) string {
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:])
}
