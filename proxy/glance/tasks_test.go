// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"needletail/proxy/glance/wire"
)

func taskBody(uri string) string {
	return `{"type": "import", "input": {"import_from": "` + uri + `", "import_from_format": "raw", ` +
		`"image_properties": {"name": "imported", "disk_format": "raw", "container_format": "bare"}}}`
}

func TestTasksAPI(t *testing.T) {
	s, server := newDownloadSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/image" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, "data")
	}))
	s.now = time.Now() // records expire by the Store's clock
	s.want(403, "alice", "GET", "/v2/tasks", "")
	s.want(403, "alice", "POST", "/v2/tasks", taskBody(server.URL+"/image"))
	made := s.want(201, "admin", "POST", "/v2/tasks", taskBody(server.URL+"/image")).object(t)
	s.want(201, "admin", "POST", "/v2/tasks", taskBody(server.URL+"/absent"))
	s.settle()
	self := made["self"].(string)
	shown := s.want(200, "admin", "GET", self, "").object(t)
	if shown["status"] != "success" || shown["type"] != "import" || shown["expires_at"] == nil {
		t.Errorf("%v", shown)
	}
	id := shown["result"].(map[string]any)["image_id"].(string)
	if a := s.want(200, "admin", "GET", "/v2/images/"+id+"/file", ""); a.body != "data" {
		t.Error(a.body)
	}
	for query, want := range map[string]int{"": 2, "?status=success": 1, "?status=failure": 1, "?limit=1": 1, "?limit=0": 0, "?type=import": 2} {
		if got := len(s.taskList(query)); got != want {
			t.Errorf("%q lists %d, not %d", query, got, want)
		}
	}
	first := s.want(200, "admin", "GET", "/v2/tasks?limit=1&sort_dir=asc", "").object(t)
	rest := s.want(200, "admin", "GET", first["next"].(string), "").object(t)
	if first["tasks"].([]any)[0].(map[string]any)["id"] != made["id"] || len(rest["tasks"].([]any)) != 1 {
		t.Errorf("pages %v, %v", first, rest)
	}
	s.restart()
	if got := len(s.taskList("")); got != 2 {
		t.Errorf("%d tasks after a restart", got)
	}
	a := s.want(405, "admin", "DELETE", self, "")
	if a.Header.Get("Allow") != "GET" || !strings.Contains(a.body, "auto deleted") {
		t.Errorf("%v %s", a.Header, a.body)
	}
	s.want(404, "admin", "GET", "/v2/tasks/"+wire.NewUUID(), "")
	s.want(200, "alice", "GET", "/v2/schemas/task", "")
	if a := s.want(200, "alice", "GET", "/v2/schemas/tasks", ""); strings.Contains(a.body, `"message"`) {
		t.Error("a listing promises messages")
	}
}

func (s *site) taskList(query string) []any {
	s.t.Helper()
	var v struct{ Tasks []any }
	if err := json.Unmarshal([]byte(s.want(200, "admin", "GET", "/v2/tasks"+query, "").body), &v); err != nil {
		s.t.Fatal(err)
	}
	return v.Tasks
}

func TestTaskRequestsAreChecked(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct{ method, path, body, text string }{
		{"POST", "/v2/tasks", `{"input": {}}`, "Task 'type' is required"},
		{"POST", "/v2/tasks", `{"type": "import"}`, "Task 'input' is required"},
		{"POST", "/v2/tasks", `{"type": "export", "input": {}}`, "does not match schema 'task'"},
		{"POST", "/v2/tasks", `{"type": "import", "input": 1}`, "does not match schema 'task'"},
		{"POST", "/v2/tasks", taskBody("file:///etc/passwd"), "does not pass filtering"},
		{"POST", "/v2/tasks", taskBody("http://mirror.example:22/"), "does not pass filtering"},
		{"GET", "/v2/tasks?limit=x", "", "limit param must be an integer"},
		{"GET", "/v2/tasks?marker=x", "", "Invalid marker format"},
		{"GET", "/v2/tasks?marker=" + wire.NewUUID(), "", "Task not found"},
		{"GET", "/v2/tasks?sort_dir=up", "", "Invalid sort direction: up"},
		{"GET", "/v2/tasks?sort_key=magic", "", "Invalid sort key: magic"},
		{"GET", "/v2/tasks?status=lost", "", "Invalid status value: lost"},
		{"GET", "/v2/tasks?type=lost", "", "Invalid type value: lost"},
	} {
		t.Run(c.method+" "+c.text, func(t *testing.T) {
			if a := s.in(t).do("admin", c.method, c.path, c.body); a.Status != 400 || !strings.Contains(a.body, c.text) {
				t.Errorf("%s %s: %d %s", c.path, c.body, a.Status, a.body)
			}
		})
	}
	if n := len(s.taskList("")); n != 0 {
		t.Errorf("%d tasks", n)
	}
}
