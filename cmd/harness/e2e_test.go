// SPDX-License-Identifier: Apache-2.0

//go:build e2e || openstack

package harness

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

// site is a running server and the environment that its openrc sets.
type site struct {
	*testserver.Process
	env []string
}

func startSite(t *testing.T, args ...string) *site {
	t.Helper()
	s := &site{Process: testserver.Start(t, filepath.Join(t.TempDir(), "data"), args...)}
	out, err := exec.Command("sh", "-c", `. "$1/openrc" && env`, "sh", s.Data).Output()
	if err != nil {
		t.Fatal(err)
	}
	s.env = strings.Split(strings.TrimSpace(string(out)), "\n")
	return s
}

// run runs a client and gives what it printed on standard output.
func (s *site) run(t *testing.T, dir string, command ...string) string {
	t.Helper()
	out, err := s.try(t, dir, command...)
	if err != nil {
		t.Fatalf("%s: %v", strings.Join(command, " "), err)
	}
	return out
}

func (s *site) try(t *testing.T, dir string, command ...string) (string, error) {
	t.Helper()
	start := time.Now()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Dir = s.env, dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	t.Logf("%6.2fs  %.150s", time.Since(start).Seconds(), strings.Join(command, " "))
	if err != nil {
		t.Logf("%v\n%s%s", err, stdout.String(), stderr.String())
	}
	return stdout.String(), err
}

// showJSON runs an `openstack … -f json` command.
func (s *site) showJSON(t *testing.T, command ...string) map[string]any {
	t.Helper()
	out := s.run(t, "", append(command, "-f", "json")...)
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return v
}

// swiftAuth gives the storage URL and a token, as `swift auth` prints them.
func (s *site) swiftAuth(t *testing.T) (storageURL, token string) {
	t.Helper()
	for line := range strings.Lines(s.run(t, "", "swift", "auth")) {
		name, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(line, "export ")), "=")
		switch name {
		case "OS_STORAGE_URL":
			storageURL = value
		case "OS_AUTH_TOKEN":
			token = value
		}
	}
	return storageURL, token
}

