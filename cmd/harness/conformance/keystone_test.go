// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestKeystoneUsers(t *testing.T) {
	var asked []string
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/identity/v3"))
		kind := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/identity/v3/"), "s")
		switch {
		case strings.HasSuffix(r.URL.Path, "/auth/tokens"):
			w.Header().Set("X-Subject-Token", "t")
			w.WriteHeader(201)
		case r.Header.Get("X-Auth-Token") != "t":
			w.WriteHeader(401)
		case r.Method == "GET" && kind == "domain": // there already
			_, _ = w.Write([]byte(`{"domains": [{"id": "d"}]}`))
		case r.Method == "GET":
			_, _ = w.Write([]byte(`{"` + kind + `s": []}`))
		case r.Method == "POST":
			w.WriteHeader(201)
			_, _ = w.Write([]byte(`{"` + kind + `": {"id": "new` + kind + `"}}`))
		}
	}))
	defer h.Close()
	conf, err := keystoneUsers(context.Background(), &server{url: h.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"auth_version = 3", "domain4 = test-domain", "username = tester", "password6 = testing6"} {
		if !strings.Contains(conf, line+"\n") {
			t.Errorf("no %q in\n%s", line, conf)
		}
	}
	want := "GET /domains, GET /projects, POST /projects, GET /users, POST /users, GET /roles, POST /roles, " +
		"PUT /projects/newproject/users/newuser/roles/newrole"
	if got := strings.Join(asked[1:9], ", "); got != want {
		t.Errorf("asked %s", got)
	}
	h.Config.Handler = http.NotFoundHandler()
	if _, err := keystoneUsers(context.Background(), &server{url: h.URL}); err == nil {
		t.Error("a Keystone that answers 404 is taken")
	}
}
