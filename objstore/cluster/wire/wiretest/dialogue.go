// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"

	"needletail/objstore/cluster/wire"
)

// dialogue is a request and its answers.
type dialogue struct {
	server *Server
	nc     net.Conn
	in     *bufio.Reader
	record *recorder
	req    *Request
}

var errEnded = errors.New("the connection ended")

// run serves a request; false ends the connection.
func (d *dialogue) run(connection, turn int) bool {
	d.record.raw = d.record.raw[:0]
	if err := d.readHead(); err != nil {
		return false
	}
	d.req.Connection, d.req.Turn = connection, turn
	a, err := d.talk()
	d.req.Raw = bytes.Clone(d.record.raw)
	d.server.note(d.req)
	if err != nil {
		return false
	}
	return d.say(a) && d.req.Header.Get("Connection") != "close"
}

// talk runs the dialogue up to the final answer.
func (d *dialogue) talk() (*Answer, error) {
	h, r := &d.server.handler, d.req
	if strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		if h.Expect != nil {
			if a := h.Expect(r); a != nil {
				a.Close = !a.KeepOpen
				return a, nil
			}
		}
		if err := d.sayContinue(); err != nil {
			return nil, err
		}
	}
	boundary := r.Header.Get("X-Backend-Obj-Multipart-Mime-Boundary")
	raw, early, err := d.readBody()
	if err != nil || early != nil {
		return early, err
	}
	r.Body = raw
	if boundary != "" {
		if err := r.splitDocuments(raw, boundary); err != nil {
			return &Answer{Status: 400, Body: []byte(err.Error()), Close: true}, nil
		}
	}
	if r.Header.Get("X-Backend-Obj-Multiphase-Commit") != "" {
		if a, err := d.phaseTwo(boundary); a != nil || err != nil {
			return a, err
		}
	}
	if h.Final != nil {
		return h.Final(r), nil
	}
	if r.Method == "PUT" {
		return &Answer{Status: 201}, nil
	}
	return &Answer{}, nil
}

func (d *dialogue) phaseTwo(boundary string) (*Answer, error) {
	h, r := &d.server.handler, d.req
	if h.Stored != nil {
		if a := h.Stored(r); a != nil {
			return a, nil
		}
	}
	if err := d.sayContinue(); err != nil {
		return nil, err
	}
	raw, early, err := d.readBody()
	if err != nil || early != nil {
		return early, err
	}
	want := "X-Document: put commit\r\n\r\nput_commit_confirmation\r\n--" + boundary + "--"
	if string(raw) != want {
		return &Answer{Status: 500, Body: fmt.Appendf(nil, "commit document %q", raw), Close: true}, nil
	}
	r.Committed = true
	return nil, nil
}

func (d *dialogue) sayContinue() error {
	h, r := &d.server.handler, d.req
	text := "HTTP/1.1 100 Continue\r\n"
	if !h.PlainContinue {
		if r.Header.Get("X-Backend-Obj-Multiphase-Commit") != "" {
			text += "X-Obj-Multiphase-Commit: yes\r\n"
		}
		if r.Header.Get("X-Backend-Obj-Metadata-Footer") != "" {
			text += "X-Obj-Metadata-Footer: yes\r\n"
		}
	}
	for _, f := range h.Continue {
		text += f.Name + ": " + f.Value + "\r\n"
	}
	_, err := io.WriteString(d.nc, text+"\r\n")
	return err
}

func (d *dialogue) readHead() error {
	line, err := d.line()
	if err != nil {
		return err
	}
	words := strings.Split(line, " ")
	if len(words) != 3 || words[2] != "HTTP/1.1" {
		return fmt.Errorf("request line %q", line)
	}
	path, query, _ := strings.Cut(words[1], "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return err
	}
	d.req = &Request{Method: words[0], RawPath: words[1], Path: decoded, Query: query}
	for {
		line, err := d.line()
		if err != nil || line == "" {
			return err
		}
		name, value, ok := strings.Cut(line, ": ")
		if !ok {
			return fmt.Errorf("header line %q", line)
		}
		d.req.Header.Add(name, value)
	}
}

func (d *dialogue) line() (string, error) {
	line, err := d.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	if !strings.HasSuffix(line, "\r\n") {
		return "", fmt.Errorf("line %q", line)
	}
	return line[:len(line)-2], nil
}

