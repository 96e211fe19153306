// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// stepTimeout bounds the wait for an answer.
const stepTimeout = 60 * time.Second

// lastVersion in a step's path stands for the last version that the server named.
const lastVersion = "{version}"

// target is a server, with the tokens of the users who logged in.
type target struct {
	addr   string
	tokens map[string]string // by user name
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	// version is the last X-Object-Version-Id, "null" aside.
	version string
}

func newTarget(addr string) *target {
	return &target{addr: addr, tokens: map[string]string{}, dial: new(net.Dialer).DialContext}
}

// answer is the response to a step.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// send writes a step to a new connection, byte by byte as the step stands, and reads
// the answer.
func (t *target) send(s step) (*answer, error) {
	token := ""
	if s.user != anonymous {
		var err error
		if token, err = t.token(s.user); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", s.method, strings.ReplaceAll(s.path, lastVersion, t.version), "oracle.example")
	if token != "" {
		fmt.Fprintf(&b, "X-Auth-Token: %s\r\n", token)
	}
	for _, line := range s.header {
		b.WriteString(line + "\r\n")
	}
	if !s.noLength && (s.body != "" || s.method == "PUT" || s.method == "POST") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(s.body))
	}
	b.WriteString("\r\n" + s.body)
	a, err := t.exchange(s.method, b.Bytes())
	if err == nil {
		if id := a.header.Get("X-Object-Version-Id"); id != "" && id != "null" {
			t.version = id
		}
	}
	return a, err
}

func (t *target) exchange(method string, raw []byte) (*answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	c, err := t.dial(ctx, "tcp", t.addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(stepTimeout)); err != nil {
		return nil, err
	}
	// A server may answer before the whole request is read, and stop reading.
	written := make(chan error, 1)
	go func() {
		_, err := c.Write(raw)
		written <- err
	}()
	res, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		_ = c.Close()
		return nil, errors.Join(err, <-written)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	return &answer{res.StatusCode, res.Header, body}, nil
}

func (t *target) token(name string) (string, error) {
	if token, ok := t.tokens[name]; ok {
		return token, nil
	}
	for _, u := range scriptUsers {
		if u.name != name {
			continue
		}
		raw := fmt.Sprintf("GET /auth/v1.0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Auth-User: %s:%s\r\nX-Auth-Key: %s\r\n\r\n", u.account, u.name, u.key)
		a, err := t.exchange("GET", []byte(raw))
		if err != nil {
			return "", err
		}
		token := a.header.Get("X-Auth-Token")
		if token == "" {
			return "", fmt.Errorf("%s: login of %s: status %d", t.addr, name, a.status)
		}
		t.tokens[name] = strings.TrimSpace(token)
		return t.tokens[name], nil
	}
	return "", fmt.Errorf("no user %q", name)
}
