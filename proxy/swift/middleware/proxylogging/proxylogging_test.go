// SPDX-License-Identifier: Apache-2.0

package proxylogging

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// policies answers for container "c" alone.
type policies struct{ objstore.ContainerStore }

func (policies) HeadContainer(_ context.Context, c objstore.ContainerID, _ objstore.InfoOptions) (objstore.ContainerInfo, error) {
	if c.Account != "AUTH_a" || c.Container != "c" {
		return objstore.ContainerInfo{}, &objstore.Error{Kind: objstore.KindNotFound}
	}
	return objstore.ContainerInfo{Policy: 3}, nil
}

const token = "AUTH_tk0123456789abcdef0123456789abcdef"

func noted(t *testing.T, path, query string, lines ...string) web.LogInfo {
	t.Helper()
	r := &swift.Request{Request: &web.Request{Method: "GET", Path: path, RawQuery: query, RemoteAddr: "10.0.0.9"}}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		r.Header.Add(name, value)
	}
	h := New(policies{})(swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
		require.NotNil(t, r.Log.Line, "it is noted before the features run")
		r.Header, r.RawQuery = nil, ""
		return web.NewResponse(204), nil
	}))
	_, err := h.Serve(r)
	require.NoError(t, err)
	return r.Log
}

func lineOf(t *testing.T, path, query string, lines ...string) *AccessLine {
	t.Helper()
	return noted(t, path, query, lines...).Line.(*AccessLine)
}

var outcome = Outcome{
	Method: "PUT", Proto: "HTTP/1.1", RemoteAddr: "10.0.0.9", TransID: "txabc-0123", Status: 201,
	BytesIn: 12, BytesOut: 345, Start: time.Unix(1790934118, 5), Duration: 1500*time.Millisecond + 25*time.Microsecond,
}

// The line of Swift's own formatter for the same values (proxy_logging.py of
// 2.30.1, with access_user_id of 2.38).
func TestWholeLine(t *testing.T) {
	info := noted(t, "/v1/AUTH_a/c/ö ?&", "format=json&temp_url_sig=0123456789abcdef0123456789abcdef01234567&x=%20",
		"X-Forwarded-For: 1.2.3.4, 5.6.7.8", "Referer: http://site/a b", "User-Agent: curl/8 (x)",
		"X-Auth-Token: "+token, "Etag: \"d41d\"")
	info.Notes = []string{"cs:valid", "b"}
	var out bytes.Buffer
	require.NoError(t, NewLog(&out).Write(outcome, info))
	require.Equal(t, "1.2.3.4 10.0.0.9 02/Oct/2026/09/41/59 PUT "+
		"/v1/AUTH_a/c/%25C3%25B6%2520%253F%2526%3Fformat%3Djson%26temp_url_sig%3D0123456789abcdef...%26x%3D%2520 "+
		"HTTP/1.1 201 http://site/a%20b curl/8%20%28x%29 AUTH_tk012345678... 12 345 %22d41d%22 txabc-0123 - 1.5000 - "+
		"cs:valid%2Cb 1790934118.000000005 1790934119.500025005 3 -\n", out.String())
	require.NotContains(t, out.String(), token[:20])
}

func TestEmptyFields(t *testing.T) {
	info := noted(t, "/v1/AUTH_a", "")
	o := outcome
	o.BytesIn, o.BytesOut = 0, 0
	fields := strings.Fields(string(Append(nil, o, nil, info.Line.(*AccessLine))))
	require.Len(t, fields, 22)
	for _, i := range []int{7, 8, 9, 10, 11, 12, 14, 16, 17, 20, 21} {
		require.Equal(t, "-", fields[i], "field %d", i)
	}
	require.Equal(t, "10.0.0.9", fields[0])
}

