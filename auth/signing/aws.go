// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// The signatures of Amazon's EC2 and S3, versions 2 and 4
// (keystoneclient/contrib/ec2, keystone/api/s3tokens.py). Versions 0 and 1 leave
// parts of the request unsigned and are refused.

const (
	v4Algorithm = "AWS4-HMAC-SHA256"
	v4Request   = "aws4_request"
)

func sum(h func() hash.Hash, key, text []byte) []byte {
	m := hmac.New(h, key)
	m.Write(text)
	return m.Sum(nil)
}

// v4Signature returns the signature of version 4. scope has the date, the region,
// the service and v4Request.
func v4Signature(stringToSign []byte, secret string, scope []string) string {
	key := []byte("AWS4" + secret)
	for _, part := range scope {
		key = sum(sha256.New, key, []byte(part))
	}
	return hex.EncodeToString(sum(sha256.New, key, stringToSign))
}

// AWSStringToSign is the text that a client of S3 has signed: the text of version
// 4 begins with "AWS4", and every further text is of version 2.
type AWSStringToSign string

// SignedWith says whether signature is the signature of the text with a secret.
func (s AWSStringToSign) SignedWith(secret, signature string) bool {
	want, ok := s.sign(secret)
	return ok && hmac.Equal([]byte(want), []byte(signature))
}

// sign returns the signature, and false for a text of version 4 that is malformed
// or meant for another service.
func (s AWSStringToSign) sign(secret string) (string, bool) {
	if !strings.HasPrefix(string(s), "AWS4") {
		return base64.StdEncoding.EncodeToString(sum(sha1.New, []byte(secret), []byte(s))), true
	}
	parts := strings.Split(string(s), "\n")
	if len(parts) != 4 || parts[0] != v4Algorithm {
		return "", false
	}
	scope := strings.Split(parts[2], "/")
	if len(scope) != 4 || scope[3] != v4Request || !slices.Contains([]string{"s3", "iam", "sts"}, scope[2]) {
		return "", false
	}
	return v4Signature([]byte(s), secret, scope), true
}

// AWSRequest is a signed request, as far as signatures of EC2's API cover a
// request.
type AWSRequest struct {
	// Signature is the claim of the client.
	Signature string
	// Host is the Host header, with or without a port.
	Host       string
	Verb, Path string
	// BodyHash is the SHA-256 of the body in hex. Version 4 signs the hash; the
	// receiver of the body compares the hash with the body.
	BodyHash string
	// Params are the parameters of the query, or of a form, decoded.
	Params map[string]string
	// Headers have names in lower case.
	Headers map[string]string
}

// SignedWith says whether the signature was made with a secret. A client may have
// signed the host with the port or without.
func (r *AWSRequest) SignedWith(secret string) bool {
	bare, _, _ := strings.Cut(r.Host, ":")
	for _, host := range []string{r.Host, bare} {
		want, ok := r.sign(host, secret)
		if ok && hmac.Equal([]byte(want), []byte(r.Signature)) {
			return true
		}
	}
	return false
}

// sign returns the signature of the request to a host, and false for a malformed
// request or an unknown version.
func (r *AWSRequest) sign(host, secret string) (string, bool) {
	if r.Params["X-Amz-Algorithm"] == v4Algorithm || strings.HasPrefix(r.Headers["authorization"], v4Algorithm) {
		return r.signV4(host, secret)
	}
	if r.Params["SignatureVersion"] != "2" {
		return "", false
	}
	text := strings.Join([]string{r.Verb, host, r.Path, canonicalQuery(r.Params)}, "\n")
	h := sha1.New
	if r.Params["SignatureMethod"] == "HmacSHA256" {
		h = sha256.New
	}
	return base64.StdEncoding.EncodeToString(sum(h, []byte(secret), []byte(text))), true
}

// canonicalQuery returns the canonical query string: pairs in the order of the keys, with
// every byte escaped except letters, digits and -_.~. The signature itself is left
// out.
func canonicalQuery(params map[string]string) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if key != "Signature" && key != "X-Amz-Signature" {
			pairs = append(pairs, escape(key)+"="+escape(params[key]))
		}
	}
	return strings.Join(pairs, "&")
}

// v4Part returns a part of the Authorization header, or the parameter of the same
// name in a signed URL: "Credential", "SignedHeaders".
func (r *AWSRequest) v4Part(name string) string {
	if v := r.Params["X-Amz-"+name]; v != "" {
		return v
	}
	_, rest, _ := strings.Cut(r.Headers["authorization"], name+"=")
	value, _, _ := strings.Cut(rest, ",")
	return strings.TrimSpace(value)
}

// signV4 is sign for version 4. The time of the request has to lie on the date of
// the scope.
func (r *AWSRequest) signV4(host, secret string) (string, bool) {
	_, scopeText, _ := strings.Cut(r.v4Part("Credential"), "/")
	scope := strings.Split(scopeText, "/")
	if len(scope) != 4 || scope[3] != v4Request {
		return "", false
	}
	date := r.Params["X-Amz-Date"]
	if date == "" {
		date = r.Headers["x-amz-date"]
	}
	if !strings.HasPrefix(date, scope[0]) || scope[0] == "" {
		return "", false
	}
	signedHeaders := r.v4Part("SignedHeaders")
	params := canonicalQuery(r.Params)
	if r.Verb == "POST" {
		params = "" // the parameters are the body
	}
	canonical := strings.Join([]string{strings.ToUpper(r.Verb), r.Path, params,
		strings.Join(r.headerLines(signedHeaders, host), "\n") + "\n", signedHeaders, r.BodyHash}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{v4Algorithm, date, scopeText, hex.EncodeToString(digest[:])}, "\n")
	return v4Signature([]byte(text), secret, scope), true
}

// headerLines returns the lines "name:value" of the signed headers that the
// request has.
func (r *AWSRequest) headerLines(signedHeaders, host string) (lines []string) {
	for name := range strings.SplitSeq(strings.ToLower(signedHeaders), ";") {
		value, sent := r.Headers[name]
		if name == "host" && host != r.Host {
			value = host
		}
		if sent {
			lines = append(lines, name+":"+strings.TrimSpace(value))
		}
	}
	return lines
}
