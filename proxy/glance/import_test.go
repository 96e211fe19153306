// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"needletail/objstore"
	"needletail/proxy/glance/recordbook"
	"needletail/proxy/glance/tasks"
	"needletail/proxy/glance/webdownload"
)

func (s *site) stage(user, id, data string) answer {
	s.t.Helper()
	return s.do(user, "PUT", "/v2/images/"+id+"/stage", data, "Content-Type", octetStream)
}

func (s *site) importBy(user, id, method, uri string) answer {
	s.t.Helper()
	return s.do(user, "POST", "/v2/images/"+id+"/import", fmt.Sprintf(`{"method": {"name": %q, "uri": %q}}`, method, uri))
}

// lastTask is status and message of the newest task of an image.
func (s *site) lastTask(id string) (status, message string) {
	s.t.Helper()
	var list struct {
		Tasks []struct {
			Status, Message string
			ImageID         string `json:"image_id"`
		}
	}
	body := s.want(200, "alice", "GET", "/v2/images/"+id+"/tasks", "").body
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Tasks) == 0 {
		s.t.Fatalf("tasks %s: %v", body, err)
	}
	last := list.Tasks[len(list.Tasks)-1]
	if last.ImageID != id {
		s.t.Errorf("a task of image %s", last.ImageID)
	}
	return last.Status, last.Message
}

func TestStageAndImport(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	s.want(204, "alice", "PUT", "/v2/images/"+id+"/stage", "staged data", "Content-Type", octetStream)
	if s.status(id) != statusUploading || s.data() != 1 {
		t.Errorf("%s, %d objects", s.status(id), s.data())
	}
	s.restart()
	s.want(204, "alice", "GET", "/v2/images/"+id+"/file", "") // no data yet
	if a := s.stage("alice", id, "again"); a.Status != 409 || !strings.Contains(a.body, "from uploading to uploading") {
		t.Errorf("staged twice: %d %s", a.Status, a.body)
	}
	if a := s.upload("alice", id, "data"); a.Status != 409 {
		t.Errorf("uploaded beside: %d", a.Status)
	}
	if a := s.importBy("bob", id, methodDirect, ""); a.Status != 404 {
		t.Errorf("a stranger's import: %d", a.Status)
	}
	if a := s.importBy("alice", id, methodDirect, ""); a.Status != 202 || a.body != "" {
		t.Errorf("import: %d %s", a.Status, a.body)
	}
	a := s.want(200, "alice", "GET", "/v2/images/"+id+"/file", "")
	if a.body != "staged data" || s.data() != 1 {
		t.Errorf("%q, %d objects", a.body, s.data())
	}
	if status, message := s.lastTask(id); status != tasks.Success || message != "" {
		t.Errorf("task: %s %s", status, message)
	}
	shown := s.want(200, "alice", "GET", "/v2/images/"+id, "").body
	if !strings.Contains(shown, `"virtual_size": 11`) || !strings.Contains(shown, `"os_hash_value": "`) {
		t.Error(shown)
	}
}

func TestImportIsChecked(t *testing.T) {
	s := newSite(t)
	queued, active := s.create("alice", ""), s.create("alice", "")
	s.upload("alice", active, "data")
	bare := s.want(201, "alice", "POST", "/v2/images", "{}").object(t)["id"].(string)
	s.want(204, "alice", "PUT", "/v2/images/"+bare+"/stage", "data", "Content-Type", octetStream)
	const uri = "http://mirror.example/image"
	f := func(user, id, body string, status int, text string) {
		t.Helper()
		a := s.do(user, "POST", "/v2/images/"+id+"/import", body)
		if a.Status != status || !strings.Contains(a.body, text) {
			t.Errorf("%s: %d %s, want %d %s", body, a.Status, a.body, status, text)
		}
	}
	by := func(method string) string { return `{"method": {"name": "` + method + `", "uri": "` + uri + `"}}` }
	f("alice", queued, `{}`, 400, "Import request requires a 'method' field.")
	f("alice", queued, `{"method": {}}`, 400, "Import request requires a 'name' field.")
	f("alice", queued, by("magic"), 400, "Unknown import method name 'magic'.")
	f("alice", queued, by(methodDirect), 409, "Image needs to be staged before 'glance-direct' method can be used")
	f("alice", active, by(methodDirect), 409, "Image with status active cannot be target for import")
	f("alice", active, by(methodDownload), 409, "Image with status active cannot be target for import")
	f("alice", bare, by(methodDownload), 409, "Image needs to be in 'queued' state to use 'web-download' method")
	f("alice", bare, by(methodDirect), 409, "'container_format' needs to be set before import")
	f("alice", queued, by(methodCopy), 409, "Only images with status active can be targeted for copying")
	f("alice", active, by(methodCopy), 403, "copy_image")
	f("admin", active, by(methodCopy), 400, "already present")
	f("alice", queued, `{"method": {"name": "web-download"}, "all_stores": 1}`, 400, "'all_stores' must be boolean value only")
	f("alice", queued, `{"method": {"name": "web-download"}, "all_stores_must_succeed": false}`, 400, "enabled_backends")
	for _, bad := range []string{"file:///etc/passwd", "http://mirror.example:22/", "", "http://user@mirror.example/"} {
		f("alice", queued, `{"method": {"name": "web-download", "uri": "`+bad+`"}}`, 400, "URI for web-download does not pass filtering: "+bad)
	}
	if s.status(queued) != statusQueued {
		t.Error(s.status(queued))
	}
}

