// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

const everyKind = `[{"path":"/s/a"},{"path":"/s/b","range":"2-4"},{"data":"aGVsbG8="},{"path":"/s/a","range":"-1"}]`
const everyKindContent = "aaaaaaaaaabbbhelloa"

func TestContent(t *testing.T) {
	f := newFake("a", "b")
	etag := f.put(t, "o", everyKind).Header.Get("Etag")
	for _, method := range []string{"GET", "HEAD"} {
		res, body := f.must(t, 200, method+" /v1/a/c/o", "")
		require.Equal(t, etag, res.Header.Get("Etag"))
		require.Equal(t, "True", res.Header.Get("X-Static-Large-Object"))
		require.Equal(t, md5Hex([]byte(f.objects["/v1/a/c/o"].body)), res.Header.Get("X-Manifest-Etag"))
		require.EqualValues(t, len(everyKindContent), res.ContentLength)
		require.False(t, res.Header.Has(etagSysmeta))
		if method == "GET" {
			require.Equal(t, everyKindContent, body)
		}
		f.must(t, 304, method+" /v1/a/c/o", "", "If-None-Match: "+etag)
		f.must(t, 304, method+" /v1/a/c/o", "", "If-None-Match: "+strings.Trim(etag, `"`))
		f.must(t, 412, method+" /v1/a/c/o", "", "If-Match: "+res.Header.Get("X-Manifest-Etag"))
		f.must(t, 200, method+" /v1/a/c/o", "", "If-Match: "+etag)
	}
	_, body := f.must(t, 200, "GET /v1/a/s/a", "")
	require.Equal(t, "aaaaaaaaaa", body, "a plain object")
}

func TestRanges(t *testing.T) {
	f := newFake("a", "b")
	f.put(t, "o", everyKind)
	res, body := f.must(t, 206, "GET /v1/a/c/o", "", "Range: bytes=9-13")
	require.Equal(t, "abbbh", body)
	require.Equal(t, "bytes 9-13/19", res.Header.Get("Content-Range"))
	res, _ = f.must(t, 416, "GET /v1/a/c/o", "", "Range: bytes=19-")
	require.Equal(t, "bytes */19", res.Header.Get("Content-Range"))
	res, body = f.must(t, 206, "GET /v1/a/c/o", "", "Range: bytes=0-1,12-14,-1")
	_, boundary, _ := strings.Cut(res.Header.Get("Content-Type"), "boundary=")
	head := "--" + boundary + "\r\nContent-Type: x/y\r\nContent-Range: bytes "
	require.Equal(t, head+"0-1/19\r\n\r\naa\r\n"+head+"12-14/19\r\n\r\nbhe\r\n"+head+"18-18/19\r\n\r\na\r\n--"+boundary+"--", body)
	f.asked = nil
	f.must(t, 206, "GET /v1/a/c/o", "", "Range: bytes=14-15")
	require.Equal(t, []string{"GET /v1/a/c/o"}, f.asked, "no segment is needed")
}

// Parts of large objects in large objects are parts of what they stand for.
func TestRandomTrees(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		f := newFake("a", "b", "c")
		contents := map[string]string{"/s/a": strings.Repeat("a", 10), "/s/b": strings.Repeat("b", 10), "/s/c": strings.Repeat("c", 10)}
		names := []string{"/s/a", "/s/b", "/s/c"}
		for i := range 4 {
			name, manifest, content := fmt.Sprintf("o%d", i), []string{}, ""
			for range 1 + rng.IntN(4) {
				of := names[rng.IntN(len(names))]
				whole := contents[of]
				start := rng.IntN(len(whole))
				end := start + 1 + rng.IntN(len(whole)-start)
				content += whole[start:end]
				manifest = append(manifest, fmt.Sprintf(`{"path":%q,"range":"%d-%d"}`, of, start, end-1))
			}
			f.put(t, name, "["+strings.Join(manifest, ",")+"]")
			contents["/c/"+name] = content
			names = append(names, "/c/"+name)
		}
		want := contents["/c/o3"]
		_, body := f.must(t, 200, "GET /v1/a/c/o3", "")
		require.Equal(t, want, body)
		start := rng.IntN(len(want))
		end := start + 1 + rng.IntN(len(want)-start)
		_, body = f.must(t, 206, "GET /v1/a/c/o3", "", fmt.Sprintf("Range: bytes=%d-%d", start, end-1))
		require.Equal(t, want[start:end], body)
	}
}

