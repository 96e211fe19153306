package swift

import (
	"errors"
	"testing"
)

// A refusal that a feature has made an answer of is a refusal, with its lines.
func TestCheckAuthorizedTakesAnswersToo(t *testing.T) {
	r := &Request{Method: "PUT", Path: "/v1/a/c/o"}
	err := r.CheckAuthorized(HandlerFunc(func(*Request) (*Response, error) {
		res := ErrorResponse(Unauthorized("a"))
		res.Header.Add("Www-Authenticate", "Keystone")
		return res, nil
	}), nil)
	var refusal *StatusError
	if !errors.As(err, &refusal) || refusal.Status != 401 {
		t.Fatalf("error %v", err)
	}
	page := ErrorResponse(err)
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
