package keystone

import (
	"errors"
	"strings"
	"testing"

	"needletail/proxy/swift"
)

// Who shows no token may send less than a user.
func TestBodyOfAStrangerIsBounded(t *testing.T) {
	c := newCloud(t)
	padded := func(n int) string { return "{}" + strings.Repeat(" ", n-2) }
	token := c.login("admin", onAdmin)
	for _, x := range []struct {
		path, token string
		bytes       int
		status      int
	}{
		{"/v3/auth/tokens", "", maxStrangerBodyBytes, 400},
		{"/v3/auth/tokens", "", maxStrangerBodyBytes + 1, 413},
		{"/v3/users/" + adminUser + "/password", "", maxStrangerBodyBytes + 1, 413},
		{"/v3/auth/tokens", token, maxBodyBytes, 400},
		{"/v3/users", token, maxBodyBytes, 400},
		{"/v3/users", token, maxBodyBytes + 1, 413},
	} {
		var lines []string
		if x.token != "" {
			lines = []string{"X-Auth-Token", x.token}
		}
		if a := c.do("POST", x.path, padded(x.bytes), lines...); a.status != x.status {
			t.Errorf("%s with %d bytes: %d %s", x.path, x.bytes, a.status, a.body)
		}
	}
}

// A body is held with what parsing makes of it, and a list with its rows.
func TestBodiesAndListsAreHeld(t *testing.T) {
	c := newCloud(t)
	token := c.login("admin", onAdmin)
	for _, x := range []struct {
		method, path, body string
		bytes              int64
	}{
		{"POST", "/v3/users", `{"user": {}}` + strings.Repeat(" ", 10_000), bodyHeldFactor * 10_000},
		{"GET", "/v3/users", "", 3 * rowBytes},
	} {
		var held swift.Held
		memory := swift.NewMemory(x.bytes)
		held.Use(memory)
		held.SetKnown()
		r := &swift.Request{Method: x.method, Path: x.path, Body: strings.NewReader(x.body), ContentLength: int64(len(x.body))}
		r.Header.Set("X-Auth-Token", token)
		r.SetHeld(&held)
		if _, err := c.handler.Serve(r); !errors.Is(err, swift.ErrNoMemory) {
			t.Errorf("%s %s: %v", x.method, x.path, err)
		}
		held.End()
	}
}
