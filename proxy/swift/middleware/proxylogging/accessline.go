// SPDX-License-Identifier: Apache-2.0

package proxylogging

// AccessLine has the parts of Swift's access line that the front does not know.
// Tokens and signatures are cut already.
type AccessLine struct {
	// ClientIP is the client's address according to a proxy in front, else the
	// peer's.
	ClientIP string
	// Path is percent-encoded and has the query.
	Path       string
	Referer    string
	UserAgent  string
	AuthToken  string // its beginning
	ClientETag string
	// PolicyIndex is the index of the container's policy, decimal; "" for none.
	PolicyIndex string
	// Type is "account", "container" or "object", as the path is when the features
	// have seen the request; "" for any other path. Type is no part of the line:
	// Swift counts requests by the type in its figures for statsd.
	Type string
}