func TestParts(t *testing.T) {
	f := newFake("a", "b")
	f.put(t, "o", everyKind)
	for i, want := range []string{"aaaaaaaaaa", "bbb", "hello", "a"} {
		for _, method := range []string{"GET", "HEAD"} {
			res, body := f.must(t, 206, fmt.Sprintf("%s /v1/a/c/o?part-number=%d", method, i+1), "")
			require.EqualValues(t, len(want), res.ContentLength)
			require.Equal(t, "4", res.Header.Get("X-Parts-Count"))
			require.Contains(t, res.Header.Get("Content-Range"), "/19")
			if method == "GET" {
				require.Equal(t, want, body)
			}
		}
	}
	res, body := f.must(t, 416, "GET /v1/a/c/o?part-number=5", "")
	require.Equal(t, "The requested part number is not satisfiable", body)
	require.Equal(t, "bytes */19", res.Header.Get("Content-Range"))
	res, _ = f.must(t, 416, "HEAD /v1/a/c/o?part-number=5", "")
	require.Zero(t, res.ContentLength)
	for _, bad := range []string{"0", "-1", "x", ""} {
		_, body = f.must(t, 400, "GET /v1/a/c/o?part-number="+bad, "")
		require.Equal(t, "Part number must be an integer greater than 0", body)
		f.must(t, 200, "GET /v1/a/s/a?part-number="+bad, "")
	}
	f.must(t, 400, "GET /v1/a/c/o?part-number=1", "", "Range: bytes=0-1")
}

func TestManifestItself(t *testing.T) {
	f := newFake("a", "b")
	f.put(t, "o", everyKind)
	res, body := f.must(t, 200, "GET /v1/a/c/o?multipart-manifest=get", "")
	require.Equal(t, f.objects["/v1/a/c/o"].body, body)
	require.Equal(t, "application/json; charset=utf-8", res.Header.Get("Content-Type"))
	require.Equal(t, md5Hex([]byte(body)), res.Header.Get("Etag"))
	require.Equal(t, "True", res.Header.Get("X-Static-Large-Object"))
	_, part := f.must(t, 206, "GET /v1/a/c/o?multipart-manifest=get", "", "Range: bytes=1-3")
	require.Equal(t, body[1:4], part)

	for _, method := range []string{"GET", "HEAD"} {
		res, raw := f.must(t, 200, method+" /v1/a/c/o?multipart-manifest=get&format=raw", "", "Range: bytes=1-3")
		require.Equal(t, "x/y", res.Header.Get("Content-Type"))
		if method == "GET" {
			require.Equal(t, md5Hex([]byte(raw)), res.Header.Get("Etag"))
			f.put(t, "again", raw)
			require.Equal(t, body, f.objects["/v1/a/c/again"].body)
		}
	}
	_, plain := f.must(t, 200, "GET /v1/a/s/a?multipart-manifest=get&format=raw", "")
	require.Equal(t, "aaaaaaaaaa", plain)
}

