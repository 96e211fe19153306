// SPDX-License-Identifier: Apache-2.0

//go:build openstack

package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
)

// servicePassword is that of every user that the tests make.
const servicePassword = "asdf"

// passwordRounds is bcrypt's cost at both Keystones, the least there is: these
// tests log in hundreds of times, and bcrypt is not what they compare.
const passwordRounds = 4

// freePort was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port
}

// daemon starts a service that writes into a file in its folder, and ends it
// with the test.
func daemon(t *testing.T, dir, name string, env []string, command ...string) *exec.Cmd {
	t.Helper()
	logPath := filepath.Join(dir, name+".out")
	out, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		endDaemon(cmd)
		if text, err := os.ReadFile(logPath); err == nil && t.Failed() {
			t.Logf("%s printed:\n%s", name, testserver.Tail(string(text), 3000))
		}
	})
	return cmd
}

// endDaemon ends a service and what it forked: they are one process group.
func endDaemon(cmd *exec.Cmd) {
	if cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
	late := time.AfterFunc(10*time.Second, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	_ = cmd.Wait()
	late.Stop()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}

// must runs a command of the set-up.
func must(t *testing.T, command ...string) string {
	t.Helper()
	out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, testserver.Tail(string(out), 3000))
	}
	return string(out)
}

// until asks again and again, for two minutes at most.
func until(t *testing.T, what string, ready func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for tick := time.NewTicker(100 * time.Millisecond); !ready(); {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, ctx.Err())
		}
	}
}