func TestImportRefusesUnsafeData(t *testing.T) {
	s := newSite(t)
	id := s.create("alice", "")
	s.stage("alice", id, qcow2Data(512))
	if a := s.importBy("alice", id, methodDirect, ""); a.Status != 202 {
		t.Errorf("import: %d %s", a.Status, a.body)
	}
	if status, message := s.lastTask(id); status != tasks.Failure || message != "Image failed safety checks" {
		t.Errorf("task: %s %s", status, message)
	}
	if s.status(id) != statusQueued || s.data() != 0 {
		t.Errorf("%s, %d objects", s.status(id), s.data())
	}
}

// newDownloadSite lets imports reach a server on loopback.
func newDownloadSite(t *testing.T, h http.Handler) (*site, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	filter := webdownload.DefaultFilter()
	filter.AllowedPorts = []int{port}
	filter.AllowedNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	s := newSite(t)
	s.fetcher = webdownload.New(filter)
	s.restart()
	return s, server
}

// settle waits for all downloads.
func (s *site) settle() { s.h.(*service).downloads.all.Wait() }

func TestWebDownload(t *testing.T) {
	data := strings.Repeat("downloaded ", 10_000)
	s, server := newDownloadSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/image":
			io.WriteString(w, data)
		case "/qcow2":
			io.WriteString(w, qcow2Data(512))
		case "/short":
			w.Header().Set("Content-Length", "100000")
			io.WriteString(w, data[:50_000])
		default:
			http.NotFound(w, r)
		}
	}))
	f := func(path, status, taskStatus, text string) {
		t.Helper()
		id := s.create("alice", "")
		if a := s.importBy("alice", id, methodDownload, server.URL+path); a.Status != 202 {
			t.Fatalf("%s: %d %s", path, a.Status, a.body)
		}
		s.settle()
		got, message := s.lastTask(id)
		if s.status(id) != status || got != taskStatus || !strings.Contains(message, text) {
			t.Errorf("%s: image %s, task %s %q", path, s.status(id), got, message)
		}
		if status == statusActive {
			if a := s.want(200, "alice", "GET", "/v2/images/"+id+"/file", ""); a.body != data {
				t.Errorf("%s: other data", path)
			}
		}
		s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
		if s.data() != 0 {
			t.Errorf("%s: %d objects are left", path, s.data())
		}
	}
	f("/image", statusActive, tasks.Success, "")
	f("/absent", statusQueued, tasks.Failure, notFetched)
	f("/qcow2", statusQueued, tasks.Failure, "Image failed safety checks")
	f("/short", statusQueued, tasks.Failure, notFetched)
}

// TestDownloadsTellNothing: whoever names a URI learns from the task neither
// whether an address is refused, nor whether a server is there, nor what it
// answers.
func TestDownloadsTellNothing(t *testing.T) {
	s, server := newDownloadSite(t, http.NotFoundHandler())
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ask := func(host string) string {
		t.Helper()
		id := s.create("alice", "")
		if a := s.importBy("alice", id, methodDownload, "http://"+host+":"+port+"/"); a.Status != 202 {
			t.Fatalf("%s: %d %s", host, a.Status, a.body)
		}
		s.settle()
		status, message := s.lastTask(id)
		if status != tasks.Failure {
			t.Errorf("%s: task %s", host, status)
		}
		return message
	}
	told := map[string]string{
		"answers 404": ask("127.0.0.1"), "is refused": ask("10.1.2.3"), "is refused in IPv6": ask("[fd00::1]"),
		"has no address": ask(strings.Repeat("x", 64)), // is no name: no name server is asked
	}
	server.Close()
	told["listens no more"] = ask("127.0.0.1")
	for host, message := range told {
		if message != notFetched || !strings.Contains(message, "allowed_networks") {
			t.Errorf("a host that %s: %q", host, message)
		}
	}
}