// dataFiles counts the large bodies on the disk.
func (s *site) dataFiles(t *testing.T) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(filepath.Join(s.Data, "data"), func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// randomFile makes a file that nothing can compress.
func randomFile(t *testing.T, path string, sizeBytes int64) {
	t.Helper()
	src, err := os.Open("/dev/urandom")
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	dst, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(dst, src, sizeBytes); err != nil {
		t.Fatal(err)
	}
	if err := dst.Close(); err != nil {
		t.Fatal(err)
	}
}

func fileMD5(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := md5.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sameFiles(t *testing.T, a, b string) {
	t.Helper()
	if x, y := fileMD5(t, a), fileMD5(t, b); x != y {
		t.Errorf("%s and %s differ: %s, %s", a, b, x, y)
	}
}

func TestE2EOpenStackImage(t *testing.T) {
	s := startSite(t)
	f := func(name string, sizeBytes int64) {
		t.Helper()
		dir := t.TempDir()
		raw, qcow2 := filepath.Join(dir, "raw"), filepath.Join(dir, name+".qcow2")
		randomFile(t, raw, sizeBytes)
		s.run(t, dir, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, qcow2)
		if err := os.Remove(raw); err != nil {
			t.Fatal(err)
		}
		s.run(t, dir, "openstack", "image", "create", "--disk-format", "qcow2", "--container-format", "bare",
			"--public", "--file", qcow2, name)
		if out := s.run(t, dir, "openstack", "image", "list", "-f", "value", "-c", "Name", "-c", "Status"); !strings.Contains(out, name+" active") {
			t.Errorf("image list printed %q", out)
		}
		image := s.showJSON(t, "openstack", "image", "show", name)
		info, err := os.Stat(qcow2)
		if err != nil {
			t.Fatal(err)
		}
		if image["checksum"] != fileMD5(t, qcow2) || image["size"] != float64(info.Size()) || image["status"] != "active" {
			t.Errorf("image show: checksum %v size %v status %v", image["checksum"], image["size"], image["status"])
		}
		saved := filepath.Join(dir, "saved")
		s.run(t, dir, "openstack", "image", "save", "--file", saved, name)
		sameFiles(t, qcow2, saved)
		s.run(t, dir, "openstack", "image", "set", "--property", "os_distro=debian", "--tag", "e2e", name)
		image = s.showJSON(t, "openstack", "image", "show", name)
		if props, _ := image["properties"].(map[string]any); props["os_distro"] != "debian" {
			t.Errorf("after set, properties are %v", image["properties"])
		}
		s.run(t, dir, "openstack", "image", "delete", name)
		if _, err := s.try(t, dir, "openstack", "image", "show", name); err == nil {
			t.Error("the image is still there after delete")
		}
	}
	f("small", 20<<20)
	f("large", 1<<30)
	s.Stop()
	if n := s.dataFiles(t); n != 0 {
		t.Errorf("%d data files are left after the images were deleted", n)
	}
}

func TestE2EGlanceClient(t *testing.T) {
	s := startSite(t)
	dir := t.TempDir()
	raw, saved := filepath.Join(dir, "raw"), filepath.Join(dir, "saved")
	randomFile(t, raw, 20<<20)
	// glanceclient uploads chunked: the length is not known beforehand.
	out := s.run(t, dir, "glance", "image-create", "--name", "chunked", "--disk-format", "raw",
		"--container-format", "bare", "--file", raw)
	id := tableValue(out, "id")
	if tableValue(out, "status") != "active" || tableValue(out, "checksum") != fileMD5(t, raw) {
		t.Errorf("image-create printed\n%s", out)
	}
	s.run(t, dir, "glance", "image-download", "--file", saved, id)
	sameFiles(t, raw, saved)
	s.run(t, dir, "glance", "image-update", "--property", "k=v", id)
	if out := s.run(t, dir, "glance", "image-list"); !strings.Contains(out, id) {
		t.Errorf("image-list printed\n%s", out)
	}
	s.run(t, dir, "glance", "image-delete", id)
	s.Stop()
}

// runAtTerminal runs a command that would take a standard input that is no
// terminal for the data of an image.
func (s *site) runAtTerminal(t *testing.T, dir string, command ...string) string {
	t.Helper()
	return s.run(t, dir, "script", "-qec", strings.Join(command, " "), "/dev/null")
}

func TestE2EImportAndMetadefs(t *testing.T) {
	dir := t.TempDir()
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(web.URL, "http://"), ":")
	s := startSite(t, "--config", testserver.WriteConfig(t, "[glance.import_filtering_opts]\nallowed_ports = ["+port+"]\nallowed_networks = [\"127.0.0.0/8\"]\n"))
	raw, saved := filepath.Join(dir, "raw"), filepath.Join(dir, "saved")
	randomFile(t, raw, 3<<20)
	create := []string{"glance", "image-create-via-import", "--disk-format", "raw", "--container-format", "bare"}
	for _, how := range [][]string{{"--file", raw}, {"--import-method", "web-download", "--uri", web.URL + "/raw"}} {
		id := tableValue(s.runAtTerminal(t, dir, append(create, how...)...), "id")
		for s.showJSON(t, "openstack", "image", "show", id)["status"] == "importing" {
			continue
		}
		s.run(t, dir, "glance", "image-download", "--file", saved, id)
		sameFiles(t, raw, saved)
	}
	id := tableValue(s.runAtTerminal(t, dir, create[0], "image-create", "--disk-format", "raw", "--container-format", "bare"), "id")
	s.runAtTerminal(t, dir, "glance", "image-stage", "--file", raw, id)
	s.run(t, dir, "glance", "image-import", "--import-method", "glance-direct", id)
	if out := s.run(t, dir, "glance", "image-tasks", id); !strings.Contains(out, "success") {
		t.Errorf("image-tasks printed\n%s", out)
	}
	out := s.run(t, dir, "glance", "task-list")
	if strings.Count(out, "success") != 3 {
		t.Errorf("task-list printed\n%s", out)
	}
	for _, line := range []string{
		"md-namespace-create N --display-name d --visibility public", "md-namespace-list", "md-namespace-update N --display-name e",
		`md-property-create N --name p --title P --schema {"type":"string"}`, "md-property-show N p",
		`md-object-create N --name o --schema {"description":"d"}`, "md-object-show N o", "md-tag-create N --name t", "md-tag-show N t",
		"md-resource-type-associate N --name OS::Glance::Image", "md-namespace-show N", "md-namespace-delete N", "usage", "import-info",
	} {
		s.run(t, dir, append([]string{"glance"}, strings.Fields(line)...)...)
	}
	s.Stop()
}

// tableValue finds a row of a client's "| key | value |" table.
func tableValue(table, key string) string {
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) >= 3 && strings.TrimSpace(cells[1]) == key {
			return strings.TrimSpace(cells[2])
		}
	}
	return ""
}

