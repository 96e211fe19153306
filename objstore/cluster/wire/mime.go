// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"strings"
)

// The body of a Put with documents, with B the boundary
// (swift/proxy/controllers/obj.py: MIMEPutter, swift/obj/server.py). Each line
// ends with CR LF; the sizes of the chunks are left out:
//
//	chunk   --B
//	        X-Document: object body
//	        (blank line)
//	chunks  the bytes of the object
//	chunk   (line end)
//	        --B
//	        X-Document: object metadata
//	        Content-MD5: MD5 of the JSON in hex
//	        (blank line)
//	        JSON
//	        --B--             or --B in two phases
//	chunk 0
//
// In two phases the node says 100 a second time, and a second body follows:
//
//	chunk   X-Document: put commit
//	        (blank line)
//	        put_commit_confirmation
//	        --B--             without a line end
//	chunk 0
const (
	boundaryField  = "X-Backend-Obj-Multipart-Mime-Boundary"
	objLengthField = "X-Backend-Obj-Content-Length"

	// boundaryBytes are 64 hex digits, as Swift's.
	boundaryBytes = 32
)

var (
	crlf      = []byte("\r\n")
	lastChunk = []byte("0\r\n\r\n")
)

func newBoundary() string {
	var b [boundaryBytes]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// confirmed reports whether a field says yes in one of Swift's ways
// (swift/common/utils: config_true_value).
func confirmed(v string) bool {
	switch strings.ToLower(v) {
	case "yes", "true", "1", "on", "t", "y":
		return true
	}
	return false
}

func appendChunk(b []byte, text string) []byte {
	b = append(strconv.AppendInt(b, int64(len(text)), 16), "\r\n"...)
	return append(append(b, text...), "\r\n"...)
}

func appendBodyDocument(b []byte, boundary string) []byte {
	return appendChunk(b, "--"+boundary+"\r\nX-Document: object body\r\n\r\n")
}

func appendFooterDocument(b []byte, boundary string, fields Header, more bool) []byte {
	document := appendJSON(nil, fields)
	sum := md5.Sum(document)
	end := "--\r\n"
	if more {
		end = "\r\n"
	}
	return appendChunk(b, "\r\n--"+boundary+"\r\nX-Document: object metadata\r\nContent-MD5: "+
		hex.EncodeToString(sum[:])+"\r\n\r\n"+string(document)+"\r\n--"+boundary+end)
}

func appendCommitDocument(b []byte, boundary string) []byte {
	return appendChunk(b, "X-Document: put commit\r\n\r\nput_commit_confirmation\r\n--"+boundary+"--")
}

// appendJSON appends the fields as a JSON object in ASCII. A byte above ASCII
// becomes the character of its number, as in the strings that Swift's servers
// make of header fields (PEP 3333): so a footer and a field store the same
// bytes.
func appendJSON(b []byte, fields Header) []byte {
	b = append(b, '{')
	for i := range fields {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendString(b, fields[i].Name), ": "...)
		b = appendString(b, fields[i].Value)
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
