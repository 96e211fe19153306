// SPDX-License-Identifier: Apache-2.0

// Package tempurl lets the holder of a signed URL use a single method on a
// single object, or on the objects under a prefix, until the URL expires
// (swift/common/middleware/tempurl.py).
//
// # The URL
//
//	/v1/ACCOUNT/CONTAINER/OBJECT?temp_url_sig=…&temp_url_expires=…
//
//	temp_url_sig        the MAC, in hex or as DIGEST:BASE64
//	temp_url_expires    a Unix second, or YYYY-MM-DDTHH:MM:SSZ
//	temp_url_prefix     good for all objects whose names begin so
//	temp_url_ip_range   good for clients of this address or network alone
//	filename, inline    how the answer's Content-Disposition shows it
//
// The signed text is signing.TempURL's Message. The key is one of up to four:
// X-Account-Meta-Temp-URL-Key and -Key-2, which open the account, and
// X-Container-Meta-Temp-URL-Key and -Key-2, which open the container: segments
// or the target of a link in another container are then out of reach. A
// signature for GET, POST or PUT is good for HEAD too. With an empty prefix GET
// and HEAD of the container itself are good where staticweb answers them.
//
// Every fault of a URL gets the same 401.
//
// # Lines that do not pass
//
// A PUT, POST or DELETE with X-Object-Manifest, X-Symlink-Target or X-Copy-From
// is 400: the line could point outside of the URL's scope (CVE-2015-5223,
// OSSA-2026-041). Request lines X-Timestamp and X-Open-Expired are dropped, and
// of the answer X-Object-Meta-* but not X-Object-Meta-Public-*. The query goes
// on with the signed parameters alone, so that no feature reads more out of the
// query than was signed.
//
// Answers of 2xx to GET and HEAD carry Content-Disposition, by default
// "attachment" with the last part of the name, and Expires.
package tempurl

import (
	"errors"
	"slices"
	"strings"
	"time"

	"needletail/auth/signing"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// Config is what New needs.
type Config struct {
	Digests signing.Digests
	Keys    swift.KeyStore
}

var methods = []string{"GET", "HEAD", "PUT", "POST", "DELETE"}

// headAlso are the methods whose signatures are good for HEAD.
var headAlso = []string{"HEAD", "GET", "POST", "PUT"}

// New makes the middleware.
func New(c Config) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		m := &middleware{Config: c, next: next}
		return swift.HandlerFunc(m.serve)
	}
}

type middleware struct {
	Config
	next swift.Handler
}

func (m *middleware) serve(r *swift.Request) (*web.Response, error) {
	u, ok := signing.ParseTempURL(r.Query())
	if !ok || r.Method == "OPTIONS" {
		return m.next.Serve(r)
	}
	path, err := r.SplitPath()
	if err != nil || !reachable(r.Method, path, u) {
		return nil, invalid(r)
	}
	expires, ok := u.ExpiresUnix(time.Now())
	if !ok {
		return nil, invalid(r)
	}
	sig, err := m.Digests.ParseSignature(u.Signature)
	if err != nil {
		return nil, invalid(r)
	}
	scope, err := m.scope(r, path, u, sig, expires)
	if err != nil {
		return nil, err
	}
	if scope == (signing.Scope{}) {
		return nil, invalid(r)
	}
	if err := cleanRequest(r); err != nil {
		return nil, err
	}
	r.Authorizer = scope
	r.SetRawQuery(u.Query(sig))
	res, err := m.next.Serve(r)
	if err != nil {
		return nil, err
	}
	return cleanResponse(r, path, u, expires, res)
}

// reachable says whether a URL can be for this path at all.
func reachable(method string, p swift.Path, u signing.TempURL) bool {
	if p.Version != "v1" || p.Container == "" || !slices.Contains(methods, method) {
		return false
	}
	if u.Prefix == nil {
		return strings.Trim(p.Object, "/") != ""
	}
	root := *u.Prefix == "" && (method == "GET" || method == "HEAD")
	return (root || strings.Trim(p.Object, "/") != "") && strings.HasPrefix(p.Object, *u.Prefix)
}

// scope returns the names opened by the signature: no names for an invalid
// signature. Account keys come first, for they open more.
func (m *middleware) scope(r *swift.Request, p swift.Path, u signing.TempURL, sig signing.Signature, expires int64) (signing.Scope, error) {
	if !u.AllowsIP(r.RemoteAddr) {
		return signing.Scope{}, nil
	}
	keys, err := r.ReadTempURLKeys(m.Keys, p)
	if err != nil {
		return signing.Scope{}, err
	}
	good := []string{r.Method}
	if r.Method == "HEAD" {
		good = headAlso
	}
	inAccount, inContainer := false, false
	for _, method := range good {
		message := u.Message(method, expires, p.Account, p.Container, p.Object)
		inAccount = sig.MatchesAny(keys.Account, message) || inAccount
		inContainer = sig.MatchesAny(keys.Container, message) || inContainer
	}
	switch {
	case inAccount:
		return signing.Scope{Account: p.Account}, nil
	case inContainer:
		return signing.Scope{Account: p.Account, Container: p.Container}, nil
	}
	return signing.Scope{}, nil
}

// invalid is the only refusal. The realm is "unknown" as in Swift, which makes
// the refusal without the request.
func invalid(r *swift.Request) error {
	err := swift.Unauthorized("")
	var refusal *web.StatusError
	if errors.As(err, &refusal) && r.Method != "HEAD" {
		refusal.Body = "401 Unauthorized: Temp URL invalid\n"
	}
	return err
}
