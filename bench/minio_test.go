// SPDX-License-Identifier: Apache-2.0

//go:build compare

package bench

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// minioPolicy lets everybody use the bucket's objects: no request of the load is
// signed, and MinIO has no signature to check.
const minioPolicy = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]},
  "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], "Resource": ["arn:aws:s3:::bench/*"]}]}`

// startMinIO runs a binary of MinIO over one folder, with its defaults.
func startMinIO(b *testing.B, binary string) *server {
	b.Helper()
	dir := filepath.Join(benchDir(b), "data")
	addr := fmt.Sprintf("127.0.0.1:%d", freePorts(b, 1)[0])
	for name, value := range map[string]string{
		"MINIO_ROOT_USER": "bench", "MINIO_ROOT_PASSWORD": benchKey, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off",
	} {
		b.Setenv(name, value)
	}
	root := startPeer(b, binary, "server", "--quiet", "--address", addr, dir)
	awaitHTTP(b, "http://"+addr+"/minio/health/live")
	asRoot(b, "http://"+addr+"/bench", "")
	asRoot(b, "http://"+addr+"/bench?policy=", minioPolicy)
	return &server{addr: addr, pathPrefix: "/bench/", dir: dir, Group: Group{[]int{root}}}
}

// asRoot sends a PUT that is signed by MinIO's root user.
func asRoot(b *testing.B, url, body string) {
	b.Helper()
	cmd := exec.Command("curl", "--silent", "--show-error", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3",
		"--user", "bench:"+benchKey, "--request", "PUT", "--header", "Content-Type: application/json",
		"--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--data", body, url)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("PUT %s: %v\n%s", url, err, out)
	}
}
