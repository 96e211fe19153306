// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestHiddenAccountsAreOutOfReach asks for what features keep for themselves, by
// every way in which a request names an account, as those who may do most.
func TestHiddenAccountsAreOutOfReach(t *testing.T) {
	s := newAuthSite(t)
	s.reset("keystone")
	const secret = "name-of-a-private-image"
	owner := s.tokens["keystone owner"]
	res, _ := s.ask("POST", "/image/v2/images", `{"name": "`+secret+`", "visibility": "private"}`, "X-Auth-Token", owner, "Content-Type", "application/json")
	var image struct{ ID string }
	if err := json.NewDecoder(res.Body).Decode(&image); err != nil || image.ID == "" {
		t.Fatalf("an image: %d, %v", res.StatusCode, err)
	}
	account := "/v1/" + authAccounts["keystone"]
	if res, _ := s.ask("PUT", account+"/kept", "", "X-Auth-Token", owner, "X-Versions-Enabled", "true"); res.StatusCode/100 != 2 {
		t.Fatal(res.Status)
	}
	versions := "%FFversions." + authAccounts["keystone"]
	record := "images/" + image.ID

	type request struct {
		method, path string
		lines        []string
	}
	var requests []request
	for _, spelling := range []string{"/v1/.glance", "/v1.0/.glance", "/v1/%2Eglance", "/v1/%2eglance", "/v1/" + versions, "/v1/%ffcontainer_sync"} {
		for _, rest := range []string{"", "/", "/images", "/tasks", "/metadefs", "/images/", "/" + record, "/new", "/images/new", "/images?format=json", "?format=json",
			"/" + record + "?multipart-manifest=get", "/images/x?multipart-manifest=put", "/" + record + "?version-id=null", "?bulk-delete", "?extract-archive=tar", "/images?versions"} {
			for _, method := range strings.Fields("GET HEAD PUT POST DELETE COPY") {
				if path := spelling + rest; !strings.Contains(path, "//") {
					requests = append(requests, request{method, path, []string{"Destination", "c/copied", "Content-Type", "text/plain", "Accept", "application/json"}})
				}
			}
		}
		requests = append(requests, request{"GET", strings.Replace(spelling, "/v1", "/endpoints/v2", 1) + "/images", nil})
	}
	for _, hidden := range []string{".glance", "%2Eglance", versions, "%FFcontainer_sync"} {
		requests = append(requests,
			request{"PUT", account + "/c/stolen", []string{"X-Copy-From", record, "X-Copy-From-Account", hidden}},
			request{"COPY", account + "/c/o", []string{"Destination", "images/planted", "Destination-Account", hidden}},
		)
	}
	for _, kind := range []string{"keystone", "tempauth"} {
		for _, who := range []string{"reseller", "owner", "service", "reader", "none"} {
			for _, r := range requests {
				res, _ := s.ask(r.method, r.path, "x", append(r.lines, "X-Auth-Token", s.tokens[kind+" "+who], "X-Service-Token", s.tokens[kind+" service"])...)
				text, _ := io.ReadAll(res.Body)
				status := fmt.Sprint(res.StatusCode)
				if status == "200" && (strings.Contains(r.path, "bulk-delete") || strings.Contains(r.path, "extract-archive")) {
					res.Body = io.NopCloser(strings.NewReader(string(text)))
					status = statusOfPart(res)
				}
				if !slices.Contains([]string{"400", "401", "403", "404", "405", "412"}, status) {
					t.Errorf("%s %s %v as %s %s: %s", r.method, r.path, r.lines, kind, who, status)
				}
				if strings.Contains(string(text), secret) {
					t.Errorf("%s %s as %s %s shows a record", r.method, r.path, kind, who)
				}
			}
		}
	}

	reseller := s.tokens["keystone reseller"]
	for _, path := range []string{"/v1/.glance", "/v1/.glance/images", "/v1/.glance/" + record} {
		for _, method := range strings.Fields("GET HEAD PUT POST DELETE OPTIONS") {
			if res, _ := s.ask(method, path, "x", "X-Auth-Token", reseller); res.StatusCode != 412 {
				t.Errorf("%s %s as the reseller admin: %d", method, path, res.StatusCode)
			}
		}
		if res, _ := s.ask("GET", path+"?"+matrixURL("keystone", "GET", path, "valid"), ""); res.StatusCode/100 == 2 {
			t.Errorf("a temporary URL of %s: %d", path, res.StatusCode)
		}
		body, contentType := matrixForm(path, "valid")
		if res, _ := s.ask("POST", path, body, "Content-Type", contentType); res.StatusCode/100 == 2 {
			t.Errorf("a form to %s: %d", path, res.StatusCode)
		}
	}

	// A link is not followed there, whoever made it.
	link := account + "/c/there"
	s.ask("PUT", link, "", "X-Auth-Token", reseller, "X-Symlink-Target", record, "X-Symlink-Target-Account", ".glance")
	if res, _ := s.ask("GET", link, "", "X-Auth-Token", reseller); res.StatusCode/100 == 2 {
		t.Errorf("a link to a record: %d", res.StatusCode)
	}
	if res, _ := s.ask("GET", "/image/v2/images/"+image.ID, "", "X-Auth-Token", owner); res.StatusCode != 200 {
		t.Errorf("the image, after all that: %d", res.StatusCode)
	}
}
