// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"needletail/proxy/glance/wire"
	"needletail/proxy/pyjson"
)

func TestCreateIsCheckedAgainstTheSchema(t *testing.T) {
	s := newSite(t)
	long := strings.Repeat("n", maxNameChars+1)
	f := func(body string, status int, want string) {
		t.Helper()
		a := s.do("alice", "POST", "/v2/images", body)
		if a.Status != status || !strings.Contains(a.object(t)["message"].(string), want) {
			t.Errorf("%.80s: %d %.300s", body, a.Status, a.body)
		}
	}
	f(``, 400, "Body expected in request.")
	f(`[]`, 400, "JSON object")
	f(`{"name"`, 400, "Malformed JSON")
	f(`{} {}`, 400, "Malformed JSON")
	f(strings.Repeat(`{"a":`, wire.MaxJSONDepth+1)+"1"+strings.Repeat("}", wire.MaxJSONDepth+1), 400, "Malformed JSON")
	f(`{"a": "`+strings.Repeat("x", wire.MaxJSONBytes)+`"}`, 413, "longer than")
	f(`{"disk_format": "foo"}`, 400, "Provided object does not match schema 'image': 'foo' is not one of [None, 'ami', ")
	f(`{"container_format": 5}`, 400, "5 is not one of [None, 'ami', ")
	f(`{"visibility": null}`, 400, "None is not one of ['community', ")
	f(`{"name": 5}`, 400, "5 is not of type 'null', 'string'")
	f(`{"name": "`+long+`"}`, 400, "is too long")
	f(`{"protected": "yes"}`, 400, "'yes' is not of type 'boolean'")
	f(`{"os_hidden": 1}`, 400, "1 is not of type 'boolean'")
	f(`{"min_ram": 1.5}`, 400, "1.5 is not of type 'integer'")
	f(`{"min_disk": -1}`, 400, "negative")
	f(`{"tags": "x"}`, 400, "'x' is not of type 'array'")
	f(`{"tags": [1]}`, 400, "1 is not of type 'string'")
	f(`{"tags": ["`+long+`"]}`, 400, "too long")
	f(`{"id": "x"}`, 400, "does not match '^(")
	f(`{"kernel_id": "x"}`, 400, "does not match '^(")
	f(`{"cinder_encryption_key_deletion_policy": "x"}`, 400, "'x' is not one of ['on_image_deletion', 'do_not_delete']")
	f(`{"ramdisk_id": true}`, 400, "True is not of type")
	f(`{"x": {"a": [1]}}`, 400, `{"a": [1]} is not of type 'string'`)
	f(`{"`+long+`": "x"}`, 400, "Property names")
	f(`{"status": "active"}`, 403, "Attribute 'status' is read-only.")
	f(`{"self": "x"}`, 403, "Attribute 'self' is read-only.")
	f(`{"deleted": "x"}`, 403, "Attribute 'deleted' is reserved.")
	f(`{"os_glance_x": "x"}`, 403, "Attribute 'os_glance_x' is reserved.")
	f(`{"locations": []}`, 403, "locations are invisible")
	f(`{`+strings.TrimSuffix(numbered(`"p%d": "v",`, maxProperties+1), ",")+`}`, 413, "Attempted: 129, Maximum: 128")
	f(`{"tags": [`+strings.TrimSuffix(numbered(`"t%d",`, maxTags+1), ",")+`]}`, 413, "Attempted: 129, Maximum: 128")
	if s.records() != 0 {
		t.Errorf("%d records", s.records())
	}
	s.create("alice", `"cinder_encryption_key_deletion_policy": "do_not_delete"`)
	a := s.want(201, "alice", "POST", "/v2/images", `{"x": "1", "name": "ä", "x": "2", "ramdisk_id": "2FF4bb2a-e291-4052-b5d3-8c7cdb6f91ee", "tags": []}`)
	if !strings.HasPrefix(a.body, `{"x": "2", "ramdisk_id": "2FF4bb2a-e291-4052-b5d3-8c7cdb6f91ee", "name": "\u00e4", `) {
		t.Error(a.body)
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestSchemasDescribeWhatIsServed: glanceclient validates images with them.
func TestSchemasDescribeWhatIsServed(t *testing.T) {
	s := newSite(t)
	for name, collection := range map[string]string{"image": "images", "member": "members"} {
		var one struct {
			Name       string
			Properties map[string]map[string]any
		}
		if err := json.Unmarshal([]byte(s.want(200, "alice", "GET", "/v2/schemas/"+name, "").body), &one); err != nil {
			t.Fatal(err)
		}
		all := s.want(200, "alice", "GET", "/v2/schemas/"+collection, "").object(t)
		if one.Name != name || all["name"] != collection {
			t.Errorf("names %q and %v", one.Name, all["name"])
		}
		items := all["properties"].(map[string]any)[collection].(map[string]any)["items"].(map[string]any)
		if items["name"] != name {
			t.Errorf("%s holds %v", collection, items["name"])
		}
		served := imageView(&image{})
		if name == "member" {
			served = memberView("", &member{})
		}
		for _, f := range served {
			if one.Properties[f.Key]["type"] == nil {
				t.Errorf("the schema of %s lacks %s", name, f.Key)
			}
		}
	}
	properties := schemas["image"].Get("properties").(pyjson.Object)
	for name, choices := range map[string][]string{"disk_format": diskFormats, "container_format": containerFormats, "visibility": visibilities, keyDeletionPolicy: keyDeletionPolicies} {
		var enum []string
		for _, v := range properties.Get(name).(pyjson.Object).Get("enum").(pyjson.Array) {
			if text, ok := v.(string); ok {
				enum = append(enum, text)
			}
		}
		if !slices.Equal(enum, choices) {
			t.Errorf("%s: the schema says %v, the check %v", name, enum, choices)
		}
	}
	if properties.Get("stores") != nil {
		t.Error("glanceclient 4.1 makes an option of each property, and has its own --stores: no command of it works")
	}
	for _, name := range readOnlyAttributes {
		if name != "id" && properties.Get(name).(pyjson.Object).Get("readOnly") != true {
			t.Errorf("%s is not readOnly in the schema", name)
		}
	}
}

func TestInfo(t *testing.T) {
	s := newSite(t)
	a := s.want(200, "alice", "GET", "/v2/info/import", "")
	if a.body != `{"import-methods": {"description": "Import methods available.", "type": "array", "value": ["glance-direct", "web-download", "copy-image"]}}` {
		t.Error(a.body)
	}
	if a := s.want(200, "alice", "GET", "/v2/info/usage", ""); a.body != `{"usage": {}}` {
		t.Error(a.body)
	}
	a = s.want(404, "alice", "GET", "/v2/info/stores", "")
	if !strings.Contains(a.body, "Multi backend is not supported at this site.") {
		t.Error(a.body)
	}
}
