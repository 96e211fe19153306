// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package swiftcluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Client sends the requests of a test to the proxies of a cluster, with a user's
// token. No connection outlives a request: tests count processes and stop servers.
type Client struct {
	http  *http.Client
	token string
}

// Answer is an answer of a proxy, read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Login returns a client with the token that the proxy at an address gives to a user
// of TempAuth. The token is valid at the other proxy too.
func (c *Cluster) Login(ctx context.Context, addr, user, key string) (*Client, error) {
	k := &Client{http: &http.Client{Transport: &http.Transport{DialContext: c.Dial, DisableKeepAlives: true}}}
	got, err := k.Do(ctx, addr, "GET", "/auth/v1.0", nil, "X-Auth-User", user, "X-Auth-Key", key)
	if err != nil {
		return nil, err
	}
	if k.token = got.Header.Get("X-Auth-Token"); k.token == "" {
		return nil, fmt.Errorf("login of %s at %s: status %d", user, addr, got.Status)
	}
	return k, nil
}

// Do sends a request to the proxy at an address. Names and values of headers take
// turns.
func (k *Client) Do(ctx context.Context, addr, method, path string, body []byte, headers ...string) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+addr+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if k.token != "" {
		req.Header.Set("X-Auth-Token", k.token)
	}
	for ; len(headers) > 1; headers = headers[2:] {
		req.Header.Set(headers[0], headers[1])
	}
	res, err := k.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s at %s: body: %w", method, path, addr, err)
	}
	return &Answer{Status: res.StatusCode, Header: res.Header, Body: text}, nil
}
