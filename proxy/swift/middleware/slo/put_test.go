// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func TestPutStoresTheManifest(t *testing.T) {
	f := newFake("a")
	res, _ := f.must(t, 201, "PUT /v1/a/c/o?multipart-manifest=put",
		`[{"path":"s/a","range":"0-","etag":"`+md5Hex([]byte("aaaaaaaaaa"))+`","size_bytes":"10"}]`,
		"X-Object-Meta-A: 1", "X-Static-Large-Object: no", "Etag: "+md5Hex([]byte(md5Hex([]byte("aaaaaaaaaa")))))
	o := f.objects["/v1/a/c/o"]
	require.Equal(t, `[{"name": "/s/a", "bytes": 10, "hash": "`+md5Hex([]byte("aaaaaaaaaa"))+
		`", "content_type": "t/t", "last_modified": "1970-01-01T00:01:41.000000"}]`, o.body, "a range over all is none")
	etag := strings.Trim(res.Header.Get("Etag"), `"`)
	require.Equal(t, `"`+etag+`"`, res.Header.Get("Etag"))
	for name, want := range map[string]string{
		"Etag": md5Hex([]byte(o.body)), "X-Object-Meta-A": "1", "X-Static-Large-Object": "",
		"X-Object-Sysmeta-Slo-Etag": etag, "X-Object-Sysmeta-Slo-Size": "10",
		"X-Object-Sysmeta-Container-Update-Override-Etag": md5Hex([]byte(o.body)) + "; slo_etag=" + etag,
		"X-Object-Sysmeta-Container-Update-Override-Size": "10",
	} {
		require.Equal(t, want, o.header.Get(name), name)
	}
}

func TestPutFaults(t *testing.T) {
	f := newFake("a", "b")
	f.set("/v1/a/s/empty", "")
	const manifest = `[{"path":"/s/a","size_bytes":9},{"path":"/s/b","etag":"x"},{"path":"/s/a","range":"10-"},
		{"path":"/s/empty"},{"path":"/n<o"},{"path":"/s/none"},{"path":"/s/a","range":"50-","size_bytes":60}]`
	_, body := f.must(t, 400, "PUT /v1/a/c/o?multipart-manifest=put", strings.Replace(manifest, "/n<o", "/s/n<o", 1))
	require.Equal(t, "Errors:\n/s/a, Size Mismatch\n/s/b, Etag Mismatch\n/s/a, Unsatisfiable Range\n"+
		"/s/empty, Too small; each segment must be at least 1 byte.\n/s/n%3Co, 404 Not Found\n/s/none, 404 Not Found\n"+
		"/s/a, Unsatisfiable Range\n/s/a, Size Mismatch\n", body)
	require.Equal(t, 1, f.count("HEAD /v1/a/s/a"), "each object is looked at once")
	require.Zero(t, f.count("PUT"))
	res, body := f.must(t, 400, "PUT /v1/a/c/o?multipart-manifest=put", `[{"path":"/s/none"}]`, "Accept: application/json")
	require.Equal(t, `{"Errors": [["/s/none", "404 Not Found"]]}`, body)
	require.Equal(t, "application/json", res.Header.Get("Content-Type"))
	f.must(t, 422, "PUT /v1/a/c/o?multipart-manifest=put", `[{"path":"/s/a"}]`, "Etag: x")
	f.must(t, 201, "PUT /v1/a/c/o?multipart-manifest=put", `[{"path":"/s/a"},{"path":"/s/empty"}]`)
	_, body = f.must(t, 400, "PUT /v1/a/c/o", "", "X-Static-Large-Object: true")
	require.Contains(t, body, "X-Static-Large-Object is a reserved header.")
	f.must(t, 400, "POST /v1/a/s/a", "", "X-Static-Large-Object: true")
}

// The list is held in memory: only who may write is let in.
func TestPutAsksForTheRightFirst(t *testing.T) {
	f := newFake("a")
	f.denied = "c"
	r := &swift.Request{Request: &web.Request{
		Method: "PUT", Path: "/v1/a/c/o", RawQuery: "multipart-manifest=put", ContentLength: -1,
		Body: iotest.ErrReader(errors.New("the body was read")),
	}}
	_, err := New(DefaultOptions(), nil)(f).Serve(r)
	require.Equal(t, 403, web.ErrorResponse(err).Status)
}

func TestPutLimits(t *testing.T) {
	f := newFake("a")
	c := DefaultOptions()
	c.MaxSegments, c.MaxManifestBytes = 2, 100
	put := func(body string, length int64) (int, string) {
		r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o", RawQuery: "multipart-manifest=put", Body: strings.NewReader(body), ContentLength: length}}
		res, err := New(c, nil)(f).Serve(r)
		if err != nil {
			res = web.ErrorResponse(err)
		}
		text, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res.Status, string(text)
	}
	status, _ := put("[]", web.NoLength)
	require.Equal(t, 411, status)
	for _, length := range []int64{101, -1} {
		status, text := put(strings.Repeat(" ", 101), length)
		require.Equal(t, 413, status)
		require.Equal(t, "Manifest File > 100 bytes", text)
	}
	status, text := put(`[{"path":"/s/a"},{"path":"/s/a"},{"path":"/s/a"}]`, -1)
	require.Equal(t, 413, status)
	require.Equal(t, "Number of object-backed segments must be <= 2", text)
	status, _ = put(`[{"path":"/s/a"},{"path":"/s/a"},{"data":"YQ=="}]`, -1)
	require.Equal(t, 201, status)
}

