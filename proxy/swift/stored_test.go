// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"errors"
	"testing"

	"needletail/proxy/web"
)

// A refusal that a feature has made an answer of is a refusal, with its lines.
func TestCheckAuthorizedTakesAnswersToo(t *testing.T) {
	r := &Request{Request: &web.Request{Method: "PUT", Path: "/v1/a/c/o"}}
	err := r.CheckAuthorized(HandlerFunc(func(*Request) (*web.Response, error) {
		res := web.ErrorResponse(Unauthorized("a"))
		res.Header.Add("Www-Authenticate", "Keystone")
		return res, nil
	}), nil)
	var refusal *web.StatusError
	if !errors.As(err, &refusal) || refusal.Status != 401 {
		t.Fatalf("error %v", err)
	}
	page := web.ErrorResponse(err)
	var challenges []string
	for _, f := range page.Header {
		if f.Name == "Www-Authenticate" {
			challenges = append(challenges, f.Value)
		}
	}
	if len(challenges) != 2 || challenges[1] != "Keystone" || page.Header.Get("Content-Type") == "" {
		t.Errorf("the answer has %v", page.Header)
	}
	if err := r.CheckAuthorized(allowing, nil); err != nil {
		t.Errorf("what is allowed: %v", err)
	}
}
