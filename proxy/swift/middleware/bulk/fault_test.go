// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/web"
)

// What is said of an archive that is cut off somewhere, or damaged.
func TestFaults(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"c/a", "c/b"} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: name, Size: 3, Mode: 0o600}))
		_, err := w.Write([]byte("abc"))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	read := func(kind string, body []byte) string {
		a, err := openArchive(bytes.NewReader(body), formats[kind], &budget{ctx: t.Context()})
		for err == nil {
			_, err = a.next()
		}
		if errors.Is(err, io.EOF) && !errors.As(err, new(*web.StatusError)) {
			return "whole"
		}
		var status *web.StatusError
		require.ErrorAs(t, err, &status)
		return status.Body
	}
	const invalid, end = "Invalid Tar File: ", "unexpected end of data"
	for n, want := range map[int]string{
		0: invalid + "empty file", 1: invalid + "truncated header", 511: invalid + "truncated header", 512: invalid + end, 514: invalid + end,
		515: invalid + end, 1023: invalid + end, 1024: "whole", 1025: invalid + end, 2047: invalid + end, 2048: "whole", 2560: "whole", 3072: "whole",
	} {
		require.Equal(t, want, read("tar", b.Bytes()[:n]), "%d bytes", n)
	}
	damaged := bytes.Clone(b.Bytes())
	damaged[0] ^= 1
	require.Equal(t, invalid+"bad checksum", read("tar", damaged))
	damaged[150] = 'x'
	require.Equal(t, invalid+"invalid header", read("tar", damaged))
	require.Equal(t, invalid+"not a gzip file", read("tar.gz", nil))
	require.Equal(t, invalid+"empty file", read("tar.gz", []byte("\x1f\x8b\x08\x00")))
	require.Equal(t, invalid+"not a gzip file", read("tar.gz", b.Bytes()))
	require.Equal(t, invalid+"invalid compressed data", read("tar.bz2", b.Bytes()))
}