func TestClientAddress(t *testing.T) {
	require.Equal(t, "9.9.9.9", lineOf(t, "/", "", "X-Cluster-Client-Ip: 9.9.9.9", "X-Forwarded-For: 1.2.3.4").ClientIP)
	require.Equal(t, "1.2.3.4", lineOf(t, "/", "", "X-Forwarded-For: 1.2.3.4").ClientIP)
	require.Equal(t, "10.0.0.9", lineOf(t, "/", "", "X-Forwarded-For:  ").ClientIP)
}

func TestPolicyIndex(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/AUTH_a": "", "/v1/AUTH_a/c": "3", "/v1/AUTH_a/c/o": "3", "/v1/AUTH_a/d/o": "", "/x": "",
	} {
		require.Equal(t, want, lineOf(t, path, "").PolicyIndex, path)
	}
}

// The types are those of get_metric_name_type in proxy_logging.py.
func TestType(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/": "", "/v1": "", "/info": "", "/v1.0/a/c": "", "/v1/a": "account", "/v1/a/": "account",
		"/v1/a/c": "container", "/v1/a/c/": "container", "/v1/a/c/o": "object", "/v1/a/c/o/p//q": "object", "/v1/a//o": "object",
	} {
		require.Equal(t, want, lineOf(t, path, "").Type, path)
	}
}

func TestSecretsAreCut(t *testing.T) {
	require.Equal(t, "short", lineOf(t, "/", "", "X-Auth-Token: short").AuthToken)
	require.Equal(t, "/?temp%5Furl_sig=0123456789abcdef...&temp_url_sig&a=b",
		lineOf(t, "/", "temp%5Furl_sig=0123456789abcdefXYZ&temp_url_sig&a=b").Path)
}

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		status int
		err    error
		want   int
	}{
		{200, nil, 200},
		{404, web.Status(404), 404},
		{200, web.Status(499), 499},
		{503, errors.Join(errors.New("a"), web.Status(499)), 499},
		{200, errors.New("disk"), 500},
		{422, errors.New("etag"), 422},
	} {
		o := Outcome{Status: c.status, Err: c.err}
		require.Equal(t, c.want, o.LoggedStatus(), "%d %v", c.status, c.err)
	}
}

type failing struct{ calls int }

func (f *failing) Write([]byte) (int, error) { f.calls++; return 0, errors.New("full") }

func TestFailedLogStaysFailed(t *testing.T) {
	w := &failing{}
	l := NewLog(w)
	require.NoError(t, l.Write(outcome, web.LogInfo{}), "no line, no write")
	require.ErrorContains(t, l.Write(outcome, noted(t, "/", "")), "full")
	require.NoError(t, l.Write(outcome, noted(t, "/", "")))
	require.Equal(t, 1, w.calls)
}

// The encoding is Python's own, where there is a Python.
func TestEncodingIsPythons(t *testing.T) {
	python, err := exec.LookPath("python3")
	all := make([]byte, 0, 255)
	for c := 1; c < 128; c++ {
		all = append(all, byte(c))
	}
	got := string(appendField(nil, string(all)))
	back, unescapeErr := url.PathUnescape(got)
	require.NoError(t, unescapeErr)
	require.Equal(t, string(all), back)
	if err != nil {
		return
	}
	want, err := exec.Command(python, "-c",
		"import urllib.parse as u;print(u.quote(''.join(map(chr,range(1,128))),':/{}'),end='')").Output()
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

func FuzzLine(f *testing.F) {
	f.Add("/v1/a/c/o", "temp_url_sig=x", "tok en\n")
	f.Fuzz(func(t *testing.T, path, query, value string) {
		r := &swift.Request{Request: &web.Request{Path: path, RawQuery: query}}
		r.Header.Add("X-Auth-Token", value)
		r.Header.Add("User-Agent", value)
		line := string(Append(nil, outcome, nil, note(r)))
		require.Equal(t, 21, strings.Count(line, " "))
		require.Equal(t, len(line)-1, strings.IndexAny(line, "\r\n\x00"))
	})
}