func TestE2EIdentity(t *testing.T) {
	s := startSite(t)
	f := func(args ...string) string {
		t.Helper()
		return s.run(t, "", append([]string{"openstack"}, args...)...)
	}
	f("token", "issue")
	if out := f("catalog", "list", "-f", "value", "-c", "Type"); !strings.Contains(out, "object-store") {
		t.Errorf("catalog list printed %q", out)
	}
	f("project", "create", "--description", "d", "p1")
	f("user", "create", "--password", "secret-one", "--project", "p1", "u1")
	f("role", "create", "r1")
	f("role", "add", "--user", "u1", "--project", "p1", "member")
	f("role", "add", "--user", "u1", "--project", "p1", "r1")
	f("service", "create", "--name", "n1", "t1")
	f("endpoint", "create", "--region", "RegionOne", "t1", "public", "http://127.0.0.1:1/$(project_id)s")
	for kind, want := range map[string]string{"user": "u1", "project": "p1", "role": "r1", "service": "n1", "endpoint": "t1"} {
		if out := f(kind, "list", "-f", "value"); !strings.Contains(out, want) {
			t.Errorf("%s list printed %q without %s", kind, out, want)
		}
	}
	for kind, name := range map[string]string{"user": "u1", "project": "p1", "role": "r1", "service": "n1"} {
		if got := s.showJSON(t, "openstack", kind, "show", name)["name"]; got != name {
			t.Errorf("%s show printed the name %v", kind, got)
		}
	}
	f("role", "assignment", "list", "--user", "u1", "--names")
	endpoint := strings.TrimSpace(f("endpoint", "list", "--service", "t1", "-f", "value", "-c", "ID"))
	f("endpoint", "show", endpoint)

	asUser := &site{Process: s.Process, env: append(slices.Clone(s.env), "OS_USERNAME=u1", "OS_PASSWORD=secret-one", "OS_PROJECT_NAME=p1")}
	asUser.run(t, "", "openstack", "container", "create", "mine")
	if _, err := asUser.try(t, "", "openstack", "user", "list"); err == nil {
		t.Error("a member may list users")
	}
	f("user", "set", "--disable", "u1")
	if _, err := asUser.try(t, "", "openstack", "token", "issue"); err == nil {
		t.Error("a disabled user can log in")
	}
	for _, args := range [][]string{{"endpoint", "delete", endpoint}, {"service", "delete", "n1"}, {"role", "delete", "r1"}, {"user", "delete", "u1"}, {"project", "delete", "p1"}} {
		f(args...)
	}
	s.Stop()
}

