// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"needletail/proxy/pyjson"
)

// testdata/traces holds two recorded runs of `openstack image create` between
// the client, Keystone, glance-api and Swift. A trace is a text with one section
// per message: "### METHOD path" or "### STATUS reason path", the two ends with
// an arrow, the header lines and the body.

// traceMessage is one recorded request or response.
type traceMessage struct {
	from, to string // "openstack", "keystone", "glance-api", "swift-proxy-server"
	line     int    // of the section, for messages
	method   string // of a request
	path     string
	status   int // of a response
	header   []traceField
	body     string // "" for none
}

type traceField struct{ name, value string }

func (m *traceMessage) get(name string) string {
	for _, f := range m.header {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// traceExchange is a request with its response.
type traceExchange struct{ request, response *traceMessage }

var traceEnds = regexp.MustCompile("^`([a-z-]+)` (-->|<--) `([a-z-]+)`$")

// readTrace gives the exchanges of a trace in the order of their requests; a
// response belongs to the request with the same X-Requestshook-Request-Id.
func readTrace(t *testing.T, path string) []traceExchange {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var exchanges []traceExchange
	byID := map[string]int{}
	for _, m := range parseTrace(t, file) {
		id := m.get("X-Requestshook-Request-Id")
		if m.method != "" {
			byID[id] = len(exchanges)
			exchanges = append(exchanges, traceExchange{request: m})
			continue
		}
		i, ok := byID[id]
		if !ok || exchanges[i].response != nil {
			t.Fatalf("%s:%d: a response to no request", path, m.line)
		}
		exchanges[i].response = m
	}
	for _, e := range exchanges {
		if e.response == nil {
			t.Fatalf("%s:%d: a request without response", path, e.request.line)
		}
	}
	return exchanges
}

func parseTrace(t *testing.T, r io.Reader) []*traceMessage {
	t.Helper()
	var messages []*traceMessage
	var cur *traceMessage
	section, fenced := "", false
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "### "):
			cur = newTraceMessage(t, n, strings.Fields(line[4:]))
			messages = append(messages, cur)
		case traceEnds.MatchString(line):
			ends := traceEnds.FindStringSubmatch(line)
			cur.from, cur.to = ends[1], ends[3]
		case strings.HasPrefix(line, "=== "):
			section = strings.Trim(line[4:], `"`)
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			fenced = !fenced
		case fenced && section == "Header":
			name, value, _ := strings.Cut(strings.TrimPrefix(line, "    "), ":")
			cur.header = append(cur.header, traceField{name, strings.TrimPrefix(value, " ")})
		case fenced && section == "Body":
			cur.body += strings.TrimPrefix(line, "    ") + "\n"
		}
	}
	for _, m := range messages {
		if strings.TrimSpace(m.body) == "none" {
			m.body = ""
		}
	}
	return messages
}

func newTraceMessage(t *testing.T, line int, words []string) *traceMessage {
	t.Helper()
	m := &traceMessage{line: line, path: words[len(words)-1]}
	if status, err := strconv.Atoi(words[0]); err == nil {
		m.status = status
	} else if len(words) == 2 {
		m.method = words[0]
	} else {
		t.Fatalf("line %d: neither a request nor a response: %q", line, words)
	}
	return m
}

// pythonJSON re-encodes JSON as Python's json.dumps writes it, which is how the
// recorded bodies were sent: the trace shows them indented.
func pythonJSON(text string) (string, error) {
	v, err := parseOrdered(text)
	if err != nil {
		return "", err
	}
	return string(pyjson.Marshal(v)), nil
}

// parseOrdered decodes JSON and keeps the order of keys.
func parseOrdered(text string) (any, error) {
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.UseNumber()
	v, err := decodeOrdered(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more than one JSON value")
	}
	return v, nil
}

func decodeOrdered(dec *json.Decoder) (any, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '{' {
			return decodeObject(dec)
		}
		return decodeArray(dec)
	case json.Number:
		return tok.Int64()
	}
	return tok, nil
}

func decodeObject(dec *json.Decoder) (any, error) {
	o := pyjson.Object{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := decodeOrdered(dec)
		if err != nil {
			return nil, err
		}
		o = append(o, pyjson.Member{Key: key.(string), Value: v})
	}
	_, err := dec.Token()
	return o, err
}

func decodeArray(dec *json.Decoder) (any, error) {
	a := pyjson.Array{}
	for dec.More() {
		v, err := decodeOrdered(dec)
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	_, err := dec.Token()
	return a, err
}

// The recorded Content-Lengths prove that the parser gives back the bytes that
// were sent.
func TestTracesAreReadExactly(t *testing.T) {
	for name, want := range map[string]int{"image-create-1.txt": 16, "image-create-2.txt": 11} {
		exchanges := readTrace(t, "testdata/traces/"+name)
		if len(exchanges) != want {
			t.Errorf("%s has %d exchanges, want %d", name, len(exchanges), want)
		}
		for _, e := range exchanges {
			if e.response.body == "" || e.response.get("Content-Length") == "" {
				continue
			}
			text, err := pythonJSON(e.response.body)
			if err != nil {
				t.Fatal(err)
			}
			if strconv.Itoa(len(text)) != e.response.get("Content-Length") {
				t.Errorf("%s:%d: %d bytes, Content-Length %s", name, e.response.line, len(text), e.response.get("Content-Length"))
			}
		}
	}
}