// A tree of large objects may claim more bytes than there are numbers for.
func TestPutTooLargeToCount(t *testing.T) {
	f := newFake()
	f.put(t, "sub", `[]`)
	sub := f.objects["/v1/a/c/sub"]
	sub.header.Set(sizeSysmeta, "9223372036854775807")
	f.must(t, 413, "PUT /v1/a/c/o?multipart-manifest=put", `[{"path":"/c/sub"},{"path":"/c/sub","range":"0-0"}]`)
}

func TestSegmentsAreLookedAtTwoAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		slow := swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			if r.AuthorizeOnly {
				return web.NewResponse(204), nil
			}
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil, web.Status(403)
		})
		manifest := `[{"path":"/s/1"},{"path":"/s/2"},{"path":"/s/3"},{"path":"/s/4"},{"path":"/s/5"}]`
		r := &swift.Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o", RawQuery: "multipart-manifest=put", Body: strings.NewReader(manifest), ContentLength: -1}}
		begin := time.Now()
		res, err := New(DefaultOptions(), nil)(slow).Serve(r)
		require.NoError(t, err)
		require.Equal(t, 400, res.Status)
		require.Equal(t, 3*time.Second, time.Since(begin))
		require.EqualValues(t, 2, most.Load())
	})
}

func TestParallelPassesOnAPanic(t *testing.T) {
	var calls atomic.Int64
	require.PanicsWithValue(t, "bug", func() {
		parallel(2, 5, func(i int) {
			if calls.Add(1); i == 1 {
				panic("bug")
			}
		})
	})
	require.EqualValues(t, 5, calls.Load())
}

const heartbeat = "PUT /v1/a/c/o?multipart-manifest=put&heartbeat=on"

// The texts are those that Swift's functional tests ask for.
func TestHeartbeat(t *testing.T) {
	f := newFake("a")
	res, body := f.must(t, 202, heartbeat, `[{"path":"/s/a"}]`)
	require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
	etag := md5Hex([]byte(md5Hex([]byte("aaaaaaaaaa"))))
	require.Equal(t, " \r\n\r\nEtag: \""+etag+"\"\nLast Modified: Thu, 01 Jan 1970 00:01:41 GMT\n"+
		"Response Body: \nResponse Status: 201 Created\nErrors:\n", body)
	_, body = f.must(t, 202, heartbeat, `[{"path":"/s/none"}]`, "Accept: application/json")
	require.Equal(t, " \r\n\r\n"+`{"Response Status": "400 Bad Request", "Response Body": "Bad Request\n`+
		`The server could not comply with the request since it is either malformed or otherwise incorrect.", `+
		`"Errors": [["/s/none", "404 Not Found"]]}`, body)
	_, body = f.must(t, 202, heartbeat, `[{"path":"/s/a"}]`, "Accept: application/json", "Etag: x")
	require.Equal(t, " \r\n\r\n"+`{"Response Status": "422 Unprocessable Entity", `+
		`"Response Body": "Unprocessable Entity\nUnable to process the contained instructions", "Errors": []}`, body)
	f.must(t, 400, heartbeat, `[`)
	f.before = func(r *swift.Request) (*web.Response, error) {
		if r.Method == "PUT" {
			return nil, web.Status(412)
		}
		return nil, nil
	}
	_, body = f.must(t, 202, heartbeat, `[{"path":"/s/a"}]`)
	require.Contains(t, body, "Response Body: <html><h1>Precondition Failed</h1>")
}

// A client that leaves ends the work: no manifest is stored.
func TestHeartbeatEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		puts := 0
		slow := swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			if r.AuthorizeOnly {
				return web.NewResponse(204), nil
			}
			if r.Method == "PUT" {
				puts++
			}
			time.Sleep(15 * time.Second)
			return web.NewResponse(200, web.HeaderField{Name: "Etag", Value: "e"}), nil
		})
		r := &swift.Request{Request: &web.Request{
			Method: "PUT", Path: "/v1/a/c/o", RawQuery: "multipart-manifest=put&heartbeat=on",
			Body: strings.NewReader(`[{"path":"/s/1"},{"path":"/s/2"},{"path":"/s/3"}]`), ContentLength: -1,
		}}
		res, err := New(DefaultOptions(), nil)(slow).Serve(r)
		require.NoError(t, err)
		beats, err := io.ReadAll(io.LimitReader(res.Body, 2))
		require.NoError(t, err)
		require.Equal(t, "  ", string(beats))
		require.NoError(t, res.Close())
		require.Zero(t, puts)
	})
}
