// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/auth/acl"
	"needletail/auth/signing"
	authtempauth "needletail/auth/tempauth"
	"needletail/objstore"
	"needletail/objstore/encryption"
	"needletail/objstore/engine"
	"needletail/proxy/keystone"
	"needletail/proxy/metrics"
	"needletail/proxy/swift"
	"needletail/proxy/swift/controllers"
	"needletail/proxy/swift/feature"
	"needletail/proxy/swift/middleware/tempauth"
	"needletail/proxy/swift/pipeline"
	"needletail/proxy/web"
)

// BenchmarkSmallRequest measures what one request of a 4 KiB object costs
// between the socket and the disk: the mount, the whole pipeline, the
// controllers and the engine, with a token that is known.
func BenchmarkSmallRequest(b *testing.B) {
	serve, token := benchSite(b)
	body := strings.Repeat("x", 4<<10)
	for _, method := range []string{"PUT", "GET", "HEAD", "POST"} {
		b.Run("method="+method, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := benchRequest(method, "/v1/AUTH_bench/c/o", token)
				if method == "PUT" {
					r.Body, r.ContentLength = strings.NewReader(body), int64(len(body))
				}
				benchServe(b, serve, r)
			}
		})
	}
}

// benchSite is the pipeline over an engine with an empty container c.
func benchSite(b *testing.B) (serve web.Handler, token string) {
	b.Helper()
	store, err := engine.Open(b.TempDir(), engine.Options{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, store.Close()) })
	st := encryption.New(store, encryption.Keys{})
	user, err := authtempauth.ParseUser("bench:bench=k,.admin")
	require.NoError(b, err)
	users, err := authtempauth.New(authtempauth.Config{Users: []authtempauth.User{user}})
	require.NoError(b, err)
	login, err := users.Login(b.Context(), "bench", "bench", "k")
	require.NoError(b, err)
	options := pipeline.DefaultOptions()
	options.Put(&tempauth.Feature, &tempauth.Options{Auth: users})
	api, err := pipeline.New(pipeline.Config{
		Site: feature.Site{
			Store: st, Policies: objstore.DefaultPolicies(), Digests: signing.DefaultDigests(),
			Limits: swift.DefaultLimits(), Log: slog.New(slog.DiscardHandler),
		},
		Options: options,
		Controllers: controllers.New(controllers.Config{
			Store: st, Policies: objstore.DefaultPolicies(), Limits: swift.DefaultLimits(),
			AccountAutocreate: true, CleanACL: acl.Clean,
		}),
	})
	require.NoError(b, err)
	serve = &Mount{
		Swift:    swift.Door(api),
		Keystone: keystone.New(keystone.Config{}), Metrics: metrics.New(),
	}
	benchServe(b, serve, benchRequest("PUT", "/v1/AUTH_bench/c", login.Value))
	return serve, login.Value
}

func benchRequest(method, path, token string) *web.Request {
	return &web.Request{
		Method: method, RawPath: path, Path: path, Scheme: "http", Host: "h", RemoteAddr: "127.0.0.1",
		Proto: "HTTP/1.1", TransID: "tx0", Body: web.NoBody, ContentLength: web.NoLength,
		Header: web.Header{{Name: "Host", Value: "h"}, {Name: "X-Auth-Token", Value: token},
			{Name: "Content-Type", Value: "application/octet-stream"}},
	}
}

func benchServe(b *testing.B, serve web.Handler, r *web.Request) {
	res, err := serve.Serve(r)
	if err != nil || res.Status/100 != 2 {
		b.Fatal(res, err)
	}
	if res.Body != nil {
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			b.Fatal(err)
		}
	}
	if err := res.Close(); err != nil {
		b.Fatal(err)
	}
}
