// SPDX-License-Identifier: Apache-2.0

package cnamelookup

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A DNS message, RFC 1035 4.1, in network order:
//
//	offset  bytes
//	0       2      id
//	2       2      flags: 0x8000 answer, 0x0200 truncated, 0x000f code
//	4       2      questions
//	6       2      answers
//	8       4      authorities, additionals
//	12             questions: name, type (2), class (2)
//	               answers: name, type (2), class (2), TTL in seconds (4),
//	               length (2), data
//
// A name is labels of one length byte and up to 63 bytes, ended by a zero byte
// or by a pointer: 0xc000 and the offset of the rest.
const (
	headerBytes     = 12
	maxMessageBytes = 4096
	maxNameBytes    = 253 // as text
	maxLabelBytes   = 63
	maxPointers     = 16
	maxAnswers      = 64

	flagAnswer    = 0x8000
	flagRecursion = 0x0100
	flagTruncated = 0x0200
	codeMask      = 0x000f
	codeNoName    = 3

	typeCNAME     = 5
	classInternet = 1
)

var (
	errNotMine = errors.New("the answer is not to this question")
	errMessage = errors.New("the DNS message cannot be read")
	errName    = errors.New("not a host name")
)

// appendQuery appends the question for name's CNAME.
func appendQuery(b []byte, id uint16, name string) ([]byte, error) {
	if len(name) > maxNameBytes {
		return nil, errName
	}
	b = binary.BigEndian.AppendUint16(b, id)
	b = binary.BigEndian.AppendUint16(b, flagRecursion)
	b = append(b, 0, 1, 0, 0, 0, 0, 0, 0)
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		if label == "" || len(label) > maxLabelBytes || strings.ContainsFunc(label, notHostChar) {
			return nil, errName
		}
		b = append(append(b, byte(len(label))), label...)
	}
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, typeCNAME)
	return binary.BigEndian.AppendUint16(b, classInternet), nil
}

func notHostChar(c rune) bool {
	return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
}

// parseAnswer returns the record asked for by a query; "" for a missing record.
func parseAnswer(m, query []byte) (target string, ttl time.Duration, err error) {
	if len(m) < len(query) || m[0] != query[0] || m[1] != query[1] {
		return "", 0, errNotMine
	}
	flags := binary.BigEndian.Uint16(m[2:])
	if flags&flagAnswer == 0 || binary.BigEndian.Uint16(m[4:]) != 1 ||
		!bytes.EqualFold(m[headerBytes:len(query)], query[headerBytes:]) {
		return "", 0, errNotMine
	}
	switch code := flags & codeMask; {
	case code == codeNoName:
		return "", 0, nil
	case code != 0 || flags&flagTruncated != 0:
		return "", 0, fmt.Errorf("the name server answered with code %d", code)
	}
	asked, at, err := readName(query, headerBytes)
	if err != nil {
		return "", 0, err
	}
	at += 4 // type and class; the answer repeats the question
	for range min(int(binary.BigEndian.Uint16(m[6:])), maxAnswers) {
		owner, after, err := readName(m, at)
		if err != nil || after+10 > len(m) {
			return "", 0, errMessage
		}
		kind, class := binary.BigEndian.Uint16(m[after:]), binary.BigEndian.Uint16(m[after+2:])
		seconds := binary.BigEndian.Uint32(m[after+4:])
		data := after + 10
		if at = data + int(binary.BigEndian.Uint16(m[after+8:])); at > len(m) {
			return "", 0, errMessage
		}
		if kind == typeCNAME && class == classInternet && strings.EqualFold(owner, asked) {
			target, _, err := readName(m, data)
			return target, time.Duration(seconds) * time.Second, err
		}
	}
	return "", 0, nil
}

// readName reads a name as text without a dot at its end. after is where the
// message goes on.
func readName(m []byte, at int) (name string, after int, err error) {
	var out []byte
	for pointers := 0; ; {
		if at >= len(m) {
			return "", 0, errMessage
		}
		length := int(m[at])
		switch {
		case length == 0:
			if after == 0 {
				after = at + 1
			}
			return string(out), after, nil
		case length >= 0xc0:
			if pointers++; at+1 >= len(m) || pointers > maxPointers {
				return "", 0, errMessage
			}
			if after == 0 {
				after = at + 2
			}
			at = length&0x3f<<8 | int(m[at+1])
			continue
		case length > maxLabelBytes || at+1+length > len(m):
			return "", 0, errMessage
		}
		label := m[at+1 : at+1+length]
		if len(out) > 0 {
			out = append(out, '.')
		}
		if out = append(out, label...); len(out) > maxNameBytes || bytes.ContainsFunc(label, notHostChar) {
			return "", 0, errMessage
		}
		at += 1 + length
	}
}
