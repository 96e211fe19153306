// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

func TestDelete(t *testing.T) {
	for accept, want := range map[string]string{
		"": "Number Deleted: 4\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n",
		"application/json": `{"Response Status": "200 OK", "Response Body": "", "Number Deleted": 4, ` +
			`"Number Not Found": 1, "Errors": []}`,
		"text/xml": "<delete>\n<number_deleted>4</number_deleted>\n<number_not_found>1</number_not_found>\n" +
			"<response_body></response_body>\n<response_status>200 OK</response_status>\n<errors>\n</errors>\n</delete>\n",
	} {
		f := newFake("a", "b", "c")
		f.put(t, "sub", `[{"path":"/s/a"},{"data":"YQ=="}]`)
		f.put(t, "o", `[{"path":"/s/b"},{"path":"/c/sub"},{"path":"/s/b"}]`)
		res, body := f.must(t, 200, "DELETE /v1/a/c/o?multipart-manifest=delete", "", "Accept: "+accept, "Content-Type: x/y")
		require.Equal(t, want, body)
		require.Equal(t, cmpOr(accept, "text/plain"), res.Header.Get("Content-Type"))
		require.Equal(t, []string{"s/c"}, f.names())
		require.ElementsMatch(t, []string{"DELETE /v1/a/c/o", "DELETE /v1/a/c/sub"}, f.asked[len(f.asked)-2:], "manifests come last")
	}
}

