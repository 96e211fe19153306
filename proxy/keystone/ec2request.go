// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"strings"

	"needletail/auth/signing"
)

// parseEC2Request reads the body of ec2tokens: a signed request, as a service
// passes the request on.
func parseEC2Request(o object) (*signing.AWSRequest, error) {
	r := &signing.AWSRequest{Headers: map[string]string{}}
	err := o.fields(map[string]*string{"signature": &r.Signature, "host": &r.Host, "verb": &r.Verb, "path": &r.Path, "body_hash": &r.BodyHash})
	if err != nil {
		return nil, err
	}
	if r.Params, err = o.texts("params"); err != nil {
		return nil, err
	}
	headers, err := o.texts("headers")
	for name, value := range headers {
		r.Headers[strings.ToLower(name)] = value
	}
	return r, err
}

// texts returns the object of strings under key; an absent object is empty.
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
