// SPDX-License-Identifier: Apache-2.0

package crossdomain

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func TestPolicy(t *testing.T) {
	const frame = "<?xml version=\"1.0\"?>\n" +
		"<!DOCTYPE cross-domain-policy SYSTEM \"http://www.adobe.com/xml/dtds/cross-domain-policy.dtd\" >\n" +
		"<cross-domain-policy>\n%\n</cross-domain-policy>"
	head, tail := frame[:len(frame)-len("%\n</cross-domain-policy>")], "\n</cross-domain-policy>"
	for _, c := range []struct {
		config Options
		policy string
	}{
		{Options{}, `<allow-access-from domain="*" secure="false" />`},
		{Options{Policy: `<allow-access-from domain="a.example" />`}, `<allow-access-from domain="a.example" />`},
	} {
		h := New(c.config)(swift.HandlerFunc(func(*swift.Request) (*web.Response, error) {
			return nil, web.Status(404)
		}))
		res, err := h.Serve(&swift.Request{Request: &web.Request{Method: "GET", Path: "/crossdomain.xml"}})
		require.NoError(t, err)
		require.Equal(t, 200, res.Status)
		require.Equal(t, "application/xml", res.Header.Get("Content-Type"))
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, head+c.policy+tail, string(b))
		for _, r := range []swift.Request{{Request: &web.Request{Method: "PUT", Path: "/crossdomain.xml"}}, {Request: &web.Request{Method: "GET", Path: "/v1/a"}}} {
			_, err := h.Serve(&r)
			require.Error(t, err, "%s %s passes", r.Method, r.Path)
		}
	}
}