func TestE2ESwiftClient(t *testing.T) {
	s := startSite(t)
	dir := t.TempDir()
	names := []string{"a", "a/b", "a//b", "grüße/日本語 \U0001F600.txt", "with spaces/and more", "tab and %41 percent"}
	for i, name := range names {
		local := filepath.Join(dir, "f")
		randomFile(t, local, int64(1000+i))
		s.run(t, dir, "swift", "upload", "--object-name", name, "c", local)
		s.run(t, dir, "swift", "stat", "c", name)
		s.run(t, dir, "swift", "download", "-o", "back", "c", name)
		sameFiles(t, local, filepath.Join(dir, "back"))
	}
	listed := strings.Split(strings.TrimSpace(s.run(t, dir, "swift", "list", "c")), "\n")
	want := slices.Sorted(slices.Values(names))
	if !slices.Equal(listed, want) {
		t.Errorf("swift list printed %q, want %q", listed, want)
	}

	s.namesWithDots(t, filepath.Join(dir, "f"))

	tree := filepath.Join(dir, "tree")
	for _, name := range []string{"one", "sub/two", "sub/ümläut and space"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		randomFile(t, filepath.Join(tree, name), 100_000)
	}
	s.run(t, dir, "swift", "upload", "folder", "tree")
	back := t.TempDir()
	s.run(t, back, "swift", "download", "folder")
	s.run(t, dir, "diff", "-r", tree, filepath.Join(back, "tree"))

	big := filepath.Join(dir, "big")
	randomFile(t, big, 1<<30)
	s.run(t, dir, "swift", "upload", "big", "big")
	if out := s.run(t, dir, "swift", "stat", "big", "big"); !strings.Contains(out, fileMD5(t, big)) {
		t.Errorf("swift stat printed no MD5 of the file:\n%s", out)
	}
	s.run(t, dir, "swift", "download", "-o", "big.back", "big", "big")
	sameFiles(t, big, filepath.Join(dir, "big.back"))
	for _, c := range []string{"c", "folder", "big"} {
		s.run(t, dir, "swift", "delete", c)
	}
	if out := s.run(t, dir, "swift", "stat"); !strings.Contains(out, "Containers: 0") || !strings.Contains(out, "Bytes: 0") {
		t.Errorf("after deleting all, swift stat printed\n%s", out)
	}
	s.Stop()
	if n := s.dataFiles(t); n != 0 {
		t.Errorf("%d data files are left", n)
	}
}

// namesWithDots uses curl, which leaves dots in a path alone if told to:
// python-requests resolves them before it sends the path.
func (s *site) namesWithDots(t *testing.T, file string) {
	t.Helper()
	storageURL, token := s.swiftAuth(t)
	curl := func(args ...string) string {
		t.Helper()
		return s.run(t, "", append([]string{"curl", "-sSf", "--path-as-is", "-H", "X-Auth-Token: " + token}, args...)...)
	}
	curl("-X", "PUT", storageURL+"/dots")
	names := []string{"dots/../kept", "dots/./kept", "kept"}
	for _, name := range names {
		curl("-T", file, storageURL+"/dots/"+name)
	}
	if got := strings.Fields(curl(storageURL + "/dots")); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
		t.Errorf("the container lists %q, want %q", got, names)
	}
	for _, name := range names {
		curl("-X", "DELETE", storageURL+"/dots/"+name)
	}
	curl("-X", "DELETE", storageURL+"/dots")
}

func TestE2ERclone(t *testing.T) {
	s := startSite(t)
	dir := t.TempDir()
	s.env = append(s.env, "RCLONE_CONFIG="+filepath.Join(dir, "rclone.conf"), "RCLONE_CONFIG_NT_TYPE=swift", "RCLONE_CONFIG_NT_ENV_AUTH=true")
	tree, back := filepath.Join(dir, "tree"), filepath.Join(dir, "back")
	for i, name := range []string{"x", "d/y", "d/e/z z", "d/日本", "empty"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(tree, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		randomFile(t, filepath.Join(tree, name), []int64{1, 70_000, 5 << 20, 64 << 20, 0}[i])
	}
	s.run(t, dir, "rclone", "copy", tree, "NT:rclone")
	s.run(t, dir, "rclone", "check", tree, "NT:rclone")
	s.run(t, dir, "rclone", "copy", "NT:rclone", back)
	s.run(t, dir, "rclone", "check", "NT:rclone", back)
	s.run(t, dir, "diff", "-r", tree, back)
	s.run(t, dir, "rclone", "purge", "NT:rclone")
	s.Stop()
}
