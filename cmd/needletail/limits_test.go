// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"needletail/cmd/harness/testserver"
	"needletail/cmd/needletail/config"
)

// TestLimitsOfAnExternalKeystone: the Image API of one site obeys the limits
// that another's Keystone keeps.
func TestLimitsOfAnExternalKeystone(t *testing.T) {
	keystone := testserver.Start(t, filepath.Join(t.TempDir(), "data"))
	token, project := adminToken(t, keystone)
	ask := func(method, url, body string, want int) string {
		t.Helper()
		res, answer := testserver.Answer(t, method, url, body, "X-Auth-Token", token, "Content-Type", "application/json")
		if res.StatusCode != want {
			t.Fatalf("%s %s: %d %s, want %d", method, url, res.StatusCode, answer, want)
		}
		return answer
	}
	v3 := keystone.URL + "/identity/v3"
	var services struct{ Services []struct{ ID string } }
	var endpoints struct{ Endpoints []struct{ ID string } }
	if err := json.Unmarshal([]byte(ask("GET", v3+"/services?type=image", "", 200)), &services); err != nil {
		t.Fatal(err)
	}
	service := services.Services[0].ID
	if err := json.Unmarshal([]byte(ask("GET", v3+"/endpoints?interface=public&service_id="+service, "", 200)), &endpoints); err != nil {
		t.Fatal(err)
	}
	for resource, value := range map[string]string{"image_count_total": "5", "image_size_total": "1", "image_count_uploading": "2"} {
		ask("POST", v3+"/registered_limits", `{"registered_limits": [{"service_id": "`+service+`", "region_id": "RegionOne", "resource_name": "`+
			resource+`", "default_limit": `+value+`}]}`, 201)
	}
	ask("POST", v3+"/limits", `{"limits": [{"service_id": "`+service+`", "region_id": "RegionOne", "resource_name": "image_count_total", "project_id": "`+
		project+`", "resource_limit": 1}]}`, 201)

	images := startBehind(t, keystone, "image_account = \"AUTH_"+project+"\"\n[oslo_limit]\nendpoint_id = \""+endpoints.Endpoints[0].ID+"\"\n")
	v2 := images.URL + "/image/v2"
	usage := ask("GET", v2+"/info/usage", "", 200)
	for _, want := range []string{`"image_count_total": {"usage": 0, "limit": 1}`, `"image_size_total": {"usage": 0, "limit": 1}`, `"image_stage_total": {"usage": 0, "limit": 0}`} {
		if !strings.Contains(usage, want) {
			t.Errorf("no %s in %s", want, usage)
		}
	}
	const image = `{"name": "i", "disk_format": "raw", "container_format": "bare"}`
	ask("POST", v2+"/images", image, 201)
	if body := ask("POST", v2+"/images", image, 413); !strings.Contains(body, "image_count_total is over limit of 1") {
		t.Errorf("over the limit: %s", body)
	}
	keystone.Stop()
	ask("POST", v2+"/images", image, 413) // it is known
	images.Stop()
}

func TestImageLimitsWithoutKeystone(t *testing.T) {
	off := (&storage{}).imageLimit(settings{Config: config.Config{Glance: config.Glance{ImageSizeTotal: 7, ImageCountTotal: -1}}})
	if n, err := off(t.Context(), "", "image_size_total"); n != 7 || err != nil {
		t.Errorf("limit %d, %v", n, err)
	}
}