// readBody reads a body, or gives the answer of MidBody.
func (d *dialogue) readBody() ([]byte, *Answer, error) {
	var all []byte
	add := func(n int64) (*Answer, error) {
		piece := make([]byte, n)
		if _, err := io.ReadFull(d.in, piece); err != nil {
			return nil, err
		}
		all = append(all, piece...)
		if d.server.handler.MidBody == nil {
			return nil, nil
		}
		a := d.server.handler.MidBody(d.req, len(all))
		if a != nil {
			a.Close = !a.KeepOpen
		}
		return a, nil
	}
	if d.req.Header.Get("Transfer-Encoding") != "chunked" {
		n, err := strconv.ParseInt("0"+d.req.Header.Get("Content-Length"), 10, 64)
		if err != nil {
			return nil, nil, err
		}
		a, err := add(n)
		return all, a, err
	}
	for {
		line, err := d.line()
		if err != nil {
			return nil, nil, err
		}
		n, err := strconv.ParseInt(line, 16, 64)
		if err != nil {
			return nil, nil, err
		}
		if n > 0 {
			if a, err := add(n); a != nil || err != nil {
				return nil, a, err
			}
		}
		if end, err := d.line(); err != nil || end != "" {
			return nil, nil, errors.Join(err, errEnded)
		}
		if n == 0 {
			return all, nil, nil
		}
	}
}

// splitDocuments takes a MIME body apart.
func (r *Request) splitDocuments(raw []byte, boundary string) error {
	text, ok := strings.CutPrefix(string(raw), "--"+boundary+"\r\nX-Document: object body\r\n\r\n")
	if !ok {
		return fmt.Errorf("body document %.120q", raw)
	}
	at := strings.LastIndex(text, "\r\n--"+boundary+"\r\nX-Document: object metadata\r\n")
	if at < 0 {
		return errors.New("no metadata document")
	}
	r.Body = []byte(text[:at])
	_, text, _ = strings.Cut(text[at:], "Content-MD5: ")
	sum, text, _ := strings.Cut(text, "\r\n\r\n")
	document, end, ok := strings.Cut(text, "\r\n--"+boundary)
	wantEnd := "--\r\n"
	if r.Header.Get("X-Backend-Obj-Multiphase-Commit") != "" {
		wantEnd = "\r\n"
	}
	if !ok || end != wantEnd {
		return fmt.Errorf("end of the metadata document %q", end)
	}
	if md := md5.Sum([]byte(document)); hex.EncodeToString(md[:]) != sum {
		return errors.New("the footer's MD5 differs")
	}
	return json.Unmarshal([]byte(document), &r.Footer)
}

// say gives the final answer; false ends the connection.
func (d *dialogue) say(a *Answer) bool {
	switch {
	case a.Hang:
		_, _ = io.Copy(io.Discard, d.in)
		return false
	case a.Break:
		return false
	case a.Raw != "":
		_, err := io.WriteString(d.nc, a.Raw)
		return err == nil && !a.Close
	}
	_, err := d.nc.Write(a.bytes(d.req))
	return err == nil && !a.Close && !a.Cut
}

func (a *Answer) bytes(r *Request) []byte {
	status, reason := a.Status, a.Reason
	if status == 0 {
		status = 200
	}
	if reason == "" {
		reason = "Reason " + strconv.Itoa(status)
	}
	b := fmt.Appendf(nil, "HTTP/1.1 %d %s\r\n", status, reason)
	header := append(wire.Header{}, a.Header...)
	body := a.Body
	if a.Chunked {
		header.Add("Transfer-Encoding", "chunked")
		body = chunks(body)
	} else if _, ok := header.Lookup("Content-Length"); !ok {
		header.Add("Content-Length", strconv.Itoa(len(body)))
	}
	for _, f := range header {
		b = fmt.Appendf(b, "%s: %s\r\n", f.Name, f.Value)
	}
	b = append(b, "\r\n"...)
	switch {
	case r.Method == "HEAD" || status == 204 || status == 304:
	case a.Cut:
		b = append(b, body[:min(a.CutAfter, len(body))]...)
	default:
		b = append(b, body...)
	}
	return b
}

// chunks frames a body in chunks of at most 1000 bytes.
func chunks(body []byte) []byte {
	var b []byte
	for len(body) > 0 {
		n := min(len(body), 1000)
		b = fmt.Appendf(b, "%x\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	return append(b, "0\r\n\r\n"...)
}
