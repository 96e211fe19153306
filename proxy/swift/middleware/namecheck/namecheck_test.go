// SPDX-License-Identifier: Apache-2.0

package namecheck

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/pyjson"
	"needletail/proxy/swift"
	"needletail/proxy/swift/feature"
	"needletail/proxy/web"
)

func TestNameCheck(t *testing.T) {
	chars := "Object/Container/Account name contains forbidden chars from '\"`<>"
	substring := `Object/Container/Account name contains a forbidden substring from regular expression /\./|/\.\./|/\.$|/\.\.$`
	for path, want := range map[string]string{
		"/v1/a/c/o":                         "",
		"/v1/a/c/.o/..o/o./o":               "",
		"/v1/a/c/o'":                        chars,
		"/v1/a`/c":                          chars,
		"/v1/a/c/<o>":                       chars,
		"/V1.0/" + strings.Repeat("c", 249): "",
		"/V1.0/" + strings.Repeat("c", 250): "Object/Container/Account name longer than the allowed maximum 255",
		"/v1/a/c/./o":                       substring,
		"/v1/a/../o":                        substring,
		"/v1/a/c/.":                         substring,
		"/v1/a/c/..":                        substring,
		"/v1/a/c/\u00e9" + strings.Repeat("\u00e9", 130): "Object/Container/Account name longer than the allowed maximum 255",
	} {
		h := New(Options{})(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) { return web.NewResponse(200), nil }))
		_, err := h.Serve(&swift.Request{Request: &web.Request{Method: "PUT", Path: path}})
		if want == "" {
			require.NoError(t, err, path)
			continue
		}
		var status *web.StatusError
		require.ErrorAs(t, err, &status, path)
		require.Equal(t, 400, status.Status)
		require.Equal(t, want, status.Body)
	}
}

func TestOptions(t *testing.T) {
	c := Options{ForbiddenChars: "x", MaxLengthBytes: 10, ForbiddenRegexp: "y+$"}
	require.NoError(t, c.Validate())
	h := New(c)(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) { return web.NewResponse(200), nil }))
	for path, ok := range map[string]bool{"/a'": true, "/x": false, "/123456789": true, "/1234567890": false, "/ay": false, "/ya": true} {
		_, err := h.Serve(&swift.Request{Request: &web.Request{Path: path}})
		require.Equal(t, ok, err == nil, path)
	}
	require.Error(t, Options{ForbiddenRegexp: "("}.Validate())
	require.Equal(t, `{"forbidden_chars": "'\"`+"`"+`<>", "maximum_length": 255, "forbidden_regexp": "/\\./|/\\.\\./|/\\.$|/\\.\\.$"}`,
		string(pyjson.Marshal(Options{Enabled: true}.Info(feature.Site{})[0].Value)))
}