func answers(url string) func() bool {
	return func() bool {
		res, err := http.Get(url)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode < 500
	}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// database is a MariaDB of its own. With SQLite, Keystone's writes end in
// "database is locked".
type database struct{ port int }

func startDatabase(t *testing.T) *database {
	t.Helper()
	dir, me := t.TempDir(), currentUser(t)
	socket, data := filepath.Join(dir, "s"), filepath.Join(dir, "data")
	d := &database{port: freePort(t)}
	must(t, "mariadb-install-db", "--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db",
		"--user="+me, "--datadir="+data)
	daemon(t, dir, "mariadb", nil, "mariadbd", "--no-defaults", "--user="+me, "--datadir="+data, "--socket="+socket,
		"--bind-address=127.0.0.1", fmt.Sprint("--port=", d.port), "--innodb-flush-log-at-trx-commit=0")
	until(t, "MariaDB", func() bool {
		return exec.Command("mariadb", "--no-defaults", "-uroot", "-S", socket, "-e", "select 1").Run() == nil
	})
	must(t, "mariadb", "--no-defaults", "-uroot", "-S", socket, "-e", "create database keystone; create database glance; "+
		"create user os@'127.0.0.1' identified by 'asdf'; create user os@localhost identified by 'asdf'; "+
		"grant all on *.* to os@'127.0.0.1'; grant all on *.* to os@localhost")
	return d
}

func (d *database) url(name string) string {
	return fmt.Sprintf("mysql+pymysql://os:asdf@127.0.0.1:%d/%s", d.port, name)
}

func currentUser(t *testing.T) string {
	t.Helper()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return me.Username
}

// manage runs keystone-manage or glance-manage, which end with a harmless
// traceback of their threads.
func manage(t *testing.T, service, config string, args ...string) {
	t.Helper()
	code := "from " + service + ".cmd.manage import main; main()"
	must(t, append([]string{debianPython, "-c", code, "--config-file", config}, args...)...)
}

// startKeystone starts Debian's Keystone in two processes, as devstack does,
// with a cache in memcached, and gives its address.
func startKeystone(t *testing.T, db *database) string {
	t.Helper()
	dir := t.TempDir()
	port, cachePort := freePort(t), freePort(t)
	url := fmt.Sprintf("http://127.0.0.1:%d/identity", port)
	daemon(t, dir, "memcached", nil, "memcached", "-u", currentUser(t), "-l", "127.0.0.1", "-p", fmt.Sprint(cachePort), "-m", "64")
	for _, name := range []string{"fernet", "cred"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	config := writeFile(t, filepath.Join(dir, "keystone.conf"), strings.Join([]string{
		"[DEFAULT]", "log_file = " + dir + "/keystone.log",
		"[database]", "connection = " + db.url("keystone"),
		"[identity]", fmt.Sprint("password_hash_rounds = ", passwordRounds),
		"[token]", "provider = fernet", "expiration = 10800",
		"[fernet_tokens]", "key_repository = " + dir + "/fernet",
		"[credential]", "key_repository = " + dir + "/cred",
		"[cache]", "enabled = true", "backend = dogpile.cache.memcached", fmt.Sprint("memcache_servers = 127.0.0.1:", cachePort), "",
	}, "\n"))
	manage(t, "keystone", config, "db_sync")
	me := currentUser(t)
	group, err := user.LookupGroupId(fmt.Sprint(os.Getgid()))
	if err != nil {
		t.Fatal(err)
	}
	for _, repository := range []string{"fernet_setup", "credential_setup"} {
		manage(t, "keystone", config, repository, "--keystone-user", me, "--keystone-group", group.Name)
	}
	manage(t, "keystone", config, "bootstrap", "--bootstrap-password", servicePassword, "--bootstrap-region-id", "RegionOne",
		"--bootstrap-public-url", url, "--bootstrap-internal-url", url, "--bootstrap-admin-url", url)
	wsgi := writeFile(t, filepath.Join(dir, "keystone.wsgi"),
		"from keystone.server import wsgi\napplication = wsgi.initialize_public_application()\n")
	daemon(t, dir, "keystone", []string{"OS_KEYSTONE_CONFIG_FILES=" + config}, "uwsgi", "--plugin", "python3",
		"--http-socket", fmt.Sprint("127.0.0.1:", port), "--master", "--die-on-term", "--processes", "2", "--lazy-apps",
		"--mount", "/identity="+wsgi, "--manage-script-name", "--buffer-size", "65535",
		// It closes connections anyhow; unsaid, clients meet a reset.
		"--add-header", "Connection: close", "--logto", filepath.Join(dir, "uwsgi.log"))
	until(t, "Keystone", answers(url+"/v3"))
	return url
}

// imageService is Debian's glance-api.
type imageService struct {
	cmd *exec.Cmd
	dir string
	url string
}

// storeOf are the lines of glance-api's Swift store: single-tenant in the account
// of the project "service", where images over 10 MB are in segments of 5 MB.
func storeOf(dir string, multiTenant bool) []string {
	if multiTenant {
		return []string{"swift_store_multi_tenant = True", "swift_store_create_container_on_put = True"}
	}
	return []string{"swift_store_create_container_on_put = True", "swift_store_config_file = " + dir + "/swift.conf",
		"default_swift_reference = ref1", "swift_store_large_object_size = 10", "swift_store_large_object_chunk_size = 5"}
}

// startGlance starts a glance-api on the port; more are further sections of its
// configuration.
func startGlance(t *testing.T, db *database, keystoneURL string, port int, multiTenant bool, more ...string) *imageService {
	t.Helper()
	g := &imageService{dir: t.TempDir(), url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	dir := g.dir
	if err := os.Mkdir(filepath.Join(dir, "staging"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "swift.conf"), strings.Join([]string{"[ref1]", "user = service:glance-swift", "key = " + servicePassword,
		"auth_address = " + keystoneURL + "/v3", "auth_version = 3", "user_domain_id = default", "project_domain_id = default", ""}, "\n"))
	config := writeFile(t, filepath.Join(dir, "glance-api.conf"), strings.Join(append([]string{
		"[DEFAULT]", "bind_host = 127.0.0.1", fmt.Sprint("bind_port = ", port), "workers = 0",
		"log_file = " + dir + "/glance.log", "node_staging_uri = file://" + dir + "/staging", "enforce_secure_rbac = False",
		"[oslo_policy]", "enforce_new_defaults = False", "enforce_scope = False",
		"[database]", "connection = " + db.url("glance"),
		"[keystone_authtoken]", "www_authenticate_uri = " + keystoneURL, "auth_url = " + keystoneURL, "interface = public",
		"auth_type = password", "username = glance", "password = " + servicePassword, "project_name = service",
		"user_domain_name = Default", "project_domain_name = Default",
		"[paste_deploy]", "flavor = keystone", "config_file = /usr/share/glance-common/glance-api-paste.ini",
		"[glance_store]", "stores = file,http,swift", "default_store = swift", "filesystem_store_datadir = " + dir + "/staging",
	}, append(append(storeOf(dir, multiTenant), more...), "")...), "\n"))
	manage(t, "glance", config, "db_sync")
	g.cmd = daemon(t, dir, "glance-api", nil, debianPython, "-c", "from glance.cmd.api import main; main()", "--config-file", config)
	t.Cleanup(func() {
		if text, err := os.ReadFile(filepath.Join(dir, "glance.log")); err == nil && t.Failed() {
			t.Logf("glance-api logged:\n%s", testserver.Tail(string(text), 6000))
		}
	})
	until(t, "glance-api", answers(g.url+"/versions"))
	return g
}

// login gives a token and the id of its project.
func login(t *testing.T, keystoneURL, name, project string) (token, projectID string) {
	t.Helper()
	password := servicePassword
	ask := fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": %q, "domain": {"id": "default"}, `+
		`"password": %q}}}, "scope": {"project": {"name": %q, "domain": {"id": "default"}}}}}`, name, password, project)
	res, body := testserver.Answer(t, "POST", keystoneURL+"/v3/auth/tokens", ask, "Content-Type", "application/json")
	var answer struct {
		Token struct{ Project struct{ ID string } }
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || res.StatusCode != 201 {
		t.Fatalf("login of %s: %d %s %v", name, res.StatusCode, body, err)
	}
	return res.Header.Get("X-Subject-Token"), answer.Token.Project.ID
}
