// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// segment is an element of a stored manifest, in Swift's own form:
//
//	{"name": "/c/o", "bytes": 10, "hash": "MD5", "content_type": "a/b",
//	 "last_modified": "2006-01-02T15:04:05.000000"[, "range": "0-4"][, "sub_slo": true]}
//	{"data": "base64"}
//
// bytes and hash describe the whole object, or the content of a large object. A
// range is inclusive.
type segment struct {
	Name         string `json:"name"`
	Bytes        int64  `json:"bytes"`
	Hash         string `json:"hash"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
	Range        string `json:"range"`
	SubSLO       bool   `json:"sub_slo"`
	Data         string `json:"data"`

	part web.ByteRange // of the object or the data that is content
}

var errManifest = errors.New("the manifest makes no sense")

// maxStoredBytes bounds a stored manifest: a little more per segment than in
// the list of the PUT, and each character in ASCII.
const maxStoredBytes = 64 << 20

// elementBytes is the memory of a segment beside its texts, in a slice that may
// have grown to twice its length.
const elementBytes = 400

// textBytes returns the memory of a segment's texts.
func (s *segment) textBytes() int64 {
	return int64(len(s.Name) + len(s.Hash) + len(s.ContentType) + len(s.LastModified) + len(s.Range) + len(s.Data))
}

// manifest is a manifest that was read, in memory that a request holds.
type manifest struct {
	list      []segment
	heldBytes int64
	readBytes int64 // of the stored form
}

// readManifest reads the manifest in the answer of a GET, element by element in
// memory that r holds, and closes the answer. With needed, data outside of the
// needed parts of the content is left out.
func readManifest(r *swift.Request, res *web.Response, needed func(web.ByteRange) bool) (*manifest, error) {
	defer res.Close()
	if res.Body == nil {
		return nil, errManifest
	}
	m, end := new(manifest), int64(0)
	read, err := eachInList(io.LimitReader(res.Body, maxStoredBytes), func(s *segment) error {
		if err := s.measure(); err != nil {
			return err
		}
		part := web.ByteRange{Start: end, End: end + s.part.Length()}
		if end = part.End; end < 0 {
			return errManifest
		}
		if s.Data != "" && needed != nil && !needed(part) {
			s.Data = ""
		}
		return m.add(r, s)
	})
	if err != nil {
		m.release(r)
		var status *web.StatusError
		if !errors.As(err, &status) && !errors.Is(err, errManifest) {
			err = fmt.Errorf("%w: %w", errManifest, err)
		}
		return nil, err
	}
	m.readBytes = read
	return m, nil
}

func (m *manifest) add(r *swift.Request, s *segment) error {
	n := elementBytes + s.textBytes()
	if err := r.Hold(n); err != nil {
		return err
	}
	m.heldBytes += n
	m.list = append(m.list, *s)
	return nil
}

// release gives the memory back; the list is not to be used any more.
func (m *manifest) release(r *swift.Request) {
	r.Release(m.heldBytes)
	m.heldBytes, m.list = 0, nil
}

// measure sets part.
func (s *segment) measure() error {
	s.correct()
	switch {
	case s.Data != "":
		s.part = web.ByteRange{End: int64(base64.StdEncoding.DecodedLen(len(s.Data)) - strings.Count(s.Data, "="))}
	case s.Range != "":
		first, last, _ := strings.Cut(s.Range, "-")
		start, err1 := strconv.ParseInt(first, 10, 64)
		end, err2 := strconv.ParseInt(last, 10, 64)
		if err1 != nil || err2 != nil || start < 0 || end < start || end >= s.Bytes {
			return fmt.Errorf("%w: range %q of %d", errManifest, s.Range, s.Bytes)
		}
		s.part = web.ByteRange{Start: start, End: end + 1}
	default:
		s.part = web.ByteRange{End: s.Bytes}
	}
	if s.part.End < 0 {
		return fmt.Errorf("%w: %d bytes", errManifest, s.part.End)
	}
	return nil
}

// contentBytes returns the length of the content; ok is false if the length is
// no int64.
func contentBytes(list []segment) (total int64, ok bool) {
	for i := range list {
		if list[i].part.Length() > math.MaxInt64-total {
			return 0, false
		}
		total += list[i].part.Length()
	}
	return total, true
}

// etagOf is the large object's ETag.
func etagOf(list []segment) string {
	sum := md5.New()
	for i := range list {
		s := &list[i]
		tag := s.Hash
		switch {
		case s.Data != "":
			data, _ := base64.StdEncoding.DecodeString(s.Data) // it was encoded here
			tag = md5Hex(data)
		case s.Range != "":
			tag += ":" + s.Range + ";"
		}
		_, _ = io.WriteString(sum, tag) // a hash does not fail
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func md5Hex(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// encode is the stored form.
func encode(list []segment) []byte {
	return encodeEach(list, func(s *segment) pyjson.Object {
		o := pyjson.Object{
			{Key: "name", Value: s.Name}, {Key: "bytes", Value: s.Bytes}, {Key: "hash", Value: s.Hash},
			{Key: "content_type", Value: s.ContentType}, {Key: "last_modified", Value: s.LastModified},
		}
		if s.Range != "" {
			o.Set("range", s.Range)
		}
		if s.SubSLO {
			o.Set("sub_slo", true)
		}
		return o
	})
}

// encodeRaw returns the list in the form of a PUT.
func encodeRaw(list []segment) []byte {
	return encodeEach(list, func(s *segment) pyjson.Object {
		o := pyjson.Object{{Key: "etag", Value: s.Hash}, {Key: "path", Value: s.Name}}
		if s.Range != "" {
			o.Set("range", s.Range)
		}
		o.Set("size_bytes", s.Bytes)
		return o
	})
}

// encodeEach writes one JSON object after the other, as pyjson would write the
// list.
func encodeEach(list []segment, object func(*segment) pyjson.Object) []byte {
	out := []byte{'['}
	for i := range list {
		if i > 0 {
			out = append(out, ", "...)
		}
		if s := &list[i]; s.Data != "" {
			out = pyjson.Append(out, pyjson.Object{{Key: "data", Value: s.Data}})
		} else {
			out = pyjson.Append(out, object(s))
		}
	}
	return append(out, ']')
}

// encodedBytes returns an upper bound of the length of a form: its texts in
// ASCII, at most six characters for a byte, and the text between them. Data is
// ASCII already.
func encodedBytes(list []segment) (n int64) {
	for i := range list {
		n += elementBytes + 6*(list[i].textBytes()-int64(len(list[i].Data))) + int64(len(list[i].Data))
	}
	return n
}
