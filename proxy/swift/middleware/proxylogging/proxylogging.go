// SPDX-License-Identifier: Apache-2.0

// Package proxylogging writes Swift's access line, for programs that read the
// line (swift/common/middleware/proxy_logging.py), beside the log of the
// server.
//
// A request of a client has one line, of fields between single spaces, in the
// order of Swift's default log_msg_template of 2.38:
//
//	client_ip remote_addr end_time.datetime method path protocol status_int
//	referer user_agent auth_token bytes_recvd bytes_sent client_etag
//	transaction_id headers request_time source log_info start_time end_time
//	policy_index access_user_id
//
// Each field is percent-encoded but for ":/{}". An empty field, or the number
// 0, is "-". So path, which is encoded already, is encoded twice. Times are
// Unix seconds with nine digits of fraction, end_time.datetime is UTC as
// 02/Oct/2026/09/41/59, request_time has four digits of fraction. A request
// whose client left has the status 499, a request whose answer broke 500.
//
// headers, source and access_user_id are always "-": headers and requests of
// features are not logged, and S3's user is not known.
//
// Of a token and of temp_url_sig the first 16 characters are there, and "..."
// (Swift's reveal_sensitive_prefix). The middleware cuts them, before anything
// is handed on.
//
// Figures for statsd are made of the same notes (proxy/statsd).
//
// The work is divided: New's middleware notes its view of the request, and the
// front calls Log.Write when the answer has been sent. Requests that end before
// the middleware (malformed requests, /healthcheck, other services') have no
// line.
package proxylogging

import (
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// revealedBytes is how much of a secret a line shows.
const revealedBytes = 16

// sensitiveParam holds a signature.
const sensitiveParam = "temp_url_sig"

// New makes the middleware. The store tells the policy of a container.
func New(store objstore.ContainerStore) swift.Middleware {
	return func(next swift.Handler) swift.Handler {
		return swift.HandlerFunc(func(r *swift.Request) (*web.Response, error) {
			line := note(r)
			r.Log.Line = line
			res, err := next.Serve(r)
			line.PolicyIndex, line.Type = policyIndex(r, store), typeOf(r.Path)
			return res, err
		})
	}
}

// note collects the parts of the line first, for features change the request.
func note(r *swift.Request) *AccessLine {
	l := &AccessLine{
		ClientIP:   r.Header.Get("X-Cluster-Client-Ip"),
		Path:       web.Quote(r.Path),
		Referer:    r.Header.Get("Referer"),
		UserAgent:  r.Header.Get("User-Agent"),
		AuthToken:  cut(r.Header.Get("X-Auth-Token")),
		ClientETag: r.Header.Get("Etag"),
	}
	if l.ClientIP == "" {
		first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
		l.ClientIP = strings.TrimSpace(first)
	}
	if l.ClientIP == "" {
		l.ClientIP = r.RemoteAddr
	}
	if r.RawQuery != "" {
		l.Path += "?" + cutParams(r.RawQuery)
	}
	return l
}

// typeOf returns what a path names, as Swift's get_metric_name_type does: by the
// slashes of the decoded path.
func typeOf(path string) string {
	if !strings.HasPrefix(path, "/v1/") {
		return ""
	}
	switch strings.Count(strings.Trim(path, "/"), "/") {
	case 0:
		return ""
	case 1:
		return "account"
	case 2:
		return "container"
	}
	return "object"
}

// policyIndex returns the policy index of the container in the path. The
// container is looked up, for the store does not tell the policy of an object;
// the line is an option.
func policyIndex(r *swift.Request, store objstore.ContainerStore) string {
	p, err := r.SplitPath()
	if err != nil || p.Container == "" {
		return ""
	}
	info, err := r.ContainerInfo(store, p.ContainerID())
	if err != nil {
		return ""
	}
	return strconv.Itoa(int(info.Policy))
}

// cut leaves the beginning of a secret.
func cut(secret string) string {
	if len(secret) > revealedBytes {
		return secret[:revealedBytes] + "..."
	}
	return secret
}

// cutParams cuts the signatures in a raw query.
func cutParams(raw string) string {
	pairs := strings.Split(raw, "&")
	for i, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if decoded := strings.ReplaceAll(name, "+", " "); ok && web.Unquote(decoded) == sensitiveParam {
			pairs[i] = name + "=" + cut(value)
		}
	}
	return strings.Join(pairs, "&")
}