func cmpOr(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func TestDeleteFaults(t *testing.T) {
	f := newFake("a")
	_, body := f.must(t, 200, "DELETE /v1/a/s/a?multipart-manifest=delete", "", "Accept: application/json")
	require.Equal(t, `{"Response Status": "400 Bad Request", "Response Body": "", "Number Deleted": 0, `+
		`"Number Not Found": 0, "Errors": [["/s/a", "Not an SLO manifest"]]}`, body)
	_, body = f.must(t, 200, "DELETE /v1/a/s/none?multipart-manifest=delete", "")
	require.Equal(t, "Number Deleted: 0\nNumber Not Found: 1\nResponse Body: \nResponse Status: 200 OK\nErrors:\n", body)
	for _, accept := range []string{"image/png", "bad"} {
		_, body = f.must(t, 200, "DELETE /v1/a/s/a?multipart-manifest=delete", "", "Accept: "+accept)
		require.Equal(t, "Number Deleted: 0\nNumber Not Found: 0\nResponse Body: \nResponse Status: 406 Not Acceptable\nErrors:\n", body)
	}
	require.Equal(t, []string{"s/a"}, f.names())

	for status, overall := range map[int]string{403: "400 Bad Request", 503: "502 Bad Gateway"} {
		f := newFake("a")
		f.put(t, "o", `[{"path":"/s/a"}]`)
		f.before = func(r *swift.Request) (*web.Response, error) {
			if r.Method == "DELETE" && r.Path == "/v1/a/s/a" {
				return nil, web.Status(status)
			}
			return nil, nil
		}
		_, body = f.must(t, 200, "DELETE /v1/a/c/o?multipart-manifest=delete", "")
		require.Contains(t, body, "Response Status: "+overall)
		require.Contains(t, body, fmt.Sprintf("Errors:\n/s/a, %d ", status))
	}
}

func TestDeleteIsBounded(t *testing.T) {
	f := newFake("a")
	c := DefaultOptions()
	f.put(t, "o", "["+strings.Repeat(`{"path":"/s/a"},`, 30)+`{"path":"/s/a"}]`)
	c.MaxSegments = 2
	_, body, err := f.try(c, "DELETE /v1/a/c/o?multipart-manifest=delete", "")
	require.NoError(t, err)
	require.Contains(t, body, "Response Body: Too many buffered slo segments to delete.\nResponse Status: 400 Bad Request")
	require.Equal(t, []string{"c/o", "s/a"}, f.names())
}

// A delete that ends early leaves the manifest that it can be sent again for.
func TestDeleteEndsWithTheManifest(t *testing.T) {
	f := newFake("a")
	f.put(t, "sub", `[{"path":"/s/a"}]`)
	f.put(t, "o", `[{"path":"/c/sub"}]`)
	c := DefaultOptions()
	c.Concurrency = 1
	f.asked = nil
	_, _, err := f.try(c, "DELETE /v1/a/c/o?multipart-manifest=delete", "")
	require.NoError(t, err)
	require.Equal(t, []string{
		"GET /v1/a/c/o", "GET /v1/a/c/sub", "DELETE /v1/a/s/a", "DELETE /v1/a/c/sub", "DELETE /v1/a/c/o",
	}, f.asked)
}

func TestDeleteGivesUp(t *testing.T) {
	f := newFake("a")
	f.put(t, "o", "["+strings.Repeat(`{"path":"/s/a"},`, 999)+`{"path":"/s/a"}]`)
	f.before = func(r *swift.Request) (*web.Response, error) {
		if r.Path == "/v1/a/s/a" {
			return nil, web.Status(403)
		}
		return nil, nil
	}
	_, body := f.must(t, 200, "DELETE /v1/a/c/o?multipart-manifest=delete", "")
	require.Contains(t, body, "Response Body: Max delete failures exceeded\nResponse Status: 400 Bad Request")
	require.Equal(t, []string{"c/o", "s/a"}, f.names())
}

func TestDeleteOfAVersion(t *testing.T) {
	f := newFake("a")
	f.put(t, "o", `[{"path":"/s/a"}]`)
	var queries []string
	f.before = func(r *swift.Request) (*web.Response, error) {
		queries = append(queries, r.Method+" "+r.Path+"?"+r.RawQuery)
		return nil, nil
	}
	f.must(t, 200, "DELETE /v1/a/c/o?multipart-manifest=delete&version-id=v%261", "")
	require.ElementsMatch(t, []string{
		"GET /v1/a/c/o?multipart-manifest=get&version-id=v%261", "DELETE /v1/a/s/a?", "DELETE /v1/a/c/o?version-id=v%261",
	}, queries)
}

func (f *fake) deleteLater(t *testing.T, c Options) (int, string) {
	t.Helper()
	r := &swift.Request{Request: &web.Request{Method: "DELETE", Path: "/v1/a/c/o", RawQuery: "multipart-manifest=delete&async=yes", Body: web.NoBody}}
	res, err := New(c, nil)(f).Serve(r)
	if err != nil {
		return web.ErrorResponse(err).Status, web.PlainText(err)
	}
	require.NoError(t, res.Close())
	require.Zero(t, f.open.Load())
	return res.Status, ""
}

func TestDeleteLater(t *testing.T) {
	f := newFake("a", "b")
	f.put(t, "o", `[{"path":"/s/a"},{"data":"YQ=="},{"path":"/s/b"},{"path":"/s/a"}]`)
	delete(f.objects, "/v1/a/s/b")
	f.before = func(r *swift.Request) (*web.Response, error) {
		require.Equal(t, r.Method == "POST", r.Header.Has("X-Delete-At"), r.Method)
		return nil, nil
	}
	status, _ := f.deleteLater(t, DefaultOptions())
	require.Equal(t, 204, status)
	require.Equal(t, []string{"s/a"}, f.names())
	require.Equal(t, 2, f.count("POST /v1/a/s/a"))
	require.Equal(t, 1, f.count("DELETE"))
}

func TestDeleteLaterRefuses(t *testing.T) {
	for _, c := range []struct {
		manifest, notWritten string
		status               int
		text                 string
	}{
		{`[{"path":"/s/a"},{"path":"/t é/a"}]`, "", 400, `All segments must be in one container. Found segments in "s", "t%20%C3%A9"`},
		{`[{"path":"/s/a"},{"path":"/s/sub"}]`, "", 400, "No segments may be large objects."},
		{`[{"path":"/s/a"}]`, "c", 403, ""},
		{`[{"path":"/s/a"}]`, "s", 403, ""},
	} {
		f := newFake("a")
		f.set("/v1/a/t é/a", "x")
		f.must(t, 201, "PUT /v1/a/s/sub?multipart-manifest=put", `[{"path":"/s/a"}]`)
		f.put(t, "o", c.manifest)
		before := f.names()
		f.denied = c.notWritten
		status, text := f.deleteLater(t, DefaultOptions())
		require.Equal(t, c.status, status, c.manifest)
		if c.text != "" {
			require.Equal(t, c.text, text)
		}
		require.Equal(t, before, f.names())
		require.Zero(t, f.count("POST"))
	}
	f := newFake("a")
	status, text := f.deleteLater(t, DefaultOptions())
	require.Equal(t, 404, status, text)
}

// What cannot expire, a link for example, is deleted.
func TestDeleteLaterDeletesWhatCannotExpire(t *testing.T) {
	f := newFake("a", "b")
	f.put(t, "o", `[{"path":"/s/a"},{"path":"/s/b"}]`)
	f.before = func(r *swift.Request) (*web.Response, error) {
		if r.Method == "POST" && r.Path == "/v1/a/s/a" {
			return web.NewResponse(307), nil
		}
		return nil, nil
	}
	status, _ := f.deleteLater(t, DefaultOptions())
	require.Equal(t, 204, status)
	require.Equal(t, []string{"s/b"}, f.names())
}

func TestDeleteLaterMayBeOff(t *testing.T) {
	f := newFake("a")
	f.put(t, "o", `[{"path":"/s/a"}]`)
	c := DefaultOptions()
	c.AllowAsyncDelete = false
	status, _ := f.deleteLater(t, c)
	require.Equal(t, 200, status)
	require.Empty(t, f.names())
}

func TestInfo(t *testing.T) {
	require.Equal(t, int64(8<<20), DefaultOptions().Info(feature.Site{})[0].Value.Get("max_manifest_size"))
	require.Equal(t, 10, DefaultOptions().Info(feature.Site{})[0].Value.Get("yield_frequency"))
}

// queueFunc is a Store's queue of deletions.
type queueFunc func(under objstore.ObjectID, from objstore.ContainerID, names []objstore.ObjectName, at objstore.Timestamp) error

func (f queueFunc) QueueDeletions(_ context.Context, under objstore.ObjectID, from objstore.ContainerID, names []objstore.ObjectName, at objstore.Timestamp) error {
	return f(under, from, names, at)
}

// A Store with a queue gets the segments, and the manifest is deleted behind.
func TestDeleteLaterInQueue(t *testing.T) {
	f := newFake("a", "b")
	f.put(t, "o", `[{"path":"/s/a"},{"data":"YQ=="},{"path":"/s/b"}]`)
	var fault error
	calls := 0
	queue := queueFunc(func(under objstore.ObjectID, from objstore.ContainerID, names []objstore.ObjectName, at objstore.Timestamp) error {
		calls++
		require.Equal(t, objstore.ObjectID{Account: "a", Container: "c", Object: "o"}, under)
		require.Equal(t, objstore.ContainerID{Account: "a", Container: "s"}, from)
		require.Equal(t, []objstore.ObjectName{"a", "b"}, names)
		require.InDelta(t, time.Now().Unix(), at.Seconds(), 60)
		return fault
	})
	ask := func() (*web.Response, error) {
		r := &swift.Request{Request: &web.Request{Method: "DELETE", Path: "/v1/a/c/o", RawQuery: "multipart-manifest=delete&async=yes", Body: web.NoBody}}
		return New(DefaultOptions(), queue)(f).Serve(r)
	}
	fault = &objstore.Error{Kind: objstore.KindUnavailable}
	_, err := ask()
	require.Equal(t, 503, web.ErrorResponse(err).Status)
	require.Equal(t, []string{"c/o", "s/a", "s/b"}, f.names())

	f.denied = "s"
	_, err = ask()
	require.Equal(t, 403, web.ErrorResponse(err).Status)
	require.Equal(t, 1, calls, "the queue is the cluster's, so the right comes first")

	f.denied, fault = "", nil
	res, err := ask()
	require.NoError(t, err)
	require.Equal(t, 204, res.Status)
	require.NoError(t, res.Close())
	require.Equal(t, []string{"s/a", "s/b"}, f.names())
	require.Zero(t, f.count("POST"))
}