func TestDeleteDuringDownload(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	s, server := newDownloadSite(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 100_000))
		w.(http.Flusher).Flush()
		close(begun)
		<-end
	}))
	id := s.create("alice", "")
	s.importBy("alice", id, methodDownload, server.URL+"/")
	<-begun
	if s.status(id) != statusImporting {
		t.Error(s.status(id))
	}
	s.want(204, "alice", "DELETE", "/v2/images/"+id, "")
	close(end)
	s.settle()
	if s.data() != 0 || s.records() != 0 {
		t.Errorf("%d objects, %d records", s.data(), s.records())
	}
}

// A stop leaves the image queued, at once or, after a crash, at the next start.
func TestStopDuringDownload(t *testing.T) {
	begun := make(chan struct{}, 1)
	s, server := newDownloadSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		begun <- struct{}{}
		<-r.Context().Done()
	}))
	id := s.create("alice", "")
	s.importBy("alice", id, methodDownload, server.URL+"/")
	<-begun
	crashed := copyRecords(t, s.store)
	if err := s.h.(*service).Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.lastTask(id); s.status(id) != statusQueued || status != tasks.Failure {
		t.Errorf("after a stop: image %s, task %s", s.status(id), status)
	}
	for o, body := range crashed {
		if _, err := s.store.PutObject(t.Context(), o, bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))}); err != nil {
			t.Fatal(err)
		}
	}
	s.restart()
	status, message := s.lastTask(id)
	if s.status(id) != statusQueued || status != tasks.Failure || message != tasks.Interrupted {
		t.Errorf("after a crash: image %s, task %s %s", s.status(id), status, message)
	}
}

// copyRecords is what a crash leaves.
func copyRecords(t *testing.T, store objstore.Store) map[objstore.ObjectID][]byte {
	t.Helper()
	out := map[objstore.ObjectID][]byte{}
	for _, name := range []objstore.ContainerName{recordContainer, "tasks"} {
		in := objstore.ContainerID{Account: recordbook.Account, Container: name}
		err := store.ListObjects(t.Context(), in, objstore.ListOptions{Limit: 1000}, func(e *objstore.ObjectEntry) error {
			out[in.Object(objstore.ObjectName(e.Name))] = nil
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for id := range out {
		o, err := store.OpenObject(t.Context(), id, objstore.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if out[id], err = io.ReadAll(o.Range(0, o.Info().SizeBytes)); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestDownloadsAreBounded(t *testing.T) {
	d := newDownloads()
	block, began := make(chan struct{}), make(chan struct{}, downloadsWaitingMax)
	for range downloadsWaitingMax {
		release, ok := d.admit()
		if !ok {
			t.Fatal("not admitted")
		}
		d.run(release, func(context.Context) {
			began <- struct{}{}
			<-block
		})
	}
	for range downloadsMax {
		<-began
	}
	if _, ok := d.admit(); ok || len(began) != 0 {
		t.Errorf("admitted: %v, %d more run", ok, len(began))
	}
	close(block)
	d.close()
	if _, ok := d.admit(); !ok {
		t.Error("no place is free in the end")
	}
}

// TestTasksOfAnImageKeepTheirSource: whoever sees an image sees that it was
// imported; from where, by whom and with what message is for the task's project.
func TestTasksOfAnImageKeepTheirSource(t *testing.T) {
	s, server := newDownloadSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "data") }))
	uri := server.URL + "/image?signature=secret"
	id := s.create("alice", "")
	if a := s.patch("admin", id, patchV21, `[{"op": "replace", "path": "/visibility", "value": "public"}]`); a.Status != 200 {
		t.Fatal(a.body)
	}
	s.want(202, "alice", "POST", "/v2/images/"+id+"/import", `{"method": {"name": "web-download", "uri": "`+uri+`"}}`)
	s.settle()
	for user, shown := range map[string]bool{"alice": true, "rita": true, "admin": true, "bob": false, "carol": false, "system": false} {
		body := s.want(200, user, "GET", "/v2/images/"+id+"/tasks", "").body
		if strings.Contains(body, "signature=secret") != shown || strings.Contains(body, `"user_id": null`) == shown {
			t.Errorf("%s sees %s", user, body)
		}
		if !strings.Contains(body, `"status": "success"`) {
			t.Errorf("%s sees no task: %s", user, body)
		}
	}
}
