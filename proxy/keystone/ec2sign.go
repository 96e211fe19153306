package keystone

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

// The signatures of EC2 and S3, versions 2 and 4 (keystoneclient/contrib/ec2,
// keystone/api/s3tokens.py). Versions 0 and 1 leave parts of the request
// unsigned and are refused.

const (
	v4Algorithm = "AWS4-HMAC-SHA256"
	v4Request   = "aws4_request"
)

func sum(h func() hash.Hash, key, text []byte) []byte {
	m := hmac.New(h, key)
	m.Write(text)
	return m.Sum(nil)
}

// s3Signature is that of a string to sign, of version 4 if it says so, or of
// S3's old one.
func s3Signature(stringToSign []byte, secret string) (string, bool) {
	if !strings.HasPrefix(string(stringToSign), "AWS4") {
		return base64.StdEncoding.EncodeToString(sum(sha1.New, []byte(secret), stringToSign)), true
	}
	parts := strings.Split(string(stringToSign), "\n")
	if len(parts) != 4 || parts[0] != v4Algorithm {
		return "", false
	}
	scope := strings.Split(parts[2], "/")
	if len(scope) != 4 || scope[3] != v4Request || !slices.Contains([]string{"s3", "iam", "sts"}, scope[2]) {
		return "", false
	}
	return v4Signature(stringToSign, secret, scope), true
}

func v4Signature(stringToSign []byte, secret string, scope []string) string {
	key := []byte("AWS4" + secret)
	for _, part := range scope {
		key = sum(sha256.New, key, []byte(part))
	}
	return hex.EncodeToString(sum(sha256.New, key, stringToSign))
}

// ec2Request is a request that somebody signed, as a service passes it on.
type ec2Request struct {
	signature, host, verb, path, bodyHash string
	params                                map[string]string
	headers                               map[string]string // names in lower case
}

func parseEC2Request(o object) (*ec2Request, error) {
	r := &ec2Request{}
	err := o.fields(map[string]*string{"signature": &r.signature, "host": &r.host, "verb": &r.verb, "path": &r.path, "body_hash": &r.bodyHash})
	if err != nil {
		return nil, err
	}
	if r.params, err = o.texts("params"); err != nil {
		return nil, err
	}
	headers, err := o.texts("headers")
	r.headers = map[string]string{}
	for name, value := range headers {
		r.headers[strings.ToLower(name)] = value
	}
	return r, err
}

// texts is the object of strings under key, or an empty one.
func (o object) texts(key string) (map[string]string, error) {
	if o[key] == nil {
		return map[string]string{}, nil
	}
	in, err := o.need(key, "credentials")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name := range in {
		if out[name], err = in.text(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// signedWith says whether the signature is the secret's. A host may have been
// signed with its port or without.
func (r *ec2Request) signedWith(secret string) bool {
	bare, _, _ := strings.Cut(r.host, ":")
	for _, host := range []string{r.host, bare} {
		want, ok := r.sign(host, secret)
		if ok && hmac.Equal([]byte(want), []byte(r.signature)) {
			return true
		}
	}
	return false
}

func (r *ec2Request) sign(host, secret string) (string, bool) {
	if r.params["X-Amz-Algorithm"] == v4Algorithm || strings.HasPrefix(r.headers["authorization"], v4Algorithm) {
		return r.signV4(host, secret)
	}
	if r.params["SignatureVersion"] != "2" {
		return "", false
	}
	text := strings.Join([]string{r.verb, host, r.path, query(r.params)}, "\n")
	h := sha1.New
	if r.params["SignatureMethod"] == "HmacSHA256" {
		h = sha256.New
	}
	return base64.StdEncoding.EncodeToString(sum(h, []byte(secret), []byte(text))), true
}

// query is the canonical query string: sorted, with all but letters, digits and
// -_.~ escaped. The signature is no part of it.
func query(params map[string]string) string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(params)) {
		if key != "Signature" && key != "X-Amz-Signature" {
			pairs = append(pairs, escape(key)+"="+escape(params[key]))
		}
	}
	return strings.Join(pairs, "&")
}

// v4Part is a part of the Authorization header, or the parameter of that name.
func (r *ec2Request) v4Part(name string) string {
	if v := r.params["X-Amz-"+name]; v != "" {
		return v
	}
	_, rest, _ := strings.Cut(r.headers["authorization"], name+"=")
	value, _, _ := strings.Cut(rest, ",")
	return strings.TrimSpace(value)
}

func (r *ec2Request) signV4(host, secret string) (string, bool) {
	_, scopeText, _ := strings.Cut(r.v4Part("Credential"), "/")
	scope := strings.Split(scopeText, "/")
	if len(scope) != 4 || scope[3] != v4Request {
		return "", false
	}
	date := r.params["X-Amz-Date"]
	if date == "" {
		date = r.headers["x-amz-date"]
	}
	if !strings.HasPrefix(date, scope[0]) || scope[0] == "" {
		return "", false
	}
	signedHeaders := r.v4Part("SignedHeaders")
	var headers []string
	for name := range strings.SplitSeq(strings.ToLower(signedHeaders), ";") {
		value, sent := r.headers[name]
		if name == "host" && host != r.host {
			value = host
		}
		if sent {
			headers = append(headers, name+":"+strings.TrimSpace(value))
		}
	}
	params := query(r.params)
	if r.verb == "POST" {
		params = ""
	}
	canonical := strings.Join([]string{strings.ToUpper(r.verb), r.path, params, strings.Join(headers, "\n") + "\n", signedHeaders, r.bodyHash}, "\n")
	digest := sha256.Sum256([]byte(canonical))
	text := strings.Join([]string{v4Algorithm, date, scopeText, hex.EncodeToString(digest[:])}, "\n")
	return v4Signature([]byte(text), secret, scope), true
}
