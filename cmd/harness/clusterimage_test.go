// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/cmd/harness/swiftcluster"
	"needletail/cmd/harness/testserver"
)

const (
	imageBytes     = 1_000_000_000
	imageDiskBytes = 6 << 30 // for three copies
	imageAddr      = "127.0.0.1:8091"
	secondAddr     = "127.0.0.1:8092"
	startPatience  = time.Minute
)

// imageScript has the real client bring an image into the cluster, and take the
// image out of it.
const imageScript = `set -e
. "$1/openrc"
head -c "$2" /dev/urandom >"$1/image"
time openstack image create --disk-format raw --container-format bare --file "$1/image" big
openstack image save --file "$1/again" big
cmp "$1/image" "$1/again"
test "$(openstack image show big -f value -c status)" = active
test "$(openstack image show big -f value -c checksum)" = "$(md5sum <"$1/image" | cut -d' ' -f1)"
openstack image delete big
test -z "$(openstack image list -f value)"
`

// TestClusterImage runs three needletails beside Swift's proxy. Two are proxies that
// share tokens with Swift's, and the third is Keystone, Glance and proxy at once.
func TestClusterImage(t *testing.T) {
	size := imageBytes
	if text := os.Getenv("NEEDLETAIL_CLUSTER_IMAGE_BYTES"); text != "" {
		var err error
		size, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	binary, err := testserver.Build()
	require.NoError(t, err)
	dir := t.TempDir()
	c, err := swiftcluster.Start(t.Context(), swiftcluster.Options{Dir: filepath.Join(dir, "c"), LogLevel: "WARNING", DiskBytes: imageDiskBytes})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Stop()) })
	proxies := []string{swiftcluster.ProxyAddr, swiftcluster.NeedletailAddr, secondAddr}
	for _, addr := range proxies[1:] {
		serveInside(t, c, binary, addr, swiftcluster.NeedletailConfig(addr, ""))
	}
	for _, from := range proxies {
		client, err := c.Login(t.Context(), from, "test:tester", "testing")
		require.NoError(t, err)
		for _, to := range proxies {
			a, err := client.Do(t.Context(), to, "HEAD", "/v1/AUTH_test", nil)
			require.NoError(t, err)
			require.Equal(t, 2, a.Status/100, "a token of %s at %s: %d", from, to, a.Status)
		}
	}
	data := filepath.Join(dir, "identity")
	serveInside(t, c, binary, imageAddr, fmt.Sprintf("listen = %q\ndata = %q\n[cluster]\nswift_dir = \"/etc/swift\"\nbuiltin_keystone = true\n", imageAddr, data))
	out, err := c.Command(t.Context(), "bash", "-c", imageScript, "image", data, strconv.Itoa(size)).CombinedOutput()
	t.Logf("%s", out)
	require.NoError(t, err)
}

// serveInside runs a needletail inside the cluster until the end of the test, and
// returns when the server is ready.
func serveInside(t *testing.T, c *swiftcluster.Cluster, binary, addr, config string) {
	name := strings.ReplaceAll(addr, ":", "-")
	require.NoError(t, os.WriteFile(filepath.Join(c.Dir, "etc", name+".toml"), []byte(config), 0o600))
	cmd := c.Command(context.WithoutCancel(t.Context()), binary, "serve", "--config", "/etc/swift/"+name+".toml")
	log, err := os.Create(filepath.Join(c.Dir, "log", name+".out"))
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = log, log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)) // with the server behind nsenter
		_ = cmd.Wait()                                                      // nsenter ends by the signal
		require.NoError(t, log.Close())
	})
	client := http.Client{Transport: &http.Transport{DialContext: c.Dial, DisableKeepAlives: true}}
	require.Eventually(t, func() bool {
		res, err := client.Get("http://" + addr + "/healthcheck/ready")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	}, startPatience, 50*time.Millisecond, "no answer at %s", addr)
}
