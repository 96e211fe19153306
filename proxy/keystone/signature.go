// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"encoding/base64"
	"time"

	"needletail/auth/signing"
	"needletail/proxy/web"
)

// signatureRoutes check the signature of a request that a service received. The
// routes need the token of a service, as Keystone's do since Keystone limited
// the callers.
var signatureRoutes = []route{
	{method: "POST", pattern: "/v3/s3tokens", action: "identity:s3tokens_validate", rule: services, handle: checkS3},
	{method: "POST", pattern: "/v3/ec2tokens", action: "identity:ec2tokens_validate", rule: services, handle: checkEC2},
}

// signedRequest reads the body, and returns the signed request and the access
// key.
func (c *call) signedRequest() (object, string, error) {
	body, err := c.readObject()
	if err != nil {
		return nil, "", err
	}
	var signed object
	for _, key := range []string{"credentials", "credential", "ec2Credentials"} {
		if m, ok := body[key].(map[string]any); ok && len(m) > 0 {
			signed = m
			break
		}
	}
	access, err := signed.text("access")
	if err == nil && access == "" {
		err = c.unauthorized()
	}
	return signed, access, err
}

// checkS3 answers with the token of the key's user, but without the token's
// text: the service learns the identity, and cannot act in the user's name
// (keystone/api/s3tokens.py).
func checkS3(c *call) (*web.Response, error) {
	signed, access, err := c.signedRequest()
	if err != nil {
		return nil, err
	}
	var text, signature string
	if err := signed.fields(map[string]*string{"token": &text, "signature": &signature}); err != nil {
		return nil, err
	}
	stringToSign, err := base64.URLEncoding.DecodeString(text)
	if err != nil || !signing.AWSStringToSign(stringToSign).IsFresh(time.Now()) {
		return nil, c.unauthorized()
	}
	t, err := c.svc.AuthenticateEC2(access, func(secret string) bool {
		return signing.AWSStringToSign(stringToSign).SignedWith(secret, signature)
	})
	if err != nil {
		return nil, err
	}
	res := c.tokenResponse(200, t)
	res.Header.Del("X-Subject-Token")
	return res, nil
}

// checkEC2 answers with a token of the key's user.
func checkEC2(c *call) (*web.Response, error) {
	signed, access, err := c.signedRequest()
	if err != nil {
		return nil, err
	}
	r, err := parseEC2Request(signed)
	if err != nil {
		return nil, err
	}
	if !r.IsFresh(time.Now()) {
		return nil, c.unauthorized()
	}
	t, err := c.svc.AuthenticateEC2(access, r.SignedWith)
	if err != nil {
		return nil, err
	}
	return c.tokenResponse(200, t), nil
}
