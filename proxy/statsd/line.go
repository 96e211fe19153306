// SPDX-License-Identifier: Apache-2.0

package statsd

import (
	"strconv"
	"time"
)

// Request is an answered request.
type Request struct {
	Type   string // "account", "container" or "object"
	Method string
	// Status is the status of the access line, Sent is the status in the answer.
	Status, Sent int
	// Policy is the index of an object's policy, decimal. "": not known.
	Policy string
	// Bytes are the bytes of both bodies.
	Bytes    int64
	Duration time.Duration
	// FirstByte is the time until the answer began. 0: there was no answer.
	FirstByte time.Duration
}

// knownMethods is the default of Swift's log_statsd_valid_http_methods.
var knownMethods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "COPY": true, "OPTIONS": true,
}

// tail is the part of each name before TYPE (Swift's statsd_tail_prefix).
const tail = "proxy-server."

// encoder appends the lines of requests.
type encoder struct {
	prefix string // ends with "." unless empty
	rate   float64
	// random returns a number from 0 to 1, without 1.
	random func() float64
}

// lines calls add with each line of a request, in Swift's order. add must not
// keep the line.
func (e *encoder) lines(buf []byte, r *Request, add func(line []byte)) {
	method := r.Method
	if !knownMethods[method] {
		method = "BAD_METHOD"
	}
	policy := r.Type == "object" && r.Policy != ""
	one := func(withPolicy bool, status int, what string, value func([]byte) []byte) {
		if e.rate < 1 && e.random() >= e.rate {
			return
		}
		line := append(append(append(buf[:0], e.prefix...), tail...), r.Type...)
		if withPolicy {
			line = append(append(line, ".policy."...), r.Policy...)
		}
		line = append(append(append(line, '.'), method...), '.')
		line = strconv.AppendInt(line, int64(status), 10)
		line = append(append(line, what...), ':')
		line = value(line)
		if e.rate < 1 {
			line = append(line, "|@"...)
			line = strconv.AppendFloat(line, e.rate, 'g', -1, 64)
		}
		add(line)
	}
	timing := func(d time.Duration) func([]byte) []byte {
		return func(line []byte) []byte {
			line = strconv.AppendFloat(line, float64(d)/float64(time.Millisecond), 'f', -1, 64)
			return append(line, "|ms"...)
		}
	}
	bytes := func(line []byte) []byte { return append(strconv.AppendInt(line, r.Bytes, 10), "|c"...) }
	both := []bool{false, true}[:1]
	if policy {
		both = both[:2]
	}
	if r.Method == "GET" && r.FirstByte > 0 {
		for _, p := range both {
			one(p, r.Sent, ".first-byte.timing", timing(r.FirstByte))
		}
	}
	for _, p := range both {
		one(p, r.Status, ".timing", timing(r.Duration))
		one(p, r.Status, ".xfer", bytes)
	}
}