// What is not what it was at the PUT is not sent.
func TestChangedSegments(t *testing.T) {
	for name, change := range map[string]func(f *fake){
		"gone":           func(f *fake) { delete(f.objects, "/v1/a/s/b") },
		"other bytes":    func(f *fake) { f.set("/v1/a/s/b", "BBBBBBBBBB") },
		"longer":         func(f *fake) { f.set("/v1/a/s/b", "bbbbbbbbbbb") },
		"a large object": func(f *fake) { f.objects["/v1/a/s/b"] = f.objects["/v1/a/c/sub"] },
	} {
		f := newFake("a", "b")
		f.put(t, "sub", `[{"path":"/s/b"}]`)
		f.put(t, "first", `[{"path":"/s/b"},{"path":"/s/a"}]`)
		f.put(t, "later", `[{"path":"/s/a"},{"path":"/s/b"}]`)
		f.put(t, "inside", `[{"path":"/c/sub"}]`)
		change(f)
		f.must(t, 409, "GET /v1/a/c/first", "")
		f.must(t, 409, "GET /v1/a/c/first", "", "Range: bytes=0-1,12-13")
		f.must(t, 409, "GET /v1/a/c/inside", "")
		f.must(t, 200, "HEAD /v1/a/c/first", "")
		res, body, err := f.try(DefaultOptions(), "GET /v1/a/c/later", "")
		require.Error(t, err, name)
		require.Equal(t, 200, res.Status)
		require.Equal(t, "aaaaaaaaaa", body, name)
	}
	f := newFake("a", "b")
	f.put(t, "sub", `[{"path":"/s/b"}]`)
	f.put(t, "o", `[{"path":"/c/sub"}]`)
	f.put(t, "sub", `[{"path":"/s/a"}]`)
	f.must(t, 409, "GET /v1/a/c/o", "")
}

func TestFaultOfTheServerIs503(t *testing.T) {
	f := newFake("a")
	f.put(t, "o", `[{"path":"/s/a"}]`)
	f.before = func(r *swift.Request) (*web.Response, error) {
		if r.Path == "/v1/a/s/a" {
			return nil, errors.New("disk")
		}
		return nil, nil
	}
	f.must(t, 503, "GET /v1/a/c/o", "")
}

func TestLevels(t *testing.T) {
	f := newFake("a")
	below := "/s/a"
	for i := range maxLevels + 1 {
		name := fmt.Sprintf("l%d", i)
		f.put(t, name, fmt.Sprintf(`[{"path":%q}]`, below))
		below = "/c/" + name
	}
	_, body := f.must(t, 200, fmt.Sprintf("GET /v1/a/c/l%d", maxLevels-1), "")
	require.Equal(t, "aaaaaaaaaa", body)
	f.must(t, 409, fmt.Sprintf("GET /v1/a/c/l%d", maxLevels), "")
}

// A manifest that is used twice in a row is read once.
func TestManifestsAreKept(t *testing.T) {
	f := newFake("a")
	f.put(t, "sub", `[{"path":"/s/a"}]`)
	f.put(t, "o", `[{"path":"/c/sub"},{"path":"/c/sub","range":"0-3"}]`)
	f.asked = nil
	f.must(t, 206, "GET /v1/a/c/o", "", "Range: bytes=0-1,3-12")
	require.Equal(t, 1, f.count("GET /v1/a/c/sub"))
}

func TestDamagedManifestIsNoContent(t *testing.T) {
	f := newFake("a")
	f.put(t, "o", `[{"path":"/s/a"}]`)
	o := f.objects["/v1/a/c/o"]
	for _, body := range []string{"", "[]", `[{"name": "/s/a", "bytes": 9}]`} {
		f.objects["/v1/a/c/o"] = fakeObject{body, o.header}
		f.must(t, 500, "GET /v1/a/c/o", "")
	}
	o.header.Set(sizeSysmeta, "x")
	f.objects["/v1/a/c/o"] = o
	f.must(t, 500, "HEAD /v1/a/c/o", "")
}

func TestSegmentsSeeTheReferer(t *testing.T) {
	f := newFake("a")
	f.put(t, "o", `[{"path":"/s/a"}]`)
	f.before = func(r *swift.Request) (*web.Response, error) {
		if r.Path == "/v1/a/s/a" && (r.Header.Get("Referer") != "http://r/" || r.Header.Get("X-Open-Expired") != "true" || r.Header.Has("If-Match")) {
			return nil, io.ErrNoProgress
		}
		return nil, nil
	}
	f.must(t, 200, "GET /v1/a/c/o", "", "Referer: http://r/", "X-Open-Expired: true", "If-Match: *")
}
