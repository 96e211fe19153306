package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// TestLimitsOfAnExternalKeystone: the Image API of one site obeys the limits
// that another's Keystone keeps.
func TestLimitsOfAnExternalKeystone(t *testing.T) {
	keystone := startServer(t, filepath.Join(t.TempDir(), "data"))
	token, project := adminToken(t, keystone)
	ask := func(method, url, body string, want int) string {
		t.Helper()
		res, answer := answerOf(t, method, url, body, "X-Auth-Token", token, "Content-Type", "application/json")
		if res.StatusCode != want {
			t.Fatalf("%s %s: %d %s, want %d", method, url, res.StatusCode, answer, want)
		}
		return answer
	}
	v3 := keystone.url + "/identity/v3"
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
	v2 := images.url + "/image/v2"
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
	keystone.stop()
	ask("POST", v2+"/images", image, 413) // it is known
	images.stop()
}

func TestOsloLimitConfig(t *testing.T) {
	const external = "[keystone]\nauth_url = \"http://k\"\nusername = \"u\"\npassword = \"p\"\nproject_name = \"s\"\n"
	for text, want := range map[string]string{
		external + "[oslo_limit]\nendpoint_id = \"e\"":                                                         "",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nusername = \"g\"\npassword = \"p\"":                     "",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nusername = \"g\"":                                       "oslo_limit: password is missing",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nsystem_scope = \"some\"":                                "oslo_limit: system_scope",
		external + "[oslo_limit]\nusername = \"g\"":                                                            "oslo_limit: endpoint_id is missing",
		"[oslo_limit]\nendpoint_id = \"e\"":                                                                    "oslo_limit: endpoint_id is of an external",
		external + "[oslo_limit]\nendpoint_id = \"e\"\nusername = \"g\"\npassword = \"p\"\nproject_id = \"x\"": "",
	} {
		cfg, err := loadConfig(writeConfig(t, text))
		if err != nil {
			t.Fatal(err)
		}
		err = cfg.validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	o, k := OsloLimitConfig{EndpointID: "e", ProjectName: "admin"}, KeystoneConfig{Username: "u", Password: "p"}
	if l := o.user(&k); l.System || l.Username != "u" || l.ProjectName != "admin" {
		t.Errorf("%+v", l)
	}
}
