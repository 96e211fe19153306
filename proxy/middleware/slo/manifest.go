package slo

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
)

// segment is an element of a stored manifest, in Swift's own form:
//
//	{"name": "/c/o", "bytes": 10, "hash": "MD5", "content_type": "a/b",
//	 "last_modified": "2006-01-02T15:04:05.000000"[, "range": "0-4"][, "sub_slo": true]}
//	{"data": "base64"}
//
// bytes and hash are those of the whole object, or of the content of a large
// one; a range is inclusive.
type segment struct {
	Name         string `json:"name"`
	Bytes        int64  `json:"bytes"`
	Hash         string `json:"hash"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
	Range        string `json:"range"`
	SubSLO       bool   `json:"sub_slo"`
	Data         string `json:"data"`

	part swift.ByteRange // of the object or the data that is content
}

var errManifest = errors.New("the manifest makes no sense")

// maxStoredBytes bounds a stored manifest: it has a little more per segment
// than the one that was sent, and each character in ASCII.
const maxStoredBytes = 64 << 20

// readManifest reads the manifest that a GET answered, and closes it.
func readManifest(res *swift.Response) ([]segment, error) {
	defer res.Close()
	if res.Body == nil {
		return nil, errManifest
	}
	var list []segment
	if err := json.NewDecoder(io.LimitReader(res.Body, maxStoredBytes)).Decode(&list); err != nil {
		return nil, fmt.Errorf("%w: %w", errManifest, err)
	}
	total := int64(0)
	for i := range list {
		if err := list[i].measure(); err != nil {
			return nil, err
		}
		if total += list[i].part.Length(); total < 0 {
			return nil, errManifest
		}
	}
	return list, nil
}

// measure sets part.
func (s *segment) measure() error {
	switch {
	case s.Data != "":
		s.part = swift.ByteRange{End: int64(base64.StdEncoding.DecodedLen(len(s.Data)) - strings.Count(s.Data, "="))}
	case s.Range != "":
		first, last, _ := strings.Cut(s.Range, "-")
		start, err1 := strconv.ParseInt(first, 10, 64)
		end, err2 := strconv.ParseInt(last, 10, 64)
		if err1 != nil || err2 != nil || start < 0 || end < start || end >= s.Bytes {
			return fmt.Errorf("%w: range %q of %d", errManifest, s.Range, s.Bytes)
		}
		s.part = swift.ByteRange{Start: start, End: end + 1}
	default:
		s.part = swift.ByteRange{End: s.Bytes}
	}
	if s.part.End < 0 {
		return fmt.Errorf("%w: %d bytes", errManifest, s.part.End)
	}
	return nil
}

// contentBytes is the length of the content; not ok if that is no int64.
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
	objects := make([]pyjson.Object, len(list))
	for i := range list {
		s := &list[i]
		if s.Data != "" {
			objects[i] = pyjson.Object{{Key: "data", Value: s.Data}}
			continue
		}
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
		objects[i] = o
	}
	return pyjson.Marshal(objects)
}

// encodeRaw is the form in which a PUT takes it.
func encodeRaw(list []segment) []byte {
	objects := make([]pyjson.Object, len(list))
	for i := range list {
		s := &list[i]
		if s.Data != "" {
			objects[i] = pyjson.Object{{Key: "data", Value: s.Data}}
			continue
		}
		o := pyjson.Object{{Key: "etag", Value: s.Hash}, {Key: "path", Value: s.Name}}
		if s.Range != "" {
			o.Set("range", s.Range)
		}
		o.Set("size_bytes", s.Bytes)
		objects[i] = o
	}
	return pyjson.Marshal(objects)
}
